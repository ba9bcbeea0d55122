"""The simulated phone's post: its signed bodies go to our own webhook, over HTTP.

The page of the phone comes before; the receiver, which knows nothing of this, after. It
takes the URL that numbers share, so no webhook token has to be known or made.
"""

from collections.abc import Mapping, Sequence

from django.conf import settings

from integrations import gateway
from integrations.http import Client
from integrations.models import Channel
from integrations.providers.base.errors import ProviderError
from integrations.providers.base.types import Json
from integrations.providers.sandbox import phone, signature

SLUG = "sandbox"
DEADLINE = 10.0  # somebody looks at the page meanwhile

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
    """Deliver events for a simulated number, or raise NotDelivered.

    Providers repeat themselves: `times` posts the same bytes again. `is_forged` signs
    with a wrong secret, which the webhook must refuse.
    """
    if channel.integration is None:
        raise NotDelivered("no_integration")
    credentials = gateway.unseal_credentials(channel.integration)
    secret = credentials["webhook_secret"]
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
        secrets=[secret],
        deadline=DEADLINE,
    )
    for _ in range(times):
        _post_once(client, body, headers)


def _post_once(client: Client, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        answer = client.request(
            "POST",
            f"{settings.PUBLIC_URL}/webhooks/whatsapp/",
            operation="simulated_phone",
            headers=headers,
            content=body,
        )
    except ProviderError as error:
        raise NotDelivered(error.code) from None
    if answer.status_code != 200:
        raise NotDelivered(str(answer.status_code))
