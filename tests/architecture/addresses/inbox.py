"""Raw webhooks, sign-ins of the installation, requests of no workspace."""

from accounts.permissions import Action
from tests.architecture.addresses.kinds import (
    NOT_THERE,
    READ,
    Address,
    Who,
    act,
    file,
    page,
)

_RAW_FILTERS = (
    "integration={integration}",
    "channel={phone}",
    "replayed=1-{webhook_pk}",
)

ADDRESSES: dict[str, Address] = {
    # Raw webhooks.
    "webhooks:home": page(
        Action.READ, queries=("period=today", "from=2026-03-01&to=2026-03-31")
    ),
    "webhooks:home-export": file(
        Action.READ, queries=("from=2026-03-01&to=2026-03-31",)
    ),
    "webhooks:webhook-list": page(
        Action.READ,
        queries=_RAW_FILTERS,
        parts=("after={webhook_pk}", "replayed=1-{webhook_pk}"),
    ),
    "webhooks:webhook-replay": act(
        Action.OPERATE_INBOX,
        bodies=(
            {"row": "{webhook}"},
            {"row": "{webhook}", "step": "do"},
            {"range": "1", "integration": "{integration}", "step": "do"},
        ),
    ),
    "webhooks:webhook-detail": page(
        Action.READ, "webhook", queries=("from=channel={phone}",)
    ),
    "webhooks:webhook-content": act(Action.OPERATE_INBOX, "webhook", empty=200),
    "webhooks:webhook-raw": act(Action.OPERATE_INBOX, "webhook", empty=200),
    "webhooks:webhook-park": act(
        Action.OPERATE_INBOX, "webhook", empty=200, bodies=({"reason": "x"},)
    ),
    # The installation's sign-ins: they belong to no workspace.
    "accounts:platform-sign-ins": Address(who=Who.STAFF, answers=READ, is_of_all=True),
    "accounts:platform-sign-ins-csv": Address(
        who=Who.STAFF, answers={"GET": 200}, is_of_all=True
    ),
    # Requests of no workspace. Those of one are not among them, whoever asks.
    "platform:webhook-list": Address(
        who=Who.STAFF,
        answers=READ,
        queries=_RAW_FILTERS,
        parts=("after={webhook_pk}", "replayed=1-{webhook_pk}"),
    ),
    "platform:webhook-replay": Address(
        who=Who.STAFF,
        answers={"POST": 302},
        bodies=({"row": "{webhook}"}, {"row": "{webhook}", "step": "do"}),
    ),
    "platform:webhook-detail": Address(
        who=Who.STAFF, answers=NOT_THERE, path={"key": "webhook"}
    ),
} | {
    f"platform:webhook-{act}": Address(
        who=Who.STAFF, answers={"POST": 404}, path={"key": "webhook"}
    )
    for act in ("content", "raw", "park")
}
