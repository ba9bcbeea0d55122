"""The link by which a customer hands a number to a partner, and what it leads back to.

There is no QR code of 360dialog's own: the link opens its sign-up, where Meta asks for the
number, and comes back as `?client=…&channels=[a,b]&state=…`. Pure; partner.py asks the hub
whether what came back is so.
https://docs.360dialog.com/partner/onboarding/integrated-onboarding
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, quote, urlencode

from integrations.providers.base.types import SessionReturn, SessionWish

HUB: Final = "https://hub.360dialog.com"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_MOST_FIELDS: Final = 20
_STATE_WIDTH: Final = 128
_WIDTH: Final = 128  # of Session.external_id


def link(wish: SessionWish, *, phone: str, settings: Mapping[str, str]) -> str:
    base = (settings.get("hub_base") or HUB).rstrip("/")
    told = {
        "number": phone,
        "state": wish.state,
        "redirect_url": wish.return_url,
    }
    query = urlencode({name: value for name, value in told.items() if value})
    partner = quote(settings["partner_id"], safe="")
    return f"{base}/dashboard/app/{partner}/permissions?{query}"


def read_return(query: str) -> SessionReturn:
    """The state, and "client/channel,channel" as the session to ask about.

    Without a channel (permissions taken back, a sign-up that was left) the part behind the
    stroke is empty; without a client there is nothing to ask about.
    """
    try:
        told = parse_qs(query, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError:
        return SessionReturn()
    state = told.get("state", [""])[0].replace("\0", "")
    client = told.get("client", [""])[0].strip()
    return SessionReturn(
        state=state if len(state) <= _STATE_WIDTH else "",
        external_id=_written(client, _listed(told.get("channels", [""])[0])),
    )


def read_session(session_id: str) -> tuple[str, list[str]]:
    """The client and the channels of a session; both empty before the link led back."""
    client, _, channels = session_id.partition("/")
    if not _ID.fullmatch(client):
        return "", []
    return client, _listed(channels)


def _listed(text: str) -> list[str]:
    """The ids of `[a,b]`, which is no JSON: nothing is quoted. Quotes are forgiven."""
    inner = text.strip().removeprefix("[").removesuffix("]")
    ids = (part.strip().strip("\"'") for part in inner.split(","))
    return list(dict.fromkeys(one for one in ids if _ID.fullmatch(one)))


def _written(client: str, channels: list[str]) -> str:
    if not _ID.fullmatch(client):
        return ""
    text = f"{client}/"
    for channel in channels:
        longer = f"{text}{'' if text.endswith('/') else ','}{channel}"
        if len(longer) > _WIDTH:
            break
        text = longer
    return text
