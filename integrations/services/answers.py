"""What an answer about a session changes, whoever asked: a page, a person or the monitor.

`leases` comes before, `settling` after. The caller is in the workspace's transaction and
holds the session; `take_answer` says what is left to be done outside of it.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.vault import seal_json
from integrations import gateway, health, settling, waiting
from integrations.failures import Failure
from integrations.models import (
    Integration,
    Problem,
    Session,
    SessionKind,
    SessionState,
)
from integrations.providers import registry
from integrations.providers.base.types import SessionReport
from integrations.services import leases

# A page polls every 3 s; whoever waits with a phone in hand is told at once.
PENDING_EVERY: Final = timedelta(seconds=3)
# Under the minute between two runs of the monitor, so that each run finds every session due.
LIVE_EVERY: Final = timedelta(seconds=50)
DOWN_FOR_LONG: Final = timedelta(hours=1)
DOWN_EVERY: Final = timedelta(minutes=5)
REVIEW_EVERY: Final = timedelta(minutes=5)  # the provider also tells when it is done
UNASKED_EVERY: Final = timedelta(minutes=10)  # the provider cannot be asked at all
# However long we are told to wait: by then a number that nobody saw counts as unsteady.
LONGEST_WAIT: Final = health.UNSEEN_LASTS

logger = logging.getLogger("integrations")


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`must_close`: our code let in whom we do not want; turn them out, in vain or not.

    Who was there before we showed a code is somebody else's, and stays.
    """

    must_close: bool = False
    external_id: str = ""


def take_answer(
    session: Session, answer: SessionReport | Failure, *, now: datetime
) -> Aftermath:
    """Write an answer about a held session, and let its lease go."""
    before, was_pending = session.state, session.is_pending
    is_by_our_code = _is_by_our_code(session, now=now)
    if isinstance(answer, Failure):
        health.take_failure(session, answer, now=now)
    else:
        health.take_report(session, answer, expected=session.channel.phone, now=now)
        if session.is_open:
            _learn(session, answer, now=now)
    if waiting.is_too_late(session, now=now):
        health.expire(session, now=now)
    pause = _pause(session, answer, now=now)
    leases.release(session, ask_again_at=now + pause)
    settling.settle(session, before=before, now=now)
    is_unwanted = _is_refused(session) if was_pending else _is_another(session, answer)
    return Aftermath(
        must_close=is_by_our_code and is_unwanted,
        external_id=session.external_id,
    )


def _is_refused(session: Session) -> bool:
    unwanted = {Problem.NUMBER_WRONG, Problem.NUMBER_TAKEN}
    return not session.is_open and session.problem in unwanted


def _is_another(session: Session, answer: SessionReport | Failure) -> bool:
    """Whether another phone is linked now than was before."""
    return (
        isinstance(answer, SessionReport)
        and session.probe_problem == Problem.NUMBER_WRONG
        and answer.state not in {*health.PENDING, SessionState.DISCONNECTED}
    )


def _is_by_our_code(session: Session, *, now: datetime) -> bool:
    """Whether a phone that is linked now may have taken a code that was shown here.

    Of a session that was connected before: since somebody began to connect it anew.
    """
    if session.is_pending:
        return session.code_shown_at is not None
    if session.kind != SessionKind.QR:
        return False
    ends, shown = session.expires_at, session.code_shown_at
    is_recent = (
        ends is not None
        and shown is not None
        and shown >= ends - health.PENDING_LASTS
        and now < ends
    )
    return is_recent or bool(session.payload or session.pairing_code)


def take_nothing(session: Session, *, now: datetime) -> None:
    """Nobody could be asked about a held session: it may have waited too long, no more."""
    before = session.state
    if waiting.is_too_late(session, now=now):
        health.expire(session, now=now)
    pause = PENDING_EVERY if session.is_pending else UNASKED_EVERY
    leases.release(session, ask_again_at=now + pause)
    settling.settle(session, before=before, now=now)


def _learn(session: Session, report: SessionReport, *, now: datetime) -> None:
    """What a report tells about the number, and the credentials that came with it."""
    channel = session.channel
    credentials = _grant(session, report, now=now) if report.granted else None
    channel.quality = (report.quality or channel.quality)[:20]
    if report.limit:
        channel.limits = {**channel.limits, "messages": report.limit[:60]}
    if report.is_on_phone is not None:
        # Such a number may send a quarter as fast: see whatsapp/services/outbox.rate_of().
        channel.limits = {**channel.limits, "is_on_phone": report.is_on_phone}
    if report.display_name and not channel.display_name:
        channel.display_name = report.display_name[:100]
    if credentials is not None:
        number = registry.get(channel.provider).number_of(credentials)
        channel.external_id = number.external_id or channel.external_id
    try:
        with transaction.atomic():
            channel.save(
                update_fields=["quality", "limits", "display_name", "external_id"]
            )
    except IntegrityError:
        settling.refuse_taken(session, now=now)


def _grant(
    session: Session, report: SessionReport, *, now: datetime
) -> dict[str, str] | None:
    """Seal credentials that a session brought into its integration."""
    integration = (
        Integration.objects.for_workspace(session.workspace_id)
        .filter(channels=session.channel)
        .select_for_update(of=("self",))
        .first()
    )
    if integration is None:
        return None
    known = registry.get(integration.provider).credential_fields
    granted = {name: value for name, value in report.granted.items() if name in known}
    current = dict(gateway.unseal_credentials(integration))
    merged = current | granted
    if merged == current:
        return None
    integration.secret_version += 1
    integration.credentials = seal_json(
        merged, gateway.credentials_context(integration)
    )
    integration.save(update_fields=["credentials", "secret_version", "updated_at"])
    audit.record(
        workspace=integration.workspace,
        action="integration.credentials_granted",
        target=str(integration.key),
        details={"fields": sorted(granted)},
        now=now,
    )
    return merged


def _pause(
    session: Session, answer: SessionReport | Failure, *, now: datetime
) -> timedelta:
    """Until when nobody asks again. A little of chance keeps sessions from marching in step."""
    if isinstance(answer, Failure) and answer.retry_after is not None:
        asked = timedelta(seconds=min(answer.retry_after, 86_400))
        return min(max(asked, LIVE_EVERY), LONGEST_WAIT)
    if session.is_pending and isinstance(answer, SessionReport) and answer.granted:
        return PENDING_EVERY  # the rest of what is granted comes with the next question
    if waiting.is_long_review(session, now=now):
        return REVIEW_EVERY * random.uniform(0.8, 1.0)  # noqa: S311  # no secret
    if session.is_pending:
        return PENDING_EVERY
    since = session.state_since or now
    is_down = session.state == SessionState.DISCONNECTED
    if is_down and now - since >= DOWN_FOR_LONG:
        return DOWN_EVERY * random.uniform(0.8, 1.0)  # noqa: S311  # no secret
    return LIVE_EVERY * random.uniform(0.9, 1.0)  # noqa: S311  # no secret
