"""allauth's hooks on the central server."""

import secrets
from collections.abc import Iterable
from typing import Any, Literal

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.private_keys import filter_keys
from allauth.idp.oidc.models import Client, PrivateKey, Token
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import http
from accounts.adapter import GuardedAdapter
from accounts.central import clients, families, rules, signing
from accounts.central.models import Person
from accounts.models import User


class AccountAdapter(GuardedAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        return http.client_ip(request) or "0.0.0.0"  # noqa: S104  # of a local socket


class UserSessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]  # allauth ships no types
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        """Signing another browser out ends what was entered from there, as there."""
        for session in sessions:
            families.end_with_session(session.session_key)
            session.end()


class OIDCAdapter(DefaultOIDCAdapter):  # type: ignore[misc]  # allauth ships no types
    scope_display = {
        "openid": _("Know who you are"),
        "profile": _("See your name"),
        "email": _("See your e-mail address"),
        "read": _("Read in Recado in your name"),
        "write": _("Write in Recado in your name"),
    }

    def generate_client_secret(self) -> str:
        return secrets.token_urlsafe(32)

    def get_issuer(self) -> str:
        return rules.issuer()

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: User,
        client: Client,
        scopes: Iterable[str],
        email: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        claims: dict[str, Any] = super().get_claims(
            purpose, user, client, set(scopes) - {"profile"}, email=email, **kwargs
        )
        if "profile" in scopes and user.name:
            claims["name"] = user.name
        return claims

    def get_user_sub(self, client: Client, user: User) -> str:
        person, _made = Person.objects.get_or_create(user=user)
        return str(person.sub)

    def get_user_by_sub(self, client: Client, sub: str) -> User | None:
        try:
            return User.objects.filter(person__sub=sub, is_active=True).first()
        except ValidationError:  # no UUID
            return None

    def list_private_keys(
        self,
        *,
        did_activate: Literal[True] | None = None,
        is_active: Literal[True] | None = None,
    ) -> list[PrivateKey]:
        found: list[PrivateKey] = filter_keys(
            signing.list_keys(), did_activate=did_activate, is_active=is_active
        )
        return found

    def is_introspection_allowed(self, token: Token, *, caller_client: Client) -> bool:
        """Its own tokens; a first-party client also those that were made for Recado's API."""
        if token.client_id == caller_client.pk:
            return True
        is_resource_server = caller_client.application.is_first_party
        speaks_to_api = not set(token.get_scopes()).isdisjoint(clients.API_SCOPES)
        return is_resource_server and speaks_to_api
