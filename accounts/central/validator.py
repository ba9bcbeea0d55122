"""The rules of the token service where allauth's are too weak, or silent.

- PKCE with S256 for every client, confidential ones too;
- a redirect address is the registered one to the letter;
- a code is good for one exchange, under a lock, and a second one ends what came of the first;
- refresh tokens rotate, and one that is shown again ends its family;
- nobody is signed in without a page at a client they have not allowed;
- a client that is switched off is no client, and revokes nobody else's token.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.internal.oauthlib.request_validator import (
    OAuthLibRequestValidator,
)
from allauth.idp.oidc.internal.oauthlib.utils import get_validator_context
from allauth.idp.oidc.models import Client, Token
from django.db import transaction
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from accounts.central import consents, families
from accounts.central.models import Family


class Validator(OAuthLibRequestValidator):  # type: ignore[misc]  # allauth ships no types
    # --- clients --------------------------------------------------------------
    def _lookup_client(self, request: Request, client_id: str | None) -> Client | None:
        known = get_validator_context().clients
        if client_id not in known:
            known[client_id] = _find_client(client_id)
        return known[client_id]

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *_: Any, **__: Any
    ) -> bool:
        """To the letter: allauth lets a query through that was not registered."""
        return redirect_uri in request.client.get_redirect_uris()

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Required of all. A challenge in any other form than S256 is none."""
        challenge = request.code_challenge
        if challenge is not None and request.code_challenge_method != "S256":
            raise errors.UnsupportedCodeChallengeMethodError(request=request)
        return True

    def validate_silent_authorization(self, request: Request) -> bool:
        """For this client: allauth looks at the tokens of any other one too."""
        client = request.client
        return bool(client.skip_consent) or consents.covers(
            user=request.user,
            client=client,
            redirect_uri=request.redirect_uri,
            scopes=request.scopes,
        )

    # --- codes ----------------------------------------------------------------
    def save_authorization_code(
        self, client_id: str, code: dict[str, Any], request: Request, *_: Any, **__: Any
    ) -> None:
        families.begin(
            client=request.client,
            user=request.user,
            session_key=context.request.session.session_key,
            code=code["code"],
            told=_what_the_code_says(request),
        )

    def _lookup_authorization_code(
        self, request: Request, client_id: str | None, code: str
    ) -> dict[str, Any] | None:
        known = get_validator_context().codes
        if code not in known:
            family = families.look_at_code(code)
            known[code] = family.code if family else None
        told: dict[str, Any] | None = known[code]
        return told

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *_: Any
    ) -> bool:
        family = families.claim_code(code, request.client)
        if family is None or not family.user.is_active:
            return False
        told, known = family.code, get_validator_context()
        known.codes[code] = told
        known.family = family
        known.granted_resources = told["resources"]
        known.email = told["email"]
        request.user = family.user
        request.scopes = told["scopes"]
        request.claims = told["claims"]
        request.code_challenge = told["pkce"]["code_challenge"]
        request.code_challenge_method = told["pkce"]["code_challenge_method"]
        return True

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *_: Any, **__: Any
    ) -> None:
        families.spend_code(code)

    # --- tokens ---------------------------------------------------------------
    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *_: Any, **__: Any
    ) -> bool:
        family = families.claim_refresh(refresh_token, client)
        if family is None:
            return False
        get_validator_context().family = family
        return bool(super().validate_refresh_token(refresh_token, client, request))

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        super().save_bearer_token(token, request, *args, **kwargs)
        family: Family | None = getattr(get_validator_context(), "family", None)
        if family is not None:
            families.add_tokens(family, token, spent=request.refresh_token)

    def validate_bearer_token(
        self, token: str, scopes: list[str], request: Request
    ) -> bool:
        if not super().validate_bearer_token(token, scopes, request):
            return False
        if self._lookup_client(request, request.client.pk) is None:
            return False
        return families.is_token_of_one_alive(token)

    def introspect_token(
        self, token: str, token_type_hint: str, request: Request, *_: Any, **__: Any
    ) -> dict[str, Any] | None:
        told: dict[str, Any] | None = super().introspect_token(
            token, token_type_hint, request
        )
        return told if told and families.is_token_of_one_alive(token) else None

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *_: Any, **__: Any
    ) -> None:
        """A refresh token takes its family along; somebody else's token stays."""
        of_client = Token.objects.by_value(token).filter(client=request.client)
        with transaction.atomic():
            if of_client.filter(type=Token.Type.REFRESH_TOKEN).exists():
                family = families.claim_refresh(token, request.client)
                if family is not None:
                    families.revoke(family, "revoked")
            of_client.delete()


def _find_client(client_id: str | None) -> Client | None:
    if client_id is None or "\0" in client_id:
        return None
    return (
        Client.objects.select_related("application")
        .filter(
            pk=client_id,
            application__isnull=False,
            application__disabled_at__isnull=True,
        )
        .first()
    )


def _what_the_code_says(request: Request) -> dict[str, Any]:
    """In the form that allauth keeps in its cache, without the code."""
    context = get_validator_context()
    email = context.email
    if email and EmailAddress.objects.get_primary_email(request.user) == email.lower():
        email = None  # the primary address, whichever that will be
    return {
        "code": {"nonce": getattr(request, "nonce", None)},
        "client_id": request.client.pk,
        "redirect_uri": request.redirect_uri,
        "sub": get_adapter().get_user_sub(request.client, request.user),
        "scopes": request.scopes,
        "claims": request.claims,
        "resources": context.requested_resources,
        "email": email,
        "pkce": {
            "code_challenge": request.code_challenge,
            "code_challenge_method": request.code_challenge_method,
        },
    }
