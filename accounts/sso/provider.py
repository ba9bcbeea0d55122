"""allauth's OpenID Connect provider, made strict, for servers with discovery and without.

What it adds to allauth's: PKCE always, a nonce, a longer state that is spent once and bound
to the server, signatures verified whatever way the token came, the issuer of the callback,
and a subject that is the same in both answers. Its requests go through `fetch`.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.openid_connect.provider import (
    OpenIDConnectProvider,
)
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.sso import id_token, identity, metadata, tokens
from accounts.sso import server as servers
from accounts.sso.identity import Identity
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server
from accounts.sso.tokens import Tokens

NONCE_BYTES = 32


class SSOProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth ships no types
    id = servers.PROVIDER_ID
    pkce_enabled_default = True
    supports_token_authentication = False  # a token from nowhere signs nobody in

    @property
    def server(self) -> Server:
        return servers.required()

    def get_callback_url(self) -> str:
        return self.server.redirect_uri

    def get_scope(self) -> list[str]:
        return self.server.scope.split()

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing of the request but where to come back to: allauth also takes the scope."""
        return {"process": "login", "next_url": request.POST.get("next") or None}

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,
    ) -> HttpResponse:
        """To the server's own page, with everything this one attempt is bound to."""
        server = self.server
        endpoint = metadata.of(server).authorization_endpoint
        pkce = self.get_pkce_params()
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        state = self.stash_redirect_state(
            request,
            process,
            next_url,
            pkce_code_verifier=pkce.pop("code_verifier"),
            nonce=nonce,
            server=server.fingerprint,
        )
        params = {
            **server.auth_params,
            "client_id": server.client_id,
            "redirect_uri": server.redirect_uri,
            "response_type": "code",
            "scope": server.scope,
            "state": state,
            "code_challenge": pkce["code_challenge"].decode(),
            "code_challenge_method": "S256",
        }
        if "openid" in self.get_scope():
            params["nonce"] = nonce
        mark = "&" if "?" in endpoint else "?"
        return HttpResponseRedirect(f"{endpoint}{mark}{urlencode(params)}")

    def spend_state(self, request: HttpRequest) -> dict[str, Any]:
        """The attempt that this callback answers; it never answers a second one."""
        state_id = request.GET.get("state", "")
        if not state_id:
            # Some servers forget it when a person says no; there is nothing to protect then.
            is_no = request.GET.get("error") == "access_denied"
            raise SignInRefused("cancelled" if is_no else "state_missing")
        spent = f"sso:spent:{hashlib.sha256(state_id.encode()).hexdigest()}"
        known = statekit.get_states(request).get(state_id)
        if known is None:
            raise SignInRefused("state_spent" if cache.get(spent) else "state_unknown")
        state: dict[str, Any] | None = statekit.unstash_state(
            request, provider_id=self.sub_id, state_id=state_id
        )
        # Two callbacks at once both find it in the session; one of them adds the mark.
        if not cache.add(spent, 1, statekit.STATE_TTL * 2):
            raise SignInRefused("state_spent")
        if state is None:
            other = known[2] != self.sub_id
            raise SignInRefused("state_other_server" if other else "state_expired")
        if state.get("server") != self.server.fingerprint:
            raise SignInRefused("state_other_server")
        return state

    def identify(
        self, request: HttpRequest, state: dict[str, Any], *, now: datetime
    ) -> tuple[Identity, Tokens]:
        """Exchange the code of a callback, and say who came."""
        server = self.server
        self._check_callback(request, server)
        answer = tokens.request(
            server,
            {
                "grant_type": "authorization_code",
                "code": request.GET["code"],
                "redirect_uri": server.redirect_uri,
                "code_verifier": state["pkce_code_verifier"],
            },
        )
        given = tokens.read(answer, now=now)
        access = given.access.reveal()
        claims: dict[str, Any] = {}
        if server.is_discovered:
            claims = id_token.verify(
                answer.get("id_token"),
                server=server,
                nonce=state["nonce"],
                access_token=access,
            )
        told = tokens.ask_for_person(server, access)
        if told is not None:
            if server.is_discovered and told.get("sub") != claims["sub"]:
                raise SignInRefused("userinfo_other_person")
            claims = identity.merged(claims, told, server)
        return identity.read(claims, server, now=now), given

    def _check_callback(self, request: HttpRequest, server: Server) -> None:
        """Who answers must be who was asked, even when it is to say no."""
        told = request.GET.getlist("iss")
        must_tell = server.is_discovered and metadata.of(server).tells_issuer
        if (told or must_tell) and told != [server.issuer]:
            raise SignInRefused("issuer_mixed_up")
        error = request.GET.get("error")
        if error == "access_denied":
            raise SignInRefused("cancelled")
        if error is not None:
            refused = error in {"unauthorized_client", "invalid_client"}
            raise SignInRefused("client_refused" if refused else "denied_by_server")
        if len(request.GET.getlist("code")) != 1 or not request.GET["code"]:
            raise SignInRefused("code_missing")


provider_classes = [SSOProvider]
