"""What follows every sign-in and sign-out, by whichever door, and changes to the keys of it."""

from typing import Any

from allauth.account.signals import (
    authentication_step_completed,
    email_added,
    email_changed,
    email_removed,
    password_changed,
    password_reset,
    password_set,
)
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import BrowserSession, SessionEnd, User
from accounts.sso import journal, outcomes, sessions
from accounts.sso.outcomes import BY_PASSWORD, PASSWORD_REFUSED


@receiver(user_logged_in, dispatch_uid="accounts.begin_session")
def begin_session(request: HttpRequest, user: User, **_: Any) -> None:
    """A password may take over the browser of a session whose server is away."""
    now = timezone.now()
    earlier = getattr(request, "browser_session", None)
    if earlier is not None:
        sessions.replace(request, earlier, user, now=now)
    sessions.begin(request, user, now=now)


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


@receiver(
    [password_changed, password_reset, password_set],
    dispatch_uid="accounts.record_new_password",
)
def record_new_password(request: HttpRequest, user: User, **_: Any) -> None:
    record_change(request, user, outcomes.PASSWORD_CHANGED)


@receiver(
    [password_changed, password_reset, password_set],
    dispatch_uid="accounts.end_other_sessions",
)
def end_other_sessions(
    request: HttpRequest, user: User, signal: Signal, **_: Any
) -> None:
    """A new password shuts the person's other browsers out; their rows and tokens go too.

    Chosen by a mailed link, it shuts out the browser at hand as well.
    """
    others = BrowserSession.objects.filter(user=user)
    here: BrowserSession | None = getattr(request, "browser_session", None)
    if here is not None and signal is not password_reset:
        others = others.exclude(pk=here.pk)
    sessions.revoke(request, others, now=timezone.now())


@receiver(email_added, dispatch_uid="accounts.record_email_added")
def record_email_added(request: HttpRequest, user: User, **_: Any) -> None:
    record_change(request, user, outcomes.EMAIL_ADDED)


@receiver(email_removed, dispatch_uid="accounts.record_email_removed")
def record_email_removed(request: HttpRequest, user: User, **_: Any) -> None:
    record_change(request, user, outcomes.EMAIL_REMOVED)


@receiver(email_changed, dispatch_uid="accounts.record_email_changed")
def record_email_changed(request: HttpRequest, user: User, **_: Any) -> None:
    record_change(request, user, outcomes.EMAIL_CHANGED)


def record_change(request: HttpRequest, user: User, outcome: str) -> None:
    """Only that it changed: neither an address nor a secret is kept."""
    journal.record(request, outcome, now=timezone.now(), user=user)
