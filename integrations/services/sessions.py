"""Sessions as people steer them: open, look again, connect anew, start clean, disconnect.

Pages come before, `answers` writes what the provider said. Every function here talks to the
provider outside transactions and under a lease, so that two requests, or a request and the
monitor, never ask about one session at once; the views that call them open no transaction
(`own_transactions`). They return the session as it is then: what is wrong with it stands in
`problem` and `reason`. What keeps a person's order from being carried out is SessionFailed.

A session is *pending* (created, awaiting_user, verifying) until it was connected once, for at
most 15 minutes, or for days while a provider checks what its link led back with (waiting.py);
then it is open (connected, degraded, disconnected) until somebody ends it.
One that failed or expired has ended: `open_session` begins the next. One that is disconnected
goes on being asked about; opening it anew gives it a code for 15 minutes.
"""

import hashlib
import logging
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from accounts.scoping import workspace_transaction
from integrations import gateway, health, settling, waiting
from integrations.failures import Failure, failure_of
from integrations.gateway import Line
from integrations.http import Client
from integrations.models import (
    Channel,
    Integration,
    Problem,
    Session,
    SessionState,
)
from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import SessionReport, SessionWish
from integrations.selectors import connecting
from integrations.services import answers, asking, leases
from integrations.services.answers import Aftermath
from integrations.services.asking import NotConnectable

STATE_BYTES: Final = 32
# Two polls of one page, or two pages of one session, cost one question.
ASKED_JUST_NOW: Final = timedelta(seconds=2)
ASKED_LATELY: Final = timedelta(seconds=30)  # of what takes hours or days
TRIAL_DEADLINE: Final = 10.0  # somebody looks at the page meanwhile

logger = logging.getLogger("integrations")


class SessionFailed(Exception):
    """The provider did not do it. `problem` is for a sentence, `reason` the provider's words.

    Neither holds a secret.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.problem.value)
        self.problem = failure.problem
        self.reason = failure.reason
        self.code = failure.code
        self.retry_after = failure.retry_after


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose order: a person, or a label such as "operator" for a command."""

    user: User | None = None
    label: str = ""


SYSTEM: Final = Actor(label="system")


def try_credentials(
    *, workspace: Workspace, provider: str, credentials: Mapping[str, object]
) -> SessionReport:
    """Ask the provider with credentials that are not stored yet; nothing is kept.

    Raises registry.UnknownProvider, CredentialsInvalid or SessionFailed: KEY_WRONG,
    PERMISSION_MISSING, NUMBER_WRONG, UNREACHABLE … A provider that cannot be asked
    (no SESSION_PROBE) raises UNSUPPORTED: then the first message is the proof.
    """
    adapter = registry.get(provider)
    cleaned = adapter.validate_credentials(credentials)
    if Capability.SESSION_PROBE not in adapter.capabilities:
        raise SessionFailed(Failure(Problem.UNSUPPORTED))
    http = Client(
        workspace_id=workspace.pk,
        redact_keys=adapter.redact_keys,
        secrets=gateway.secrets_of(adapter, cleaned),
        deadline=TRIAL_DEADLINE,
    )
    try:
        report = adapter.check_credentials(cleaned, http)
    except ProviderError as error:
        raise SessionFailed(failure_of(error)) from None
    expected = adapter.number_of(cleaned).phone or ""
    if not health.is_expected(report.phone, expected):
        raise SessionFailed(Failure(Problem.NUMBER_WRONG, report.reason))
    return report


def find_session(channel: Channel) -> Session | None:
    """The open session of a channel, else its last one."""
    with workspace_transaction(channel.workspace_id):
        return connecting.find_session(channel)


def open_session(
    channel: Channel,
    *,
    return_url: str = "",
    wants_pairing_code: bool = False,
    actor: Actor = SYSTEM,
) -> Session:
    """Open a session at the provider, or learn how the one that is open stands: safe to repeat.

    `return_url` is for providers whose link leads back to us. The provider's answer stands
    in the session that is returned, a refusal too. While somebody else is asking, the
    session comes back as it is. Raises asking.NotConnectable.
    """
    session = _open_row(channel, actor=actor)
    try:
        token = leases.take(session)
    except leases.Leased:
        return reload(session)
    state = _new_state(session, token) if return_url else ""
    wish = SessionWish(
        webhook_url=asking.posting_to(channel, asking.integration_of(channel)),
        return_url=return_url,
        state=state,
        phone=channel.phone.removeprefix("+") if wants_pairing_code else "",
    )
    return _ask(
        session,
        token,
        lambda line: line.adapter.create_session(line.credentials, line.http, wish),
        is_creating=True,
    )


