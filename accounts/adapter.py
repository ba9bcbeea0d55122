"""allauth's hooks: nobody signs up by themselves, and guessing passwords is limited by us."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts import emails, guesses
from accounts.http import client_ip
from accounts.models import User

_FACTOR_STAGE = "accounts.factors.PasswordFactorStage"


class GuardedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """What holds wherever a password is asked for: here, and at the central server."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_email(self, email: str) -> str:
        emails.require_ascii(email)
        return email

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            guesses.was_right_password(_email(credentials))
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        guesses.count_password(request, _email(credentials))


class AccountAdapter(GuardedAdapter):
    def set_password(self, user: User, password: str) -> None:
        """Whoever has none is known by the identity server, and would get past it by one."""
        if not user.has_usable_password():
            raise PermissionDenied
        super().set_password(user, password)

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        ours = {"allauth.mfa.stages.AuthenticateStage": _FACTOR_STAGE}
        return [ours.get(stage, stage) for stage in stages]

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or "unknown"


def _email(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email") or credentials.get("username") or "")
