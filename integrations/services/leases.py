"""Who may ask about a session at the moment: one at a time, proven by a token.

Every service that asks a provider takes the lease first, asks outside any transaction, and
writes what came back only while the token is still its own. All times are the database's,
so that web servers and monitors need not agree on theirs.
"""

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from accounts.scoping import ScopedQuerySet, workspace_transaction
from integrations import settling
from integrations.models import Session, SessionState

# For one question or order, however many requests it takes, and what is read before it and
# written after it.
ONE_CALL: Final = timedelta(seconds=30)
FIELDS: Final = ("lease_token", "lease_until", "next_check_at")  # what release() writes
BUDGET: Final = 25.0  # seconds of it for the requests


def take(session: Session, *, unless_asked_since: datetime | None = None) -> uuid.UUID:
    """Take the lease of an open session, or raise Leased.

    `unless_asked_since` leaves alone what was asked about later than that.
    """
    token = uuid.uuid4()
    free = _open(session).filter(Q(lease_until=None) | Q(lease_until__lte=Now()))
    if unless_asked_since is not None:
        free = free.filter(Q(probe_at=None) | Q(probe_at__lte=unless_asked_since))
    return _taken(session, free, token)


def take_over(session: Session) -> uuid.UUID:
    """Take it whoever holds it: what a person decides counts more than a heartbeat.

    Raises Leased when the session has ended.
    """
    return _taken(session, _open(session), uuid.uuid4())


class Leased(Exception):
    """Somebody else asks about this session right now, or just did, or it has ended."""


def hold(
    workspace_id: int, session_id: int, token: uuid.UUID
) -> tuple[Session, datetime] | None:
    """The session and the time, until the transaction ends; None when it is not ours any more."""
    return _held(workspace_id, session_id, Q(lease_token=token))


def hold_unopened(
    workspace_id: int, session_id: int
) -> tuple[Session, datetime] | None:
    """As `hold`, for whose lease ran out while the session was opened.

    Where nobody asks about it and nobody has had an answer yet, theirs is the first.
    """
    is_unopened = Q(state=SessionState.CREATED, probe_at=None)
    return _held(workspace_id, session_id, Q(lease_token=None) & is_unopened)


def release(session: Session, *, ask_again_at: datetime) -> None:
    """In memory: whoever saves the session lets it go."""
    session.lease_token = session.lease_until = None
    session.next_check_at = ask_again_at


def _held(
    workspace_id: int, session_id: int, is_ours: Q
) -> tuple[Session, datetime] | None:
    session = (
        Session.objects.for_workspace(workspace_id)
        .filter(is_ours, pk=session_id, ended_at=None)
        .select_related("channel")
        .select_for_update(of=("self",))
        .first()
    )
    return None if session is None else (session, settling.database_now())


def _open(session: Session) -> ScopedQuerySet[Session]:
    sessions: ScopedQuerySet[Session] = Session.objects.for_workspace(
        session.workspace_id
    ).filter(pk=session.pk, ended_at=None)
    return sessions


def _taken(
    session: Session, free: ScopedQuerySet[Session], token: uuid.UUID
) -> uuid.UUID:
    with workspace_transaction(session.workspace_id):
        is_taken = free.update(lease_token=token, lease_until=Now() + ONE_CALL)
    if not is_taken:
        raise Leased
    return token
