"""Who is who: by their session always, by a password only where the installation allows it."""

from contextvars import ContextVar
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User

# Read together with the browser session, so that a page asks for both at once.
at_hand: ContextVar[User | None] = ContextVar("person_at_hand", default=None)


class PeopleBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """One place for the switch: no form, no page and no later caller gets past it."""
        if not settings.PASSWORD_SIGNIN:
            return None
        user: User | None = super().authenticate(request, **credentials)
        return user

    def get_user(self, user_id: int | str) -> User | None:
        known = at_hand.get()
        if known is not None and known.pk == int(user_id):
            return known if self.user_can_authenticate(known) else None
        user: User | None = super().get_user(user_id)
        return user
