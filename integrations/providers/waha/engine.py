"""What the engines below WAHA tell in `_data`, where WAHA itself says too little.

NOWEB hands on the message of Baileys (`_data.message`), GOWS that of whatsmeow
(`_data.Message`, `_data.Info`), WEBJS an object of the web page with a `type`. All of it
may change any day, so nothing here insists.
"""

from dataclasses import dataclass
from typing import Final

from integrations.providers.base.reader import Reader
from integrations.providers.base.types import Referral

# Wrappers of the protocol around the message proper.
_WRAPPERS: Final = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
)
_BESIDE: Final = frozenset({"messageContextInfo", "senderKeyDistributionMessage"})
_AD: Final = ("externalAdReply", "externalAdReplyInfo")
# Notices of the page itself; nobody wrote them.
_NOTICES: Final = frozenset(
    {"e2e_notification", "notification", "notification_template", "gp2"}
    | {"call_log", "protocol", "protocolMessage"}
)


@dataclass(frozen=True, slots=True)
class Engine:
    """`word` is the engine's own for the kind of message, `body` what belongs to it."""

    word: str
    body: Reader
    context: Reader
    addresses: tuple[str, ...]
    name: str | None

    @property
    def is_notice(self) -> bool:
        return self.word in _NOTICES


def read_engine(payload: Reader, *, is_ours: bool) -> Engine:
    data = payload.find_section("_data") or Reader({})
    info = data.find_section("Info") or Reader({})
    key = data.find_section("key") or Reader({})
    message = data.find_section("message") or data.find_section("Message")
    word, body = _proper(message) if message else ("", Reader({}))
    other_side = "RecipientAlt" if is_ours else "SenderAlt"
    told = (
        key.find_text("remoteJid"),
        key.find_text("remoteJidAlt"),
        info.find_text("Chat"),
        info.find_text(other_side),
    )
    name = info.find_text("PushName") or data.find_text("pushName")
    return Engine(
        word=word or data.find_text("type", most=100) or "",
        body=body,
        context=body.find_section("contextInfo") or Reader({}),
        addresses=tuple(filter(None, told)),
        name=name or data.find_text("notifyName"),
    )


def _proper(message: Reader) -> tuple[str, Reader]:
    """The word and the body of a message, out of its wrappers."""
    for wrapper in _WRAPPERS * 2:  # a document that vanishes wears two
        inner = (message.find_section(wrapper) or Reader({})).find_section("message")
        message = inner or message
    for word, body in message.value.items():
        if type(body) is dict and word not in _BESIDE:
            return word[:100], Reader(body)
    return ("conversation" if message.has("conversation") else ""), Reader({})


def read_referral(context: Reader) -> Referral | None:
    """The ad behind the first message; a preview of a link has the same shape without it."""
    ad = next(filter(None, map(context.find_section, _AD)), None)
    if ad is None:
        return None
    referral = Referral(
        ctwa_clid=ad.find_text("ctwaClid", most=512),
        source_type=ad.find_text("sourceType", most=40),
        source_id=_either(ad, "sourceId", "sourceID", most=100),
        source_url=_either(ad, "sourceUrl", "sourceURL"),
        headline=ad.find_text("title"),
        body=ad.find_text("body"),
        media_url=_either(ad, "mediaUrl", "mediaURL")
        or _either(ad, "thumbnailUrl", "thumbnailURL"),
    )
    is_ad = referral.ctwa_clid or referral.source_id or referral.source_type
    return referral if is_ad else None


def _either(
    owner: Reader, name: str, gows_name: str, *, most: int | None = None
) -> str | None:
    """GOWS writes some names as Go does."""
    return owner.find_text(name, most=most) or owner.find_text(gows_name, most=most)
