"""Tries at proving who one is: passwords and second factors, by address and by account.

Between allauth's hooks and `limits`. allauth counts tries in the cache, read first and
written later, so that tries at the same moment slip by and a flushed cache forgets them.
A try is counted before it is looked at; only wrong ones add up for an account, every
password and every wrong factor does for an address. A refusal is put on record with the
sign-ins.
"""

from django.http import HttpRequest
from django.utils import timezone

from accounts import limits
from accounts.http import neighbourhood
from accounts.models import User
from accounts.sso import journal
from accounts.sso.outcomes import LOCKED_OUT


def count_password(request: HttpRequest, email: str) -> None:
    """Whether there is such a person or not: the answer must not tell.

    Raises LimitReached.
    """
    _demand(request, "sign_in_account", _account(email), email=_account(email))


def was_right_password(email: str) -> None:
    limits.forgive("sign_in_account", _account(email))


def count_factor(request: HttpRequest, user: User) -> None:
    """Raises LimitReached. Whoever gets here knows the password already."""
    _demand(request, "second_factor", str(user.pk), email=user.email)


def was_right_factor(request: HttpRequest, user: User) -> None:
    """An office behind one address signs in by password alone or with a factor alike."""
    limits.forgive("second_factor", str(user.pk))
    limits.uncount("sign_in_address", neighbourhood(request))


def _account(email: str) -> str:
    return email.strip().lower()


def _demand(request: HttpRequest, scope: str, subject: str, *, email: str) -> None:
    now = timezone.now()
    try:
        limits.demand("sign_in_address", neighbourhood(request), now=now)
        limits.demand(scope, subject, now=now)
    except limits.LimitReached as reached:
        if reached.is_news:
            user = User.objects.filter(email=email).first()
            journal.record(request, LOCKED_OUT, now=now, user=user)
        raise