def refresh(session: Session) -> Session:
    """Ask how a session stands, unless somebody just did: for a page that polls every 3 s."""
    if not session.is_open or session.is_unopened:
        return reload(session)
    try:
        now = settling.database_now()
        is_slow = waiting.is_long_review(session, now=now)
        since = now - (ASKED_LATELY if is_slow else ASKED_JUST_NOW)
        token = leases.take(session, unless_asked_since=since)
    except leases.Leased:
        return reload(session)
    if not _can_be_asked(session):
        return _give_back(session, token)
    integration = asking.integration_of(asking.channel_of(session))
    return _ask(session, token, partial(asking.status, session, integration))


def reconnect(
    channel: Channel, *, return_url: str = "", actor: Actor = SYSTEM
) -> Session:
    """A fresh code or link, or another try with the same credentials."""
    return open_session(channel, return_url=return_url, actor=actor)


def start_clean(
    channel: Channel,
    *,
    return_url: str = "",
    wants_pairing_code: bool = False,
    actor: Actor = SYSTEM,
) -> Session:
    """Close what the provider has open, whatever it says, and open a session from nothing."""
    session = find_session(channel)
    if session is not None and session.is_open:
        token = take_over(session)
        asking.leave(session)  # a session that is stuck may not even close
        _end(session, token, reason="started clean", keeps_alert=True)
    elif session is not None:
        asking.leave(session)
    return open_session(
        channel,
        return_url=return_url,
        wants_pairing_code=wants_pairing_code,
        actor=actor,
    )


def disconnect(channel: Channel, *, actor: Actor = SYSTEM) -> Session | None:
    """End the session at the provider and here. None when the number never had one.

    One that was started clean and never finished has ended: the alert of before ends too.
    Raises SessionFailed when the provider could not be told: then the session stays open.
    """
    session = find_session(channel)
    if session is None or not session.is_open:
        with workspace_transaction(channel.workspace_id):
            if settling.take_off(channel):
                _record(channel, "integration.disconnected", actor)
        return session
    token = take_over(session)
    failure = asking.leave(session)
    if failure is not None and failure.problem not in {
        Problem.UNSUPPORTED,
        Problem.CREDENTIALS_UNREADABLE,
    }:
        _give_back(session, token)
        raise SessionFailed(failure)
    with workspace_transaction(channel.workspace_id):
        is_ended = _end(session, token, reason="disconnected by a person")
        if is_ended:
            _record(channel, "integration.disconnected", actor)
    return reload(session)


def reload(session: Session) -> Session:
    with workspace_transaction(session.workspace_id):
        fresh: Session = Session.objects.for_workspace(session.workspace_id).get(
            pk=session.pk
        )
    return fresh


def digest_of(state: str) -> bytes:
    """What a one-time state is found by."""
    return hashlib.sha256(state.encode("utf-8", "replace")).digest()


# --- rows -----------------------------------------------------------------------
def _open_row(channel: Channel, *, actor: Actor) -> Session:
    """The channel's open session, with a full quarter of an hour for who connects it."""
    with workspace_transaction(channel.workspace_id):
        # The session before its channel, as whoever writes an answer holds them.
        settling.hold_open(channel)
        locked = (
            Channel.objects.for_workspace(channel.workspace_id)
            .select_for_update(of=("self",))
            .get(pk=channel.pk)
        )
        if locked.integration_id is None or not locked.is_active:
            raise NotConnectable
        now = settling.database_now()
        session = settling.hold_open(channel)
        if session is not None:
            session.expires_at = now + health.PENDING_LASTS
            session.save(update_fields=["expires_at"])
            return session
        session = Session.objects.create(
            workspace_id=channel.workspace_id,
            channel=locked,
            kind=_kind_of(locked),
            state=SessionState.CREATED,
            state_since=now,
            expires_at=now + health.PENDING_LASTS,
        )
        _record(locked, "integration.session_opened", actor)
        _log_created(session)
    return session


