"""Browser sessions: begun at sign-in, limited in time, listed for their owner, ended.

Whoever signs in, by the server or by a password, gets a row; a session without an open row
is nobody's.
"""

import uuid
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.audit import storable_address
from accounts.http import client_ip
from accounts.models import BrowserSession, OAuthGrant, SessionEnd, User
from accounts.sso import farewell

FIELD = "browser_session"
PENDING_GRANT = "oauth_grant"
SEEN_EVERY = timedelta(minutes=1)
UNSIGNED_SECONDS = 3600  # the server's own page may lie open for a while
_MOST_ENDED = 20  # ended sessions that a person's list keeps


def shorten(request: HttpRequest) -> None:
    """For a sign-in that only begins: anybody may begin one, so its row lasts an hour."""
    if FIELD not in request.session:
        request.session.set_expiry(UNSIGNED_SECONDS)


def begin(request: HttpRequest, user: User, *, now: datetime) -> BrowserSession:
    """A row for a fresh sign-in, with the tokens that came by it."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    session = BrowserSession.objects.create(
        user=user,
        started_at=now,
        last_seen_at=now,
        ip=storable_address(client_ip(request)),
        user_agent="".join(c for c in agent if c.isprintable())[:300],
    )
    pending = request.session.pop(PENDING_GRANT, None)
    if pending is not None:
        OAuthGrant.objects.filter(
            key=pending,
            session=None,
            issuer=user.oauth_issuer,
            subject=user.oauth_id,
        ).update(session=session)
    request.session[FIELD] = str(session.key)
    request.session.set_expiry(None)  # see shorten()
    _forget_old(user)
    return session


def of(request: HttpRequest, user: User) -> BrowserSession | None:
    """The open session of this browser, with its grant."""
    session = at_hand(request)
    return session if session is not None and session.user_id == user.pk else None


def at_hand(request: HttpRequest) -> BrowserSession | None:
    """Whosever it is, with its person and its grant; the tokens are read when they are used."""
    try:
        key = uuid.UUID(str(request.session.get(FIELD)))
    except ValueError:
        return None
    return (
        BrowserSession.objects.select_related("user", "grant")
        .defer("grant__access", "grant__refresh", "grant__id_token")
        .filter(key=key, ended_at=None)
        .first()
    )


def reason_to_end(session: BrowserSession, *, now: datetime) -> SessionEnd | None:
    """Why an open session is over by our own rules; None where it may go on.

    One without a grant came by a password, and ends when passwords are switched off.
    """
    if not settings.PASSWORD_SIGNIN and getattr(session, "grant", None) is None:
        return SessionEnd.REVOKED
    if session.started_at <= _oldest_start(now):
        return SessionEnd.TOO_OLD
    if session.last_seen_at <= _oldest_sight(now):
        return SessionEnd.IDLE
    return None


def list_over(*, now: datetime) -> "list[tuple[SessionEnd, QuerySet[BrowserSession]]]":
    """The open ones that `reason_to_end` would end, by that reason."""
    open_ones = BrowserSession.objects.filter(ended_at=None)
    found = [
        (SessionEnd.TOO_OLD, open_ones.filter(started_at__lte=_oldest_start(now))),
        (SessionEnd.IDLE, open_ones.filter(last_seen_at__lte=_oldest_sight(now))),
    ]
    if not settings.PASSWORD_SIGNIN:
        found.insert(0, (SessionEnd.REVOKED, open_ones.filter(grant=None)))
    return found


def _oldest_start(now: datetime) -> datetime:
    return now - timedelta(days=settings.SESSION_MAX_DAYS)


def _oldest_sight(now: datetime) -> datetime:
    return now - timedelta(hours=settings.SESSION_IDLE_HOURS)


def note_seen(session: BrowserSession, *, now: datetime) -> None:
    """Once a minute at most: a row is not written for every page."""
    if now - session.last_seen_at >= SEEN_EVERY:
        BrowserSession.objects.filter(
            pk=session.pk, last_seen_at__lte=now - SEEN_EVERY
        ).update(last_seen_at=now)


def end(sessions: "QuerySet[BrowserSession]", why: SessionEnd, *, now: datetime) -> int:
    """End those that are open. Their tokens go with them."""
    keys = list(sessions.filter(ended_at=None).values_list("pk", flat=True))
    OAuthGrant.objects.filter(session__in=keys).delete()
    return BrowserSession.objects.filter(pk__in=keys, ended_at=None).update(
        ended_at=now, end=why
    )


def end_one(session: BrowserSession, why: SessionEnd, *, now: datetime) -> int:
    return end(BrowserSession.objects.filter(pk=session.pk), why, now=now)


def revoke(
    request: HttpRequest,
    sessions: "QuerySet[BrowserSession]",
    why: SessionEnd = SessionEnd.REVOKED,
    *,
    now: datetime,
) -> int:
    """End them, and tell the server once that stands. How many there were."""
    with transaction.atomic():
        gone = held_grants(sessions)
        ended = end(sessions, why, now=now)
        told = partial(farewell.tell, request, gone, now=now)
        transaction.on_commit(told, robust=True)
    return ended


def replace(
    request: HttpRequest, earlier: BrowserSession, user: User, *, now: datetime
) -> None:
    """End the earlier session of a browser in which `user` signs in now.

    Tokens of somebody else go back to the server. Those of the same person do not: it may
    know both sign-ins of the browser as one session, and end the new tokens together with
    the old ones (RFC 7009, 2.1).
    """
    mine = BrowserSession.objects.filter(pk=earlier.pk)
    if earlier.user_id == user.pk:
        end(mine, SessionEnd.REPLACED, now=now)
    else:
        revoke(request, mine, SessionEnd.REPLACED, now=now)


def held_grants(sessions: "QuerySet[BrowserSession]") -> list[OAuthGrant]:
    """Theirs, tokens and persons included, held until the transaction ends.

    So nobody renews one meanwhile, whose new tokens would be left behind at the server.
    """
    open_ones = sessions.filter(ended_at=None).values("pk")
    grants = OAuthGrant.objects.select_related("session__user")
    return list(
        grants.filter(session__in=open_ones)
        .select_for_update(of=("self",))
        .order_by("pk")
    )


def list_open(user: User, *, now: datetime) -> QuerySet[BrowserSession]:
    """Last seen first. One that ran into its limit unseen is not open any more."""
    found = BrowserSession.objects.filter(
        user=user,
        ended_at=None,
        started_at__gt=_oldest_start(now),
        last_seen_at__gt=_oldest_sight(now),
    )
    if not settings.PASSWORD_SIGNIN:
        found = found.exclude(grant=None)
    return found.order_by("-last_seen_at", "-pk")


def _forget_old(user: User) -> None:
    """Of the ended ones only the last few are kept."""
    ended = BrowserSession.objects.filter(user=user).filter(~Q(ended_at=None))
    kept = list(ended.order_by("-ended_at").values_list("pk", flat=True)[:_MOST_ENDED])
    ended.exclude(pk__in=kept).delete()
