"""Short links that Meta keeps for a number (`message_qrdls`): each opens a chat with a text.

They never expire, and a scan tells nothing: only the text says which link it was.
"""

from typing import Final

from integrations.providers.base.errors import Refused, Unavailable
from integrations.providers.base.reader import Reader
from integrations.providers.base.types import MessageLink
from integrations.providers.meta_cloud.graph import Graph

_EDGE: Final = "message_qrdls"


def create(graph: Graph, text: str) -> MessageLink:
    body = {"prefilled_message": text, "generate_qr_image": "SVG"}
    link = _read(graph.ask("POST", graph.number_id, _EDGE, body=body))
    if link is None:
        raise Unavailable("no_link", "Meta answered without a link")
    return link


def list_all(graph: Graph) -> list[MessageLink]:
    edge = graph.ask("GET", graph.number_id, _EDGE)
    return [link for item in edge.find_items("data") if (link := _read(item))]


def delete(graph: Graph, code: str) -> None:
    """A link that is gone already is what was wanted, however Meta refuses it."""
    try:
        graph.ask("DELETE", graph.number_id, _EDGE, code)
    except Refused as error:
        if any(link.external_id == code for link in list_all(graph)):
            raise error from None


def _read(item: Reader) -> MessageLink | None:
    code, url = item.find_identifier("code"), item.find_text("deep_link_url")
    if not code or not url:
        return None
    return MessageLink(
        external_id=code,
        text=item.find_text("prefilled_message") or "",
        url=url,
        qr_url=item.find_text("qr_image_url") or "",
    )
