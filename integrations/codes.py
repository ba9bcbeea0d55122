"""What a person scans, types or opens to connect a session, and how long it is good.

Room 1, below health.py, which decides when there is such a thing. In memory only.
"""

from datetime import datetime

from integrations.models import Session, SessionKind, SessionState
from integrations.providers.base.types import SessionReport


def take(session: Session, report: SessionReport, *, now: datetime) -> None:
    """What is reported is good; told again, it lives no longer than was promised first.

    A pairing code and a link are told once: an answer without them takes nothing back while
    the provider waits for them, and not for what its reason says.
    """
    is_waiting = report.state == SessionState.AWAITING_USER and not report.reason
    is_link = session.kind == SessionKind.EXTERNAL_LINK
    kept = session.payload if is_waiting and is_link else ""
    payload = report.payload or kept
    pairing_code = report.pairing_code[:20]
    if report.payload or pairing_code:
        session.code_shown_at = now
    if is_waiting and not pairing_code:
        pairing_code = session.pairing_code
    is_told_again = bool(payload) and payload == session.payload
    if is_told_again and session.code_expires_at is not None:
        is_over = session.code_expires_at <= now
        session.code_expires_at = None if is_over else session.code_expires_at
    elif not is_told_again:
        session.code_expires_at = _within(
            report.expires_at, session.expires_at, now=now
        )
    session.payload, session.pairing_code = payload, pairing_code


def forget(session: Session) -> None:
    session.payload = session.pairing_code = ""
    session.code_expires_at = None
    session.link_digest = None


def _within(
    told: datetime | None, last: datetime | None, *, now: datetime
) -> datetime | None:
    """When a code ends, as the provider says; a clock that is off is not believed."""
    if told is None or told <= now or (last is not None and told > last):
        return None
    return told
