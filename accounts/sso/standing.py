"""Whose browser session a request, or a stream that stays open, comes with."""

from datetime import datetime

from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from accounts import backends
from accounts.models import BrowserSession, User
from accounts.sso import sessions
from accounts.sso.grants import GRACE


def person_of(request: HttpRequest) -> User | AnonymousUser:
    """The person and their browser session by one query; Django checks the rest."""
    session = sessions.at_hand(request)
    request.browser_session = session  # type: ignore[attr-defined]  # read by the middleware and by views.sessions
    token = backends.at_hand.set(session.user if session else None)
    try:
        return get_user(request)
    finally:
        backends.at_hand.reset(token)


def find_listener(session_key: str, *, now: datetime) -> User | None:
    """The person of a stream, asked again and again while it is open; writes nothing.

    The identity server is not asked: the pages do, and renew the person's tokens. A grant
    that nobody has renewed for longer than they wait ends the stream.
    """
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = person_of(request)
    session: BrowserSession | None = request.browser_session  # type: ignore[attr-defined]  # set by person_of
    if not isinstance(user, User) or session is None or session.user_id != user.pk:
        return None
    if sessions.reason_to_end(session, now=now) is not None:
        return None
    grant = getattr(session, "grant", None)
    if grant is not None and grant.expires_at and now > grant.expires_at + GRACE:
        return None
    return user
