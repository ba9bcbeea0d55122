"""Telling the identity server that sessions ended here, so that their tokens end there too.

Best effort, and after the commit: whether the server answers or not, the sessions are over.
What could not be told is in the record of sign-ins, and the reason in the log.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest

from accounts import vault
from accounts.models import OAuthGrant
from accounts.sso import fetch, grants, journal, metadata, server
from accounts.sso.outcomes import NOT_REVOKED, SignInRefused
from accounts.sso.server import Server

logger = logging.getLogger("accounts.signin")


def tell(
    request: HttpRequest | None, gone: Sequence[OAuthGrant], *, now: datetime
) -> bool:
    """Revoke the tokens of grants that are rows no more; True when the server took them all.

    All of them together have the time of one exchange: a server that is away is asked once,
    and whoever ended twenty sessions does not wait for it twenty times.
    """
    known = server.configured()
    problem, last = "", time.monotonic() + fetch.DEADLINE_SECONDS
    is_told = True
    for grant in gone:
        if known is None or grant.issuer != known.issuer:
            continue  # of a server that the installation left
        if not problem and time.monotonic() >= last:
            problem = "too_slow"
        code = problem
        if not code:
            try:
                grants.give_back(grant, known)
                continue
            except SignInRefused as refused:
                code = problem = refused.code
            except vault.VaultError:
                code = "does_not_open"
        is_told = False
        _record(request, grant, code, now=now)
    return is_told


def way_out(grant: OAuthGrant, known: Server) -> str:
    """Where the browser goes to sign out at the server too; "" where it cannot."""
    try:
        endpoint = metadata.of(known).end_session_endpoint
        hint = grants.unseal(grant, "id_token") if grant.id_token else ""
    except (SignInRefused, vault.VaultError):
        return ""
    if not endpoint:
        return ""
    params = {
        "client_id": known.client_id,
        "post_logout_redirect_uri": f"{settings.PUBLIC_URL}/account/login/",
    } | ({"id_token_hint": hint} if hint else {})
    mark = "&" if "?" in endpoint else "?"
    return f"{endpoint}{mark}{urlencode(params)}"


def _record(
    request: HttpRequest | None, grant: OAuthGrant, code: str, *, now: datetime
) -> None:
    event = journal.record(
        request,
        NOT_REVOKED,
        now=now,
        issuer=grant.issuer,
        subject=grant.subject,
        user=grant.session.user if grant.session else None,
    )
    told = {"outcome": code, "reference": event.reference, "grant_id": grant.pk}
    logger.warning("tokens not revoked at the server", extra=told)
