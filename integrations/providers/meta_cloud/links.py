"""Short links that Meta keeps for a number (`message_qrdls`): each opens a chat with a text.

They never expire, and a scan tells nothing: only the text says which link it was.
https://developers.facebook.com/documentation/business-messaging/whatsapp/qr-codes
"""

import re
from typing import Final

from integrations.providers.base.errors import Refused, Unavailable
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import MessageLink
from integrations.providers.meta_cloud.graph import Graph, following

LONGEST_TEXT: Final = 140  # characters
_EDGE: Final = "message_qrdls"
_PAGE: Final = 100
_MOST_PAGES: Final = 20  # a number has 2,000 links at most
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ADDRESS: Final = re.compile(r"https://[!-~]{1,200}")


def create(graph: Graph, text: str) -> MessageLink:
    body = {"prefilled_message": text, "generate_qr_image": "SVG"}
    link = _read(graph.ask("POST", graph.number_id, _EDGE, body=body))
    if link is None:
        raise Unavailable("no_link", "Meta answered without a link")
    return link


def list_all(graph: Graph) -> list[MessageLink]:
    found: dict[str, MessageLink] = {}
    place = ""
    for _ in range(_MOST_PAGES):
        page = graph.ask(
            "GET", graph.number_id, _EDGE, limit=_PAGE, query={"after": place}
        )
        for item in page.find_items("data"):
            if link := _read(item):
                found[link.external_id] = link
        place = following(page)
        if not place:
            break
    return list(found.values())


def delete(graph: Graph, code: str) -> None:
    """A link that is gone already is what was wanted, however Meta refuses it."""
    try:
        graph.ask("DELETE", graph.number_id, _EDGE, code)
    except Refused as error:
        if any(link.external_id == code for link in list_all(graph)):
            raise error from None


def _read(item: Reader) -> MessageLink | None:
    code, url = item.find_identifier("code") or "", item.find_text("deep_link_url")
    if not _CODE.fullmatch(code) or not _ADDRESS.fullmatch(url or ""):
        return None
    return MessageLink(
        external_id=code,
        text=item.find_text("prefilled_message") or "",
        url=url or "",
    )
