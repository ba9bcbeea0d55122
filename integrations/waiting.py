"""How long a session that was never connected may wait, and for whom.

Room 1, beside codes.py: pure. A person has a quarter of an hour; what a provider checks once
its link has led back may take it days.
"""

from datetime import datetime, timedelta
from typing import Final

from integrations.models import Session, SessionKind, SessionState

REVIEW_LASTS: Final = timedelta(hours=72)


def is_under_review(session: Session) -> bool:
    """The person has done their part, and the provider has not done its own yet."""
    return (
        session.is_pending
        and session.kind == SessionKind.EXTERNAL_LINK
        and session.state == SessionState.VERIFYING
    )


def is_long_review(session: Session, *, now: datetime) -> bool:
    """Nobody sits in front of it any more: it may be asked about less often."""
    ends = session.expires_at
    return is_under_review(session) and ends is not None and ends <= now


def is_too_late(session: Session, *, now: datetime) -> bool:
    if not session.is_pending or session.expires_at is None:
        return False
    more = REVIEW_LASTS if is_under_review(session) else timedelta(0)
    return session.expires_at + more <= now
