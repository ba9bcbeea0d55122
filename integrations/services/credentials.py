"""New credentials for a number that is connected already: tested before they are kept.

The view comes before, with what a person filled in. A secret that is left empty stays as it
is, and the number stays the same: another one is connected, not replaced.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User
from accounts.scoping import workspace_transaction
from accounts.vault import seal_json
from integrations import gateway, health, proofs, settling
from integrations.failures import Failure
from integrations.gateway import CredentialsUnreadable
from integrations.models import Channel, Integration, Problem, Session, SessionKind
from integrations.providers import registry
from integrations.providers.base.adapter import Adapter, Credentials
from integrations.providers.base.credentials import Field
from integrations.services import asking, places, sessions, webhook_urls
from integrations.services.connections import NumberTaken
from integrations.services.sessions import SessionFailed
from integrations.services.webhook_urls import WebhookFailed

PHONE: Final = "phone_number"

logger = logging.getLogger("integrations")


class CredentialsStale(Exception):
    """Somebody else replaced them meanwhile."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a form may show of the credentials in use: `plain` holds no secret.

    `version` is the one the form was made from. `is_readable` is False where the vault does
    not open them: then every field is asked for anew.
    """

    fields: tuple[Field, ...]
    plain: Mapping[str, str]
    version: int
    is_readable: bool


@dataclass(frozen=True, slots=True)
class Replaced:
    """`is_tested` is False where the provider cannot be asked.

    `is_told` is False where it has to learn something of its webhook, and did not: then a
    person sets it.
    """

    changed: tuple[str, ...]
    is_tested: bool
    is_told: bool = True


def stored(channel: Channel) -> Stored:
    """Raises asking.NotConnectable or registry.UnknownProvider."""
    integration = asking.integration_of(channel)
    adapter = registry.get(integration.provider)
    current, is_readable = _current(integration)
    fields = adapter.fields_of(adapter.session_kind_of(current))
    return Stored(
        fields=tuple(field for field in fields if field.name != PHONE),
        plain={
            name: value
            for name, value in current.items()
            if name not in adapter.secret_fields
        },
        version=integration.secret_version,
        is_readable=is_readable,
    )


def replace(
    channel: Channel,
    told: Mapping[str, str],
    *,
    version: int,
    actor: User,
    ip: str | None = None,
) -> Replaced:
    """Test what was filled in, keep it, and ask about the number again.

    Raises CredentialsInvalid, SessionFailed, NumberTaken, PlaceTaken or CredentialsStale:
    then all is as before. Raises asking.NotConnectable or registry.UnknownProvider too.
    """
    integration = asking.integration_of(channel)
    if integration.secret_version != version:
        raise CredentialsStale
    adapter = registry.get(integration.provider)
    current, _ = _current(integration)
    wanted = _merged(adapter, channel, current, told)
    cleaned = adapter.validate_credentials(wanted)
    is_moved = adapter.place_of(cleaned) != adapter.place_of(current)
    if is_moved:  # told before the provider is, which knows of its phone alone
        with workspace_transaction(channel.workspace_id):
            places.claim(channel.workspace_id, adapter, cleaned, channel=channel)
    is_tested = _test(channel, cleaned)
    changed = tuple(
        sorted(
            name
            for name in cleaned.keys() | current.keys()
            if cleaned.get(name) != current.get(name)
        )
    )
    if changed:
        former = {
            field.name: current[field.name]
            for field in adapter.fields
            if field.is_made and field.name in changed and field.name in current
        }
        _keep(
            channel,
            integration,
            cleaned,
            changed,
            former=former,
            is_moved=is_moved,
            version=version,
            actor=actor,
            ip=ip,
        )
    is_told = not _moves_webhook(adapter, changed) or _tell(channel, actor=actor)
    _ask_again(channel)
    return Replaced(changed, is_tested, is_told)


def _current(integration: Integration) -> tuple[Credentials, bool]:
    try:
        return gateway.unseal_credentials(integration), True
    except CredentialsUnreadable:
        return {}, False


def _merged(
    adapter: Adapter, channel: Channel, current: Credentials, told: Mapping[str, str]
) -> dict[str, object]:
    """An empty secret keeps the one in use; another empty field is emptied."""
    wanted: dict[str, object] = dict(current)
    for name in adapter.credential_fields:
        value = told.get(name)
        if value:
            wanted[name] = value
        elif value is not None and name not in adapter.secret_fields:
            wanted.pop(name, None)
    wanted.setdefault(PHONE, channel.phone)
    return wanted


def _test(channel: Channel, cleaned: Mapping[str, str]) -> bool:
    """Whether the provider could be asked; SessionFailed when it says no."""
    adapter = registry.get(channel.provider)
    if not health.is_expected(adapter.number_of(cleaned).phone, channel.phone):
        raise SessionFailed(Failure(Problem.NUMBER_WRONG))
    try:
        sessions.try_credentials(
            workspace=channel.workspace,
            provider=channel.provider,
            credentials=dict(cleaned),
        )
    except SessionFailed as failure:
        if failure.problem != Problem.UNSUPPORTED:
            raise
        return False
    return True


def _moves_webhook(adapter: Adapter, changed: Collection[str]) -> bool:
    """Whether who posts is another one now, or proves itself by another word."""
    return any(
        field.name in changed
        and field.name != PHONE
        and (field.is_made or not field.is_secret)
        for field in adapter.fields
    )


def _tell(channel: Channel, *, actor: User) -> bool:
    """Let the provider post to us as the new credentials say; False where a person must.

    One that never was connected has that step of the wizard still before it.
    """
    with workspace_transaction(channel.workspace_id):
        sessions_of = Session.objects.for_workspace(channel.workspace_id)
        connected = sessions_of.filter(channel=channel).exclude(connected_at=None)
        if not connected.exists():
            return True
    try:
        return webhook_urls.subscribe(channel, actor=actor).is_ours
    except WebhookFailed:
        return False


def _keep(
    channel: Channel,
    integration: Integration,
    cleaned: Mapping[str, str],
    changed: tuple[str, ...],
    *,
    former: Mapping[str, str],
    is_moved: bool,
    version: int,
    actor: User,
    ip: str | None,
) -> None:
    adapter = registry.get(channel.provider)
    with workspace_transaction(channel.workspace_id):
        # The session first, as whoever writes an answer holds them.
        _void_questions(channel)
        held = (
            Integration.objects.for_workspace(channel.workspace_id)
            .select_for_update(of=("self",))
            .get(pk=integration.pk)
        )
        if held.secret_version != version:
            raise CredentialsStale
        held.secret_version += 1
        held.credentials = seal_json(dict(cleaned), gateway.credentials_context(held))
        proofs.replace(held, former, now=settling.database_now())
        held.save(
            update_fields=[
                "credentials",
                "former_proofs",
                "secret_version",
                "updated_at",
            ]
        )
        if is_moved:
            places.claim(channel.workspace_id, adapter, cleaned, channel=channel)
        _learn(channel, adapter.number_of(cleaned).external_id)
        audit.record(
            workspace=channel.workspace,
            action="integration.credentials_replaced",
            actor=actor,
            target=str(channel.key),
            details={"fields": list(changed)},
            ip=ip,
        )
        ids = {
            "integration_id": held.pk,
            "channel_id": channel.pk,
            "workspace_id": channel.workspace_id,
        }
        transaction.on_commit(partial(logger.info, "credentials replaced", extra=ids))


def _learn(channel: Channel, external_id: str | None) -> None:
    """The provider's id of the number. Where the credentials name none the next webhook does,
    since a number that moved to another account there has another id."""
    rows = Channel.objects.for_workspace(channel.workspace_id).filter(pk=channel.pk)
    try:
        with transaction.atomic():
            rows.update(external_id=external_id)
    except IntegrityError:
        raise NumberTaken from None


def _ask_again(channel: Channel) -> None:
    """What the old ones spoilt begins anew; a code nobody asked for is not shown."""
    session = sessions.find_session(channel)
    if session is not None and session.is_open:
        with workspace_transaction(channel.workspace_id):
            _void_questions(channel)
        sessions.refresh(session)
    elif session is not None and session.kind == SessionKind.CREDENTIALS:
        sessions.open_session(channel)


def _void_questions(channel: Channel) -> None:
    """The last answer was about the credentials before, and so will be the one under way."""
    Session.objects.for_workspace(channel.workspace_id).filter(
        channel=channel, ended_at=None
    ).update(probe_at=None, lease_token=None, lease_until=None)
