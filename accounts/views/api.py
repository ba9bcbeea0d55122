"""What `/api/` says of its bearer: who it is, whether it is good, which workspace."""

from typing import Any

from django.http import HttpResponse

from accounts import api_operations as operations
from accounts import selectors
from accounts.api import answers, bearers
from accounts.api.bearers import ApiRequest, Person
from accounts.api.guards import ApiWorkspaceRequest, operation
from accounts.permissions import Scope


@operation(operations.USER)
def user(request: ApiRequest) -> HttpResponse:
    """The person, by the id that all systems share, and the workspaces they are in.

    That is Recado's to tell: of who they are, identity alone is told by `verify`.
    """
    bearer = request.bearer
    if not isinstance(bearer, Person):
        raise answers.insufficient_scope("A service token stands for no person.")
    bearers.demand_reach(bearer, [Scope.WORKSPACE_READ])
    person = bearer.user
    memberships = selectors.list_memberships(person)
    return answers.answer(
        {
            "oauth_id": person.oauth_id,
            "issuer": person.oauth_issuer,
            "email": person.email,
            "name": person.name,
            "language": person.language or None,
            "workspaces": [
                {
                    "slug": one.workspace.slug,
                    "name": one.workspace.name,
                    "role": one.role,
                }
                for one in memberships
            ],
        }
    )


@operation(operations.VERIFY)
def verify(request: ApiRequest) -> HttpResponse:
    """200 for a good bearer, with what is known of it; anything else is answered before."""
    bearer = request.bearer
    facts: dict[str, Any]
    if isinstance(bearer, Person):
        claims = bearer.claims
        facts = {
            "kind": "person",
            "sub": claims.subject,
            "iss": claims.issuer,
            "client_id": claims.client_id or None,
            "scope": claims.scope,
            "exp": int(claims.expires_at) if claims.expires_at is not None else None,
        }
    else:
        token = bearer.token
        facts = {
            "kind": "service",
            "workspace": token.workspace.slug,
            "scope": " ".join(token.scopes),
            "exp": int(token.expires_at.timestamp()),
        }
    return answers.answer({"active": True} | facts)


@operation(operations.WORKSPACE)
def workspace(request: ApiWorkspaceRequest) -> HttpResponse:
    found = request.workspace
    return answers.answer(
        {
            "slug": found.slug,
            "name": found.name,
            "time_zone": found.time_zone,
            "language": found.language,
        }
    )
