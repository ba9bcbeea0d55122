"""What a simulated phone shows: who has written to the number, and each one's thread."""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, OuterRef, Subquery, Value, When

from integrations.models import Channel
from whatsapp import phones
from whatsapp.models import Conversation, Identity, IdentityKind, TrackedLink
from whatsapp.selectors.people import PHONE_KINDS

MOST_CUSTOMERS = 8
MOST_LINKS = 50


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody the phone can be: WhatsApp digits and the name shown there."""

    number: str
    name: str


def list_customers(channel: Channel) -> list[Customer]:
    """Who wrote to this number last, most recent first; only people with a number."""
    number = (
        Identity.objects.for_workspace(channel.workspace_id)
        .filter(lead=OuterRef("lead"), kind__in=PHONE_KINDS)
        .order_by(
            Case(
                When(kind=IdentityKind.WA_ID, then=Value(0)),
                default=Value(1),
                output_field=IntegerField(),
            ),
            "id",
        )
        .values("value")[:1]
    )
    rows = (
        Conversation.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel)
        .annotate(number=Subquery(number))
        .filter(number__isnull=False)
        .order_by("-last_message_at", "-id")
        .values_list("number", "lead__name")[: MOST_CUSTOMERS * 2]
    )
    # One person may have closed conversations beside the open one.
    names: dict[str, str] = {}
    for digits, name in rows:
        names.setdefault(digits, name)
    found = [Customer(digits, name) for digits, name in names.items()]
    return found[:MOST_CUSTOMERS]


def find_conversation(channel: Channel, *, number: str) -> Conversation | None:
    """The latest conversation of the person who has this number."""
    leads = (
        Identity.objects.for_workspace(channel.workspace_id)
        .filter(match_key=phones.match_key_for_phone(number))
        .values("lead")
    )
    return (
        Conversation.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel, lead__in=leads)
        .order_by("-last_message_at", "-id")
        .first()
    )


def list_links(channel: Channel) -> list[TrackedLink]:
    """The links that lead to this number and work."""
    return list(
        TrackedLink.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel, is_paused=False)
        .select_related("channel")
        .order_by("slug")[:MOST_LINKS]
    )
