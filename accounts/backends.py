"""Who is who: by their session always, by a password only where the installation allows it."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User


class PeopleBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """One place for the switch: no form, no page and no later caller gets past it."""
        if not settings.PASSWORD_SIGNIN:
            return None
        user: User | None = super().authenticate(request, **credentials)
        return user
