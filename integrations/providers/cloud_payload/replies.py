"""Interactive messages of the Cloud API: a person's tap, or our own seen as an echo."""

from contextlib import suppress

from integrations.providers.base.errors import Unreadable
from integrations.providers.base.reader import Reader, decode
from integrations.providers.base.types import Json, MessageKind
from integrations.providers.cloud_payload.body import Body


def read_button(message: Reader, errors: Json) -> Body:
    """The quick reply of a template."""
    button = message.section("button")
    content = {"payload": button.plain("payload")} if button.has("payload") else {}
    return Body(
        MessageKind.BUTTON_REPLY, button.find_text("text") or "", content=content
    )


def read_interactive(message: Reader, errors: Json) -> Body:
    """May come empty, its reason beside it in the message or in the whole change."""
    interactive = message.find_section("interactive")
    told = message.plain("errors") or errors
    if interactive is None or not interactive.value:
        return Body(MessageKind.INTERACTIVE, content={"errors": told} if told else {})
    word = interactive.find_text("type") or ""
    reply = interactive.find_section(word)
    if word == "button_reply" and reply is not None:
        return _tapped(MessageKind.BUTTON_REPLY, reply)
    if word == "list_reply" and reply is not None:
        return _tapped(MessageKind.LIST_REPLY, reply)
    if word == "nfm_reply" and reply is not None:
        return _flow(reply)
    if word == "call_permission_reply" and reply is not None:
        return Body(MessageKind.CALL_PERMISSION, content=dict(reply.value))
    body = interactive.find_section("body")
    return Body(
        MessageKind.INTERACTIVE,
        (body and body.find_text("text")) or "",
        content={"type": word, "interactive": interactive.value},
    )


def read_template(message: Reader, errors: Json) -> Body:
    template = message.section("template")
    return Body(
        MessageKind.TEMPLATE,
        template.find_text("name") or "",
        content=dict(template.value),
    )


def _tapped(kind: MessageKind, reply: Reader) -> Body:
    content = {key: value for key, value in reply.value.items() if key != "title"}
    return Body(kind, reply.find_text("title") or "", content=content)


def _flow(reply: Reader) -> Body:
    """The answers of a flow are JSON within the JSON; unreadable ones stay text."""
    answers = reply.plain("response_json")
    if isinstance(answers, str):
        with suppress(Unreadable):
            answers = decode(answers)
    content = {"name": reply.plain("name"), "response": answers}
    return Body(
        MessageKind.FLOW_REPLY,
        reply.find_text("body") or "",
        content={key: value for key, value in content.items() if value is not None},
    )
