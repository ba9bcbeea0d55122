"""What follows every sign-in and sign-out, by whichever door."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SessionEnd, User
from accounts.sso import sessions


@receiver(user_logged_in, dispatch_uid="accounts.begin_session")
def begin_session(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.begin(request, user, now=timezone.now())


@receiver(user_logged_out, dispatch_uid="accounts.end_session")
def end_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Sent while the session still holds its data; one that ended already stays as it is."""
    if user is None:
        return
    session = sessions.of(request, user)
    if session is not None:
        sessions.end_one(session, SessionEnd.SIGNED_OUT, now=timezone.now())
