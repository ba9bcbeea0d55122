"""A workspace that attacks its pages: 500 hostile strings wherever a stranger may write."""

import itertools
from datetime import timedelta

from django.utils import timezone

from integrations.models import Channel
from integrations.providers.base.outgoing import Template
from tests.browser import attack_work, house_numbers
from tests.browser.house import Shop
from tests.factories import accounts as make_people
from tests.factories import cloud_api
from tests.factories import integrations as make_numbers
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make
from webhooks.models import RawWebhook
from whatsapp import tokens
from whatsapp.folding import fold
from whatsapp.models import (
    Conversation,
    Lead,
    LeadNote,
    Message,
    OutboxEntry,
    Touch,
    TrackedLink,
)

HOSTILE_COUNT = 500
_PARTS = (
    '"><img src=x onerror=alert(1)>',
    "<script>alert(document.domain)</script>",
    "</title></textarea><svg/onload=alert(1)>",
    "javascript:alert(1)//",
    "{{ 7|add:7 }}{% debug %}${7*7}",
    '=HYPERLINK("http://example.com","x")',
    "+SUM(1;1)*cmd|' /C calc'!A0",
    "@import url(//example.com/x.css);",
    "\u202egnp.txe\u202c",
    "\u2066\u2067\u2068isolated",
    "zero\u200bwidth\u200d\ufeff\u2060",
    "W" * 180,
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦" * 12,
    "e" + "\u0301" * 60,
    "&lt;b&gt;&amp;#39;",
    "' OR 1=1; --",
    "\\u003cscript\\u003e",
    "\n\n\n",
    "%s %(name)s %n {0}",
    "-2+3",
    "\ttab\r\nHeader: injected",
    "data:text/html,<script>alert(1)</script>",
)


def hostile_strings() -> list[str]:
    """Every part alone, then one after the other, 500 in all."""
    pairs = ("".join(pair) for pair in itertools.permutations(_PARTS, 2))
    return list(itertools.islice(itertools.chain(_PARTS, pairs), HOSTILE_COUNT))


def build() -> Shop:
    texts = hostile_strings()
    workspace = make_people.workspace(slug="ataque", name=texts[0] + "W" * 60)
    number = make_numbers.channel(workspace, display_name=texts[1], state="connected")
    other = make_numbers.channel(workspace, display_name="W" * 100)
    phone = make_numbers.sandbox_number(workspace, display_name=texts[2][:100])
    link = _links(number, texts)
    lead, conversation = _people(link, other, texts)
    _talk(conversation, texts)
    other_talk = make.conversation(lead, phone, preview=texts[5])
    make.message(other_talk, text=texts[5], external_id="x")
    ticket, client = attack_work.tickets_of(conversation, texts)
    template = attack_work.templates_of(phone, texts)
    webhooks = _webhooks(workspace, texts)
    token = make_people.api_token(workspace, name=texts[3][:80])
    walk = make.link_test(link, phone, words=texts[0])
    gone = make.lead(workspace, name=texts[4][:200])
    merge = make.merge(
        gone, into=lead, reason=texts[6][:300], actor=make_people.user(email="m@x.com")
    )
    support, outage = house_numbers.support(workspace, timezone.now())
    support.display_name = texts[8][:100]
    support.save(update_fields=["display_name"])
    return Shop(
        workspace,
        conversation,
        lead,
        link,
        phone,
        webhooks[0],
        token,
        walk,
        merge=merge,
        support=support,
        outage=outage,
        failed=_sends(number, conversation, texts),
        closed=other_talk,
        template=template,
        ticket=ticket,
        client=client,
        notice=attack_work.notices_of(ticket, template, texts),
    )


