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
_MOST_ENDED = 20  # ended sessions that a person's list keeps


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


def limit_reached(session: BrowserSession, *, now: datetime) -> SessionEnd | None:
    idle = timedelta(hours=settings.SESSION_IDLE_HOURS)
    oldest = timedelta(days=settings.SESSION_MAX_DAYS)
    if now - session.started_at >= oldest:
        return SessionEnd.TOO_OLD
    if now - session.last_seen_at >= idle:
        return SessionEnd.IDLE
    return None


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
    request: HttpRequest, sessions: "QuerySet[BrowserSession]", *, now: datetime
) -> int:
    """End them, and tell the server once that stands. How many there were."""
    with transaction.atomic():
        gone = held_grants(sessions)
        ended = end(sessions, SessionEnd.REVOKED, now=now)
        told = partial(farewell.tell, request, gone, now=now)
        transaction.on_commit(told, robust=True)
    return ended


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
    return BrowserSession.objects.filter(
        user=user,
        ended_at=None,
        started_at__gt=now - timedelta(days=settings.SESSION_MAX_DAYS),
        last_seen_at__gt=now - timedelta(hours=settings.SESSION_IDLE_HOURS),
    ).order_by("-last_seen_at", "-pk")


def _forget_old(user: User) -> None:
    """Of the ended ones only the last few are kept."""
    ended = BrowserSession.objects.filter(user=user).filter(~Q(ended_at=None))
    kept = list(ended.order_by("-ended_at").values_list("pk", flat=True)[:_MOST_ENDED])
    ended.exclude(pk__in=kept).delete()
