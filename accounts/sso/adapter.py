"""allauth's hooks for sign-in at a server: what it makes too short, and what it must not do."""

import secrets
from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

STATE_BYTES = 32


class SSOAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def generate_state_param(self, state: dict[str, Any]) -> str:
        """256 bits; allauth's own has 95."""
        return secrets.token_urlsafe(STATE_BYTES)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """People are made by `accounts.sso.people` alone, never by a form of allauth."""
        return False

    def list_apps(
        self, request: HttpRequest, provider: Any = None, client_id: Any = None
    ) -> list[Any]:
        """The one of the environment; a row in the database would hold its secret in clear."""
        from allauth.socialaccount.models import SocialApp  # noqa: PLC0415  # needs loaded apps

        from accounts.sso import server as servers  # noqa: PLC0415  # as above

        server = servers.configured()
        if server is None or provider not in (None, servers.PROVIDER_ID):
            return []
        app = SocialApp(
            provider=servers.PROVIDER_ID,
            provider_id=servers.PROVIDER_ID,
            name=server.name,
            client_id=server.client_id,
            secret=server.client_secret.reveal(),
            settings={},
        )
        return [app]
