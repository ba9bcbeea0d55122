"""Conversations, leads and tracked links."""

from accounts.permissions import Action
from tests.architecture.addresses.kinds import (
    AT,
    Address,
    act,
    file,
    form,
    member,
    page,
)

_LEAD_FILTERS = (
    "link={link_slug}",
    "origin=link&campaign={link_slug}&source={link_slug}",
    "ad={link_slug}&won=1&talk=1",
    "q={email}",
    f"before={AT}-{{lead_hex}}",
    "from=link={link_slug}",
)
_CONVERSATION_FILTERS = (
    "channel={channel}",
    "channel={phone}&tab=closed",
    "q={email}",
    f"before={AT}-{{conversation_hex}}",
)
_SAVED = ("rename={saved}", "delete={saved}")
_SAVED_ACTS = (
    {"act": "rename", "key": "{saved}", "name": "Outro"},
    {"act": "delete", "key": "{saved}"},
    {"act": "save", "name": "Novo", "query": "link={link_slug}"},
    {"act": "save", "name": "Novo", "query": "channel={channel}"},
)
_LINK = {
    "slug": "novo-link",
    "channel": "{channel}",
    "prefilled_text": "Oi",
}
_DRAFT = "5b1f3f0e-0000-4000-8000-000000000001"

ADDRESSES: dict[str, Address] = {
    # Conversations, leads, links.
    "whatsapp:conversation-list": page(
        Action.READ,
        queries=_CONVERSATION_FILTERS,
        parts=(f"after={AT}-{{conversation_hex}}&channel={{channel}}", "q={email}"),
    ),
    "whatsapp:conversation-detail": form(
        Action.READ,
        "conversation",
        empty=400,
        queries=(*_CONVERSATION_FILTERS, f"earlier={AT}-{{touch_pk}}"),
        parts=("live=open-{user_pk}",),
        bodies=(
            {"act": "assign", "assignee": "{user_pk}"},
            {"act": "assign", "assignee": "me", "was": "{user_pk}"},
            {"act": "close"},
            {"act": "reopen"},
            {"act": "read", "seen": "1"},
        ),
    ),
    "whatsapp:conversation-reply": member(
        Action.REPLY,
        "conversation",
        {"GET": 302, "HEAD": 302, "POST": 422},
        queries=("reply={message_pk}", "canned={canned}"),
        bodies=(
            {"text": "Oi", "draft": _DRAFT, "reply_to": "{message_pk}"},
            {"react": "👍", "target": "{message_pk}", "draft": _DRAFT},
        ),
    ),
    "whatsapp:conversation-settle": act(
        Action.REPLY,
        "conversation",
        empty=400,
        bodies=({"again": "{message_pk}"}, {"drop": "{message_pk}"}),
    ),
    "whatsapp:conversation-canned": form(
        Action.REPLY,
        empty=400,
        queries=("for={conversation}", "edit={canned}", "delete={canned}", "new=1"),
        bodies=(
            {"act": "add", "name": "preço", "text": "R$ 45"},
            {"act": "change", "key": "{canned}", "name": "x", "text": "y"},
            {"act": "delete", "key": "{canned}"},
        ),
    ),
    "whatsapp:conversation-filters": form(
        Action.READ, empty=400, queries=_SAVED, bodies=_SAVED_ACTS
    ),
    "whatsapp:lead-list": page(Action.READ, queries=_LEAD_FILTERS),
    "whatsapp:lead-export": file(Action.READ, queries=_LEAD_FILTERS),
    "whatsapp:lead-report": page(
        Action.READ, queries=("by=link&since=2026-03-01&until=2026-03-31",)
    ),
    "whatsapp:lead-report-export": file(
        Action.READ, queries=("by=link&since=2026-03-01&until=2026-03-31",)
    ),
    "whatsapp:lead-filters": form(
        Action.READ, empty=400, queries=_SAVED, bodies=_SAVED_ACTS
    ),
    "whatsapp:lead-detail": page(Action.READ, "lead", queries=("from=q={email}",)),
    "whatsapp:lead-edit": form(
        Action.EDIT_LEADS, "lead", empty=302, bodies=({"name": "Outra", "seen": ""},)
    ),
    "whatsapp:lead-duplicates": page(
        Action.READ, queries=(f"before={AT}-{{lead_hex}}", "clue=email")
    ),
    "whatsapp:lead-merge": form(
        Action.EDIT_LEADS,
        "lead",
        queries=("with={lead}", "q={email}"),
        bodies=({"with": "{lead}", "reason": "x"},),
    ),
    "whatsapp:lead-merge-undo": form(
        Action.EDIT_LEADS, "merge", bodies=({"reason": "x"},)
    ),
    "whatsapp:lead-apart": act(
        Action.EDIT_LEADS, "lead", empty=404, bodies=({"other": "{lead}"},)
    ),
    "whatsapp:lead-origin": form(
        Action.EDIT_LEADS,
        "lead",
        bodies=(
            {"origin": "touch-{touch_pk}", "reason": "x", "seen": "1"},
            {"origin": "link-{link_hex}", "reason": "x", "seen": "{attribution_pk}"},
        ),
    ),
    "whatsapp:lead-notes": form(
        Action.EDIT_LEADS,
        "lead",
        queries=("delete={note}",),
        bodies=(
            {"delete": "{note}"},
            {"key": "{note}", "text": "Outra nota"},
        ),
    ),
    "whatsapp:lead-silence": form(
        Action.EDIT_LEADS, "lead", bodies=({"wanted": "all", "reason": "x"},)
    ),
    "whatsapp:opt-out-words": form(Action.MANAGE_WORKSPACE, empty=302),
    "whatsapp:channel-hours": form(
        Action.CONNECT, "channel", bodies=({"preview": "1", "day_0": "9-18"},)
    ),
    "whatsapp:link-list": page(Action.READ, queries=("sort=clicks&page=2",)),
    "whatsapp:link-export": file(Action.READ, queries=("sort=name",)),
    "whatsapp:link-won-stages": form(
        Action.EDIT_LINKS, empty=302, bodies=({"won": "Ganho"},)
    ),
    "whatsapp:link-test": page(Action.READ, "walk"),
    "whatsapp:link-test-new": form(Action.EDIT_LINKS, "link"),
    "whatsapp:link-check": page(Action.READ, "link"),
    "whatsapp:link-check-now": act(Action.EDIT_LINKS, "link"),
    "whatsapp:link-funnel": file(Action.READ, "link"),
    "whatsapp:link-won": page(
        Action.READ, "link", queries=(f"before={AT}-{{touch_pk}}",)
    ),
    "whatsapp:link-new": form(
        Action.EDIT_LINKS,
        bodies=(_LINK, _LINK | {"preview": "1"}),
    ),
    "whatsapp:link-detail": page(Action.READ, "link"),
    "whatsapp:link-edit": form(
        Action.EDIT_LINKS, "link", bodies=(_LINK, _LINK | {"preview": "1"})
    ),
    "whatsapp:link-state": form(
        Action.EDIT_LINKS, "link", empty=400, bodies=({"state": "paused"},)
    ),
    "whatsapp:link-clicks": page(
        Action.READ, "link", queries=(f"before={AT}-{{touch_pk}}",)
    ),
    "whatsapp:link-conversations": page(
        Action.READ, "link", queries=(f"before={AT}-{{touch_pk}}",)
    ),
    "whatsapp:link-qr": page(Action.READ, "link"),
    "whatsapp:link-qr-png": page(Action.READ, "link"),
    "whatsapp:sandbox-phone": form(
        Action.REPLY,
        "phone",
        empty=302,
        queries=("reply={email}",),
        bodies=(
            {"intent": "link", "link": "{link}", "token": "whole", "draft": _DRAFT},
        ),
    ),
    "whatsapp:send-list": page(
        Action.READ,
        queries=(
            "number={channel}",
            "q={email}",
            "before=1760000000000000-{send_hex}",
            "since=2026-03-10T10:00&until=2026-03-11T10:00",
        ),
    ),
    "whatsapp:send-export": file(Action.READ, queries=("number={phone}",)),
    "whatsapp:send-detail": page(Action.READ, "send"),
    "whatsapp:send-act": act(
        Action.REPLY,
        bodies=(
            {"act": "again", "key": "{send}"},
            {"act": "drop", "key": "{send}", "step": "do"},
            {"act": "again", "range": "1", "number": "{channel}"},
        ),
    ),
    "whatsapp:conversation-messages": page(
        Action.READ,
        queries=("direction=outbound&since=2026-03-01T00:00", f"before={AT}-1"),
    ),
    "whatsapp:conversation-first-answers": page(
        Action.READ,
        queries=("answered=no&since=2026-03-01T00:00", f"before={AT}-{{lead_hex}}"),
    ),
    "whatsapp:conversation-unheard": page(Action.READ),
    "whatsapp:conversation-unheard-settle": act(
        Action.REPLY,
        bodies=(
            {"channel": "{channel}", "peer": "p:5511987654321", "verdict": "ours"},
        ),
    ),
    "whatsapp:conversation-template": form(
        Action.REPLY, "conversation", empty=422, queries=("template={template}",)
    ),
    "whatsapp:template-list": page(
        Action.READ, queries=("number={phone}", "q={email}&state=approved")
    ),
    "whatsapp:template-new": form(
        Action.CONNECT,
        queries=("from={template}",),
        bodies=({"number": "{phone}", "name": "novo", "preview": "1"},),
    ),
    "whatsapp:template-sync": act(Action.CONNECT),
    "whatsapp:template-detail": page(Action.READ, "template"),
    "whatsapp:template-edit": form(Action.CONNECT, "template"),
    "whatsapp:template-delete": form(Action.CONNECT, "template"),
    "whatsapp:template-settle": act(Action.CONNECT, "template"),
    "whatsapp:outage-detail": page(Action.READ, "outage"),
    "whatsapp:media-file": page(Action.READ, "file"),
    "whatsapp:media-preview": page(Action.READ, "file"),
    "whatsapp:media-again": act(Action.REPLY, empty=404, bodies=({"key": "{file}"},)),
    "whatsapp:outage-people": file(Action.READ, "outage"),
}
