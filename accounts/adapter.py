"""allauth's hooks: nobody signs up by themselves, and guessing passwords is limited by us.

allauth counts tries in the cache, read first and written later, so that tries at the same
moment slip by. `accounts.limits` counts them instead.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from accounts import addresses, limits
from accounts.http import client_ip
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def set_password(self, user: User, password: str) -> None:
        """Whoever has none is known by the identity server, and would get past it by one."""
        if not user.has_usable_password():
            raise PermissionDenied
        super().set_password(user, password)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or "unknown"

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Only wrong passwords add up for an account; every try does for an address."""
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            limits.forgive("sign_in_account", _account(credentials))
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        now = timezone.now()
        address = addresses.neighbourhood(client_ip(request))
        limits.demand("sign_in_address", address, now=now)
        limits.demand("sign_in_account", _account(credentials), now=now)


def _account(credentials: dict[str, Any]) -> str:
    """Whether there is such a person or not: the answer must not tell."""
    named = credentials.get("email") or credentials.get("username") or ""
    return str(named).strip().lower()
