"""Tickets, clients and events between systems."""

from accounts.permissions import Action
from tests.architecture.addresses.kinds import (
    AT,
    NOT_THERE,
    Address,
    act,
    anybodys,
    file,
    form,
    page,
)

_SAVED = ("rename={saved}", "delete={saved}")
_SAVED_ACTS = (
    {"act": "rename", "key": "{saved}", "name": "Outro"},
    {"act": "delete", "key": "{saved}"},
    {"act": "save", "name": "Novo", "query": "link={link_slug}"},
    {"act": "save", "name": "Novo", "query": "channel={channel}"},
)
_TICKET_FILTERS = (
    f"before={AT}-{{ticket_hex}}",
    "client={client}&status=all",
    "lead={lead}&status=all",
    "assignee={user_pk}&status=all",
    "source={channel}&status=all",
    "q={email}&status=all",
)
_SUBSCRIPTION = {
    "name": "Outro",
    "url": "https://example.com/events",
    "kind_ticket_created": "on",
}
_DRAFT = "5b1f3f0e-0000-4000-8000-000000000001"
_TICKET = {"title": "Outro", "priority": "normal", "key": _DRAFT}
_NOTIFICATION_FILTERS = (
    f"before={AT}-{{ticket_hex}}",
    "rule={notice}",
    "template={email}",
    "reason={email}",
)
_RULE = {"event": "created", "audience": "client", "language": "en", "text": "Oi"}
_WAYS = {"quiet_from": "21:00", "quiet_until": "08:00", "repeat_minutes": "5"}

