"""Our numbers."""

from accounts.permissions import Action
from tests.architecture.addresses.kinds import (
    AT,
    READ,
    Address,
    Who,
    act,
    form,
    page,
)

ADDRESSES: dict[str, Address] = {
    # Our numbers.
    "integrations:channel-list": page(Action.READ),
    "integrations:connect-provider": page(Action.CONNECT),
    "integrations:connect-credentials": Address(
        who=Who.MEMBER,
        action=Action.CONNECT,
        answers={**READ, "POST": 422},
        path={"workspace_slug": "slug", "provider": "waha"},
        bodies=({"name": "Outro", "phone_number": "+5511900000000"},),
    ),
    "integrations:connect-return": Address(
        who=Who.MEMBER,
        action=Action.CONNECT,
        answers={"GET": 410},  # nobody waits for it; a preview's HEAD uses nothing up
        path={"workspace_slug": "slug", "provider": "dialog360"},
        queries=("state=x&client=A&channels=[b]",),
    ),
    "integrations:session-detail": form(
        Action.CONNECT,
        "phone",
        empty=302,
        queries=("show=code", "ask=disconnect", "fresh=1"),
        parts=("seen=x",),
        bodies=({"act": "disconnect", "sure": "1"}, {"act": "again"}),
    ),
    "integrations:channel-webhook": form(
        Action.CONNECT,
        "phone",
        empty=302,
        bodies=({"act": "set"}, {"act": "secret"}, {"act": "renew"}),
    ),
    "webhooks:channel-proof": page(
        Action.CONNECT, "phone", queries=("since=1",), parts=("since=1&seen=x",)
    ),
    "integrations:business-phone": form(
        Action.REPLY,
        "phone",
        empty=302,
        queries=("code={email}", "scan=1"),
        parts=("seen={email}",),
        bodies=(
            {"intent": "link", "code": "{email}"},
            {"intent": "pair", "code": "{email}"},
            {"intent": "mishap", "mishap": "offline"},
        ),
    ),
    "integrations:alerts": form(
        Action.READ,
        empty=302,
        parts=("shown={outage_hex}-0",),
        bodies=({"alert": "{outage_hex}-0"},),
    ),
    "integrations:channel-detail": page(
        Action.READ, "channel", queries=(f"before={AT}-{{outage_hex}}",)
    ),
    "integrations:channel-log": page(
        Action.CONNECT, "channel", queries=(f"before={AT}-{{user_pk}}",)
    ),
    "integrations:channel-check": act(Action.CONNECT, "channel"),
    "integrations:channel-reconnect": act(Action.CONNECT, "channel"),
    "integrations:channel-start-clean": form(Action.CONNECT, "channel", empty=302),
    "integrations:channel-disconnect": form(Action.CONNECT, "channel", empty=302),
    "integrations:channel-remove": form(
        Action.CONNECT, "channel", bodies=({"number": "{phone}"},)
    ),
    "integrations:channel-name": form(
        Action.CONNECT, "channel", empty=302, bodies=({"name": "Outro"},)
    ),
    "integrations:channel-receipts": form(
        Action.CONNECT, "channel", empty=302, bodies=({"marks_read": "on"},)
    ),
    "integrations:channel-credentials": form(
        Action.CONNECT, "channel", bodies=({"version": "1"},)
    ),
    # Of a number without an integration: there is nobody to ask.
    "integrations:message-links": page(
        Action.READ, "channel", queries=("before={email}",)
    ),
    "integrations:message-link-new": form(
        Action.CONNECT, "channel", bodies=({"text": "Oi"},)
    ),
    "integrations:message-link-delete": Address(
        who=Who.MEMBER,
        action=Action.CONNECT,
        answers={**READ, "POST": 200},
        path={"workspace_slug": "slug", "key": "channel", "code": "LINK1"},
    ),
    "integrations:message-link-qr": Address(
        who=Who.MEMBER,
        action=Action.READ,
        answers=READ,
        path={"workspace_slug": "slug", "key": "channel", "code": "LINK1"},
    ),
}
