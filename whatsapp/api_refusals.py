"""Why a message is not promised, in the names of whoever asked for it. Pure."""

from collections.abc import Mapping
from typing import Final

from accounts.api.answers import Problem, unprocessable
from whatsapp import send_reasons
from whatsapp.services import api_sends, replies
from whatsapp.services.replies import ReplyRefused

_SENTENCES: Final = {
    api_sends.UNKNOWN_CHANNEL: "There is no such number, or it is of another one.",
    api_sends.CHANNEL_NEEDED: "Name the number it goes out from: there is not just one.",
    api_sends.UNKNOWN_CONVERSATION: "There is no such conversation.",
    replies.OUT_OF_REACH: "The last message did not reach them, so this one would not.",
    api_sends.NOT_A_NUMBER: "A phone number with its country code is expected.",
}


def problem(refused: ReplyRefused, fields: Mapping[str, str]) -> Problem:
    """`fields` say how the caller calls what the refusal names: text, caption, person …"""
    sentence = _SENTENCES.get(refused.reason) or send_reasons.in_full(
        send_reasons.refusal("", refused.reason, most=refused.most)
    )
    if refused.code:
        sentence = f"{sentence} (code {refused.code})"
    field = fields.get(refused.field, refused.field)
    if refused.reason in ("file_type", "file_too_large"):
        name = "mime_type" if refused.reason == "file_type" else "size"
        field = f"media.{name}"
    return unprocessable(field, str(refused.reason), str(sentence))
