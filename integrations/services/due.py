"""Sessions that are due to be asked about: claimed across workspaces, read in each of them.

`monitor` comes after. A claim learns ids alone, from the function of migrations/0003; what
is needed to ask is then read inside each workspace, in one statement for many sessions.
"""

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from accounts import bulk
from accounts.scoping import workspace_transaction
from integrations import gateway, health
from integrations.gateway import CredentialsUnreadable
from integrations.models import Channel, Integration, Session
from integrations.providers import registry
from integrations.providers.base.adapter import Credentials

logger = logging.getLogger("integrations")


@dataclass(slots=True)
class Due:
    """One session that is ours to ask about until the lease ends.

    `slot` names who answers: a slow one delays nobody else. It is the provider, and where
    the workspace runs the gateway itself, its host. `address` is then where on that host.
    """

    session: Session
    integration: Integration | None
    slot: str = ""
    address: str = ""
    is_steady: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_steady = health.is_steady(self.session)

    @property
    def workspace_id(self) -> int:
        return self.session.workspace_id

    @property
    def channel(self) -> Channel:
        return self.session.channel


def claim(
    *, most: int, token: uuid.UUID, lease_seconds: int, workspace_id: int | None
) -> dict[int, list[int]]:
    """Take up to `most` due sessions, the longest due first: session ids by workspace."""
    rows = bulk.run(
        """
        SELECT row_id, row_workspace_id
          FROM integrations_claim_sessions(%s::integer, %s::bigint, %s::uuid, %s::integer)
        """,
        [most, workspace_id, token, lease_seconds],
    )
    found: dict[int, list[int]] = {}
    for session_id, workspace in rows:
        found.setdefault(workspace, []).append(session_id)
    return found


def read(workspace_id: int, session_ids: Sequence[int], token: uuid.UUID) -> list[Due]:
    """What is needed to ask about claimed sessions of one workspace."""
    with workspace_transaction(workspace_id):
        sessions = (
            Session.objects.for_workspace(workspace_id)
            .filter(pk__in=session_ids, lease_token=token, ended_at=None)
            .select_related("channel__integration")
        )
        found = [Due(session, session.channel.integration) for session in sessions]
    for one in found:
        try:
            one.slot, one.address = place_of(one.integration, one.channel.provider)
        except Exception:
            # Whoever asks finds out what is wrong with it, and that it is this one alone.
            ids = {"session_id": one.session.pk, "workspace_id": workspace_id}
            logger.exception("session not placed", extra=ids)
    return found


def give_back(rows: Iterable[Due], token: uuid.UUID) -> None:
    """Let go of sessions that nobody got to: they stay due."""
    by_workspace: dict[int, list[int]] = {}
    for one in rows:
        by_workspace.setdefault(one.session.workspace_id, []).append(one.session.pk)
    for workspace_id, ids in by_workspace.items():
        with workspace_transaction(workspace_id):
            Session.objects.for_workspace(workspace_id).filter(
                pk__in=ids, lease_token=token
            ).update(lease_token=None, lease_until=None)


def place_of(integration: Integration | None, provider: str) -> tuple[str, str]:
    """Slot and address. Credentials that hold an address name the host that answers."""
    if integration is None or not _may_hold_address(provider):
        return provider, ""  # opening them would cost more than all the rest of reading
    try:
        credentials = gateway.unseal_credentials(integration)
    except CredentialsUnreadable:
        return provider, ""
    host, path = _address_in(credentials, provider)
    return (f"{provider} {host}", path.rstrip("/")) if host else (provider, "")


def _may_hold_address(provider: str) -> bool:
    try:
        adapter = registry.get(provider)
    except registry.UnknownProvider:
        return False
    return any(
        field.pattern.startswith("http")
        for field in adapter.fields
        if not field.is_secret
    )


def _address_in(credentials: Credentials, provider: str) -> tuple[str, str]:
    try:
        secret = registry.get(provider).secret_fields
    except registry.UnknownProvider:
        return "", ""
    for name in sorted(credentials):
        value = credentials[name]
        if name not in secret and value.startswith(("http://", "https://")):
            try:
                parts = urlsplit(value)
            except ValueError:
                continue
            return parts.netloc, parts.path
    return "", ""