def _kind_of(channel: Channel) -> str:
    """One provider may have several ways in: its credentials tell which was taken."""
    if channel.integration is None:
        raise NotConnectable
    credentials = gateway.unseal_credentials(channel.integration)
    return registry.get(channel.provider).session_kind_of(credentials)


def _log_created(session: Session) -> None:
    ids = {
        "session_id": session.pk,
        "channel_id": session.channel_id,
        "workspace_id": session.workspace_id,
    }
    transaction.on_commit(partial(logger.info, "session created", extra=ids))


def _new_state(session: Session, token: uuid.UUID) -> str:
    """A one-time state for a link; an earlier one of this session ends with it."""
    state = secrets.token_urlsafe(STATE_BYTES)
    with workspace_transaction(session.workspace_id):
        Session.objects.for_workspace(session.workspace_id).filter(
            pk=session.pk, lease_token=token
        ).update(link_digest=digest_of(state))
    return state


def take_over(session: Session) -> uuid.UUID:
    """Void whatever anybody else is asking about a session, and hold it instead."""
    try:
        return leases.take_over(session)
    except leases.Leased:  # it ended by itself a moment ago
        return uuid.uuid4()


def _end(
    session: Session, token: uuid.UUID, *, reason: str, keeps_alert: bool = False
) -> bool:
    """End a session that is still ours; False when somebody else did."""
    with workspace_transaction(session.workspace_id):
        held = leases.hold(session.workspace_id, session.pk, token)
        if held is None:
            return False
        row, now = held
        settling.end(row, reason=reason, keeps_alert=keeps_alert, now=now)
    return True


def _give_back(session: Session, token: uuid.UUID) -> Session:
    with workspace_transaction(session.workspace_id):
        Session.objects.for_workspace(session.workspace_id).filter(
            pk=session.pk, lease_token=token
        ).update(lease_token=None, lease_until=None)
    return reload(session)


def _record(channel: Channel, action: str, actor: Actor) -> None:
    audit.record(
        workspace=channel.workspace,
        action=action,
        actor=actor.user,
        actor_label=actor.label if actor.user is None else "",
        target=str(channel.key),
    )


# --- asking ---------------------------------------------------------------------
def _can_be_asked(session: Session) -> bool:
    with workspace_transaction(session.workspace_id):
        provider = asking.channel_of(session).provider
    try:
        adapter = registry.get(provider)
    except registry.UnknownProvider:
        return False
    return Capability.SESSION_PROBE in adapter.capabilities


def _ask(
    session: Session,
    token: uuid.UUID,
    question: Callable[[Line], SessionReport],
    *,
    is_creating: bool = False,
) -> Session:
    """Ask under a lease and write the answer, unless the session is not ours any more."""
    channel = asking.channel_of(session)
    integration = asking.integration_of(channel)
    answer = asking.ask(integration, channel.pk, question)
    aftermath = Aftermath()
    with workspace_transaction(session.workspace_id):
        held = leases.hold(session.workspace_id, session.pk, token)
        if held is None and is_creating:
            held = leases.hold_unopened(session.workspace_id, session.pk)
        if held is not None:
            row, now = held
            if _is_of_before(answer, integration):
                leases.release(row, ask_again_at=now)
                row.save(update_fields=[*leases.FIELDS])
            else:
                aftermath = answers.take_answer(row, answer, now=now)
        is_unwanted = held is None and settling.hold_open(channel) is None
    if held is not None:
        if aftermath.must_close:
            asking.close_unwanted(channel, aftermath.external_id)
    elif is_creating and is_unwanted and isinstance(answer, SessionReport):
        # Somebody ended it meanwhile: what was opened for it must not stay open.
        asking.close_abandoned(channel, answer.external_id)
    return reload(session)


def _is_of_before(answer: SessionReport | Failure, integration: Integration) -> bool:
    """Whether an end was told of credentials that were replaced while it was asked."""
    if not isinstance(answer, Failure) or not answer.is_final:
        return False
    same = Integration.objects.for_workspace(integration.workspace_id).filter(
        pk=integration.pk, secret_version=integration.secret_version
    )
    return not same.exists()