def _sends(
    channel: Channel, conversation: Conversation, texts: list[str]
) -> OutboxEntry:
    """Everything that a provider, a member or another system may have put into one."""
    for text in texts[:60]:
        make.send(
            channel,
            text=text,
            thread=conversation,
            at=timezone.now(),
            content=Template(text.replace("\0", "")[:500] or "x", "pt_BR"),
            state="failed",
            reason=text.replace("\0", "")[:200],
            detail=text.replace("\0", "")[:300],
        )
    return make.send(
        channel,
        text=texts[9],
        thread=conversation,
        at=timezone.now(),
        state="uncertain",
        reason="http_500",
        detail=texts[10].replace("\0", "")[:300],
    )


def webhooks_of(shop: Shop) -> list[RawWebhook]:
    return list(RawWebhook.objects.filter(workspace=shop.workspace).order_by("pk"))


def _links(number: Channel, texts: list[str]) -> TrackedLink:
    """The first is clicked by everybody; the others are rows of the list."""
    for place, text in enumerate(texts[:60]):
        make.link(
            number,
            slug=f"{'a' * 50}-{place}",
            prefilled_text=text,
            utm_source=text[:200],
            utm_campaign=text[:200],
        )
    return make.link(number, slug="b" * 64, prefilled_text=texts[0], utm_term=texts[7])


def _people(
    link: TrackedLink, number: Channel, texts: list[str]
) -> tuple[Lead, Conversation]:
    """A lead, a click and a conversation for each; the first one has them all as notes."""
    workspace, now = link.workspace, timezone.now()
    leads = Lead.objects.bulk_create(
        Lead(
            workspace=workspace,
            name=text[:200],
            stage=text[:40],
            search_text=fold(text[:200]),
            created_at=now - timedelta(seconds=place),
        )
        for place, text in enumerate(texts)
    )
    touches = Touch.objects.bulk_create(
        Touch(
            workspace=workspace,
            lead=lead,
            kind="link",
            link=link,
            token=tokens.new_token(),  # by which it counts as a click
            occurred_at=lead.created_at,
            headline=text[:200],
            referrer=text,
            user_agent=text,
            utm_source=text[:200],
            source_url=text,
        )
        for lead, text in zip(leads, texts, strict=True)
    )
    conversations = Conversation.objects.bulk_create(
        Conversation(
            workspace=workspace,
            lead=lead,
            channel=number,
            preview=text[:160],
            last_message_at=lead.created_at,
            last_direction="inbound",
            message_count=1,
            created_at=lead.created_at,
        )
        for lead, text in zip(leads, texts, strict=True)
    )
    first = leads[0]
    make.identity(first, kind="username", value=texts[2])
    make.attribution(
        first,
        touch=touches[0],
        reason=texts[3],
        evidence=[{"step": text, "why": text, "found": {text: text}} for text in texts],
    )
    LeadNote.objects.bulk_create(
        LeadNote(workspace=workspace, lead=first, text=text, created_at=now)
        for text in texts
    )
    return first, conversations[0]


def _talk(conversation: Conversation, texts: list[str]) -> None:
    times = [make.NOON + timedelta(seconds=place) for place in range(len(texts))]
    Message.objects.bulk_create(
        Message(
            workspace=conversation.workspace,
            conversation=conversation,
            channel=conversation.channel,
            text=text,
            kind="unsupported" if place % 50 == 0 else "text",
            content={"type": text},
            direction="outbound" if place % 3 == 0 else "inbound",
            provider_at=at,
            received_at=at,
            stored_at=at,
            search_text=fold(text),
        )
        for place, (at, text) in enumerate(zip(times, texts, strict=True))
    )


def _webhooks(workspace, texts: list[str]) -> list[RawWebhook]:
    """A hundred messages each, which is what a page of the explorer shows."""
    return [
        make_webhooks.raw_webhook(
            workspace,
            body=cloud_api.body(
                *(
                    cloud_api.message(text, name=text[:100])
                    for text in texts[start : start + 100]
                )
            ),
            state="parked",
            error=texts[start // 100],
            headers={"x-hub-signature-256": texts[start // 100], "x": "W" * 300},
        )
        for start in range(0, len(texts), 100)
    ]