ADDRESSES: dict[str, Address] = {
    # Tickets and clients.
    "tickets:ticket-list": page(Action.READ, queries=_TICKET_FILTERS),
    "tickets:ticket-export": file(Action.READ, queries=_TICKET_FILTERS),
    "tickets:ticket-filters": form(
        Action.READ, empty=400, queries=_SAVED, bodies=_SAVED_ACTS
    ),
    "tickets:ticket-new": form(
        Action.EDIT_TICKETS,
        empty=422,
        queries=("conversation={conversation}", "client={client}"),
        bodies=(
            _TICKET | {"conversation": "{conversation}"},
            _TICKET | {"client": "{client}", "find": "1", "who": "{email}"},
            _TICKET | {"assignee": "{user_pk}"},
        ),
    ),
    "tickets:ticket-bulk": act(
        Action.EDIT_TICKETS,
        bodies=(
            {"ticket": "{ticket}", "status": "closed", "step": "do"},
            {"ticket": "{ticket}", "priority": "high"},
        ),
    ),
    "tickets:ticket-detail": form(
        Action.READ,
        "ticket",
        empty=400,
        queries=(f"earlier={AT}-{{ticket_hex}}", "from=client={client}"),
        bodies=(
            {"act": "change", "status": "closed"},
            {"act": "change", "assignee": "{user_pk}"},
            {"act": "comment", "text": "x", "audience": "team", "key": _DRAFT},
            {"act": "link"},
            {"act": "withdraw", "sure": "1"},
        ),
    ),
    "tickets:ticket-edit": form(
        Action.EDIT_TICKETS,
        "ticket",
        empty=422,
        bodies=(
            _TICKET | {"client": "{client}"},
            _TICKET | {"assignee": "{user_pk}"},
        ),
    ),
    "tickets:notification-list": page(Action.READ, queries=_NOTIFICATION_FILTERS),
    "tickets:notification-export": file(Action.READ, queries=_NOTIFICATION_FILTERS),
    "tickets:notification-rules": form(
        Action.READ,
        empty=400,
        bodies=({"act": "off", "rule": "{notice}"}, {"act": "defaults"}),
    ),
    "tickets:notification-rule-new": form(
        Action.MANAGE_WORKSPACE,
        empty=422,
        bodies=(
            _RULE | {"template": "{template}"},
            _RULE | {"channel": "{channel}", "act": "look"},
            _RULE | {"act": "try", "number": "{phone}", "key": _DRAFT},
        ),
    ),
    "tickets:notification-rule-edit": form(
        Action.MANAGE_WORKSPACE,
        "notice",
        empty=422,
        bodies=(_RULE | {"act": "look"}, {"act": "remove"}),
    ),
    "tickets:notification-settings": form(
        Action.MANAGE_WORKSPACE,
        empty=422,
        bodies=({**_WAYS, "channel": "{channel}"},),
    ),
    "tickets:client-list": page(
        Action.READ, queries=("q={email}", f"before={AT}-{{client_hex}}")
    ),
    "tickets:client-export": file(Action.READ, queries=("q={email}",)),
    "tickets:client-new": form(
        Action.EDIT_TICKETS, empty=422, bodies=({"name": "Outra", "key": "{client}"},)
    ),
    "tickets:client-detail": page(Action.READ, "client"),
    "tickets:client-edit": form(
        Action.EDIT_TICKETS,
        "client",
        empty=422,
        bodies=({"name": "Outra", "phone": "+5511987654321"},),
    ),
    "tickets:client-link": act(
        Action.EDIT_TICKETS, "client", bodies=({"lead": "{lead}"},)
    ),
    # Events between systems.
    "events:event-list": page(Action.MANAGE_WORKSPACE),
    "events:event-source-new": form(
        Action.MANAGE_WORKSPACE, empty=422, bodies=({"name": "Outro"},)
    ),
    "events:event-source": page(
        Action.MANAGE_WORKSPACE, "source", queries=(f"before={AT}-{{source_hex}}",)
    ),
    "events:event-source-rotate": form(
        Action.MANAGE_WORKSPACE, "source", empty=422, bodies=({"overlap": "3600"},)
    ),
    "events:event-source-delete": form(
        Action.MANAGE_WORKSPACE, "source", empty=422, bodies=({"name": "Outro"},)
    ),
    "events:subscription-new": form(
        Action.MANAGE_WORKSPACE, empty=422, bodies=(_SUBSCRIPTION,)
    ),
    "events:subscription-detail": page(
        Action.MANAGE_WORKSPACE,
        "subscription",
        queries=(f"before={AT}-{{delivery_hex}}", "state=failed&kind=ticket.created"),
    ),
    "events:subscription-edit": form(
        Action.MANAGE_WORKSPACE, "subscription", empty=422, bodies=(_SUBSCRIPTION,)
    ),
    "events:subscription-rotate": form(
        Action.MANAGE_WORKSPACE, "subscription", empty=422, bodies=({"overlap": "0"},)
    ),
    "events:subscription-delete": form(
        Action.MANAGE_WORKSPACE, "subscription", empty=422, bodies=({"name": "Outro"},)
    ),
    "events:subscription-state": act(
        Action.MANAGE_WORKSPACE, "subscription", bodies=({"act": "off"},)
    ),
    "events:subscription-test": act(Action.MANAGE_WORKSPACE, "subscription"),
    "events:subscription-again": act(
        Action.MANAGE_WORKSPACE,
        "subscription",
        bodies=(
            {"delivery": "{delivery}"},
            {"delivery": "{delivery}", "stay": "1"},
            {"failed_since": "2026-03-01"},
        ),
    ),
    "events:subscription-export": file(
        Action.MANAGE_WORKSPACE, "subscription", queries=("state=failed",)
    ),
    "events:delivery-detail": page(Action.MANAGE_WORKSPACE, "delivery", parts=("x=1",)),
    # Whoever signs: without a signature, and with two sources in the database, nobody.
    "ticket-events:incoming": anybodys({"POST": 400}),
    "ticket-events:incoming-of": anybodys({"POST": 404}, key="nenhuma"),
    # Whoever holds the signed link of a ticket.
    "tickets-public:ticket": anybodys({**NOT_THERE, "POST": 404}, token="inexistente"),
}
