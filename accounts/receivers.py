"""What follows every sign-in and sign-out, by whichever door."""

from typing import Any

from allauth.account.signals import authentication_step_completed
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SessionEnd, User
from accounts.sso import journal, sessions
from accounts.sso.outcomes import BY_PASSWORD, PASSWORD_REFUSED


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


@receiver(authentication_step_completed, dispatch_uid="accounts.record_password")
def record_password(request: HttpRequest, user: User, method: str, **_: Any) -> None:
    """The identity server's sign-ins are recorded where they end."""
    if method == "password":
        journal.record(request, BY_PASSWORD, now=timezone.now(), user=user)


@receiver(user_login_failed, dispatch_uid="accounts.record_refusal")
def record_refusal(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    if request is None:
        return
    email = str(credentials.get("email") or "").strip().lower()
    user = User.objects.filter(email=email).first()
    journal.record(request, PASSWORD_REFUSED, now=timezone.now(), user=user)
