"""The operations of room 0: who the bearer is, whether it is good, which workspace."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.api.fields import Free, Listing, Object, Said, Text
from accounts.api.operations import Operation
from accounts.permissions import Scope

BEARER: Final = _("The bearer")

_PERSON: Final = Object(
    name="Person",
    is_answer=True,
    fields={
        "oauth_id": Said(
            is_nullable=True, about=_("Their id at the identity server."), example="7"
        ),
        "issuer": Said(is_nullable=True),
        "email": Said(),
        "name": Said(),
        "language": Said(is_nullable=True),
        "workspaces": Listing(
            of=Object(
                name="Membership",
                is_answer=True,
                fields={"slug": Said(), "name": Said(), "role": Said()},
            )
        ),
    },
)
_VERIFIED: Final = Free(
    name="Verified",
    described={
        "type": "object",
        "properties": {
            "active": {"const": True},
            "kind": {"enum": ["person", "service"]},
            "scope": {
                "type": ["string", "null"],
                "description": "Null where the identity server names none.",
            },
            "exp": {"type": ["integer", "null"], "description": "Unix seconds."},
            "sub": {"type": "string"},
            "iss": {"type": "string"},
            "client_id": {"type": ["string", "null"]},
            "workspace": {"type": "string", "description": "Of a service token."},
        },
        "required": ["active", "kind", "scope", "exp"],
        "additionalProperties": False,
    },
)
_WORKSPACE: Final = Object(
    name="Workspace",
    is_answer=True,
    fields={
        "slug": Said(example="padaria"),
        "name": Said(),
        "time_zone": Said(example="America/Sao_Paulo"),
        "language": Said(example="pt-br"),
    },
)

USER: Final = Operation(
    name="getUser",
    group=BEARER,
    summary=_("The person behind the token, and their workspaces"),
    about=_("For a token of a person that may read in Recado."),
    is_of_workspace=False,
    answers={200: _PERSON},
)
VERIFY: Final = Operation(
    name="verifyToken",
    group=BEARER,
    summary=_("What is known of the token"),
    is_of_workspace=False,
    answers={200: _VERIFIED},
)
WORKSPACE: Final = Operation(
    name="getWorkspace",
    group=BEARER,
    summary=_("The workspace"),
    scopes=(Scope.WORKSPACE_READ,),
    path={"slug": Text(most=50, least=1, about=_("As it stands in its addresses."))},
    answers={200: _WORKSPACE},
)
