"""An account at the installation's own identity server, for somebody who is invited.

A link that was mailed stands for the address. One that was shown to somebody does not: the
account that is made from it takes the invitation up because it is that account.
"""

import base64
from urllib.parse import quote

from django.conf import settings

from accounts.models import Invitation
from accounts.services import acceptance
from accounts.sso import fetch
from accounts.sso.outcomes import SignInRefused


class HasAccount(Exception):
    """They have one already and can simply sign in."""


class ServerAway(Exception):
    """The identity server does not answer, or not as it should."""


def is_offered() -> bool:
    """Only a server of this installation lets Recado make accounts."""
    return bool(settings.CENTRAL_URL and settings.OAUTH)


def account_link(invitation: Invitation, *, return_to: str) -> str:
    """Where this person makes an account; afterwards they come to `return_to`.

    Works once. Raises HasAccount or ServerAway.
    """
    client = settings.OAUTH
    if client is None:
        raise ServerAway
    named = f"{quote(client['client_id'])}:{quote(client['client_secret'])}"
    asked = {
        "email": invitation.email,
        "name": "",
        "return_to": return_to,
        "mailed": invitation.is_mailed,
    }
    try:
        answer = fetch.post_json(
            f"{settings.CENTRAL_URL}/api/invitations",
            asked,
            headers={
                "Authorization": f"Basic {base64.b64encode(named.encode()).decode()}"
            },
        )
        if answer.status == 409:
            raise HasAccount
        link, sub = (answer.json().get(name) for name in ("url", "sub"))
    except SignInRefused as problem:
        raise ServerAway from problem
    if (
        answer.status != 201
        or not isinstance(link, str)
        or not link.startswith(f"{settings.CENTRAL_URL}/")
        or not isinstance(sub, str)
        or not 0 < len(sub) <= 255
    ):
        raise ServerAway
    acceptance.bind_account(invitation, sub)
    return link
