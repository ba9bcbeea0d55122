"""allauth's hooks: nobody signs up by themselves, an operator or an invitation adds people."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def set_password(self, user: User, password: str) -> None:
        """Whoever has none is known by the identity server, and would get past it by one."""
        if not user.has_usable_password():
            raise PermissionDenied
        super().set_password(user, password)
