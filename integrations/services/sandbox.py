"""The simulated phone's post: its signed bodies go to our own webhook, over HTTP.

The page of the phone comes before; the receiver, which knows nothing of this, after. It
posts where Recado has told the sandbox to, as it tells every provider that can be told.
"""

from collections.abc import Mapping, Sequence

from django.conf import settings

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.http import Client
from integrations.models import Channel, Integration, Mishap
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import Json
from integrations.providers.sandbox import phone, signature
from integrations.selectors import simulated
from integrations.services import webhook_urls

SLUG = "sandbox"
SHARED_PATH = "/webhooks/whatsapp/"
DEADLINE = 10.0  # somebody looks at the page meanwhile
# Why a message of a customer does not leave the phone of the business.
NOT_LINKED, OFFLINE = "not_linked", "offline"

message = phone.message
status = phone.status


class NotDelivered(Exception):
    """The webhook did not take the body; `code` is its answer or what went wrong."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def post(
    channel: Channel,
    events: Sequence[Mapping[str, Json]],
    *,
    times: int = 1,
    is_forged: bool = False,
) -> None:
    """Pass on what reached the phone of the business, or raise NotDelivered.

    Only a phone that is linked to Recado and has internet passes anything on.
    """
    with workspace_transaction(channel.workspace_id):
        found = simulated.find_phone(channel)
    if not found.is_linked:
        raise NotDelivered(NOT_LINKED)
    if found.mishap == Mishap.OFFLINE:
        raise NotDelivered(OFFLINE)
    deliver(channel, events, times=times, is_forged=is_forged)


def deliver(
    channel: Channel,
    events: Sequence[Mapping[str, Json]],
    *,
    times: int = 1,
    is_forged: bool = False,
) -> None:
    """Deliver events for a simulated number, or raise NotDelivered.

    Providers repeat themselves: `times` posts the same bytes again. `is_forged` signs
    with a wrong secret, which the webhook must refuse.
    """
    if channel.integration is None:
        raise NotDelivered("no_integration")
    credentials = gateway.unseal_credentials(channel.integration)
    secret = credentials["webhook_secret"]
    address, token = _address(channel, channel.integration)
    body, headers = phone.webhook(
        channel.external_id or channel.phone.removeprefix("+"),
        events,
        webhook_secret=f"not {secret}" if is_forged else secret,
    )
    client = Client(
        workspace_id=channel.workspace_id,
        integration_id=channel.integration_id,
        channel_id=channel.pk,
        redact_keys={signature.HEADER},
        secrets=[secret, token] if token else [secret],
        deadline=DEADLINE,
    )
    for _ in range(times):
        _post_once(client, address, body, headers)


def _address(channel: Channel, integration: Integration) -> tuple[str, str]:
    """Where the phone posts, and the secret part of that: the URL set, else the shared one."""
    with workspace_transaction(channel.workspace_id):
        digest = simulated.find_phone(channel).posts_to
        if digest is None:
            return f"{settings.PUBLIC_URL}{SHARED_PATH}", ""
        url = webhook_urls.find_again(integration, bytes(digest))
    if not url:
        raise NotDelivered(
            "404"
        )  # what is told to whoever posts to an address that ended
    return url, url.rstrip("/").rpartition("/")[2]


def _post_once(
    client: Client, address: str, body: bytes, headers: Mapping[str, str]
) -> None:
    try:
        answer = client.request(
            "POST",
            address,
            operation="simulated_phone",
            headers=headers,
            content=body,
        )
    except ProviderError as error:
        raise NotDelivered(error.code) from None
    if answer.status_code != 200:
        raise NotDelivered(str(answer.status_code))
