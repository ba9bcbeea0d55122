"""A workspace with a row of every kind that pages show."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts import audit
from accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    SignInEvent,
    SignInRule,
    User,
    Workspace,
)
from integrations.models import Channel, Episode
from tests.factories import accounts as make_room_0
from tests.factories import events as make_events
from tests.factories import integrations as make_room_1
from tests.factories import tickets as make_room_3
from tests.factories import webhooks as make_room_4
from tests.factories import whatsapp as make
from tickets.models import (
    Client,
    EventDelivery,
    IncomingSource,
    NotificationRule,
    Subscription,
    Ticket,
    TicketCounter,
)
from webhooks.models import RawWebhook
from whatsapp.models import (
    Attribution,
    CannedReply,
    Conversation,
    Lead,
    LeadMerge,
    LeadNote,
    LinkTest,
    MediaAsset,
    Message,
    OutboxEntry,
    SavedFilter,
    Template,
    Touch,
    TrackedLink,
)


@dataclass(frozen=True, slots=True)
class Furniture:
    """What stands in a workspace, one of each kind; `lead` is what most others are about."""

    workspace: Workspace
    channel: Channel
    phone: Channel  # a simulated one
    outage: Episode  # of `channel`, and it lasts
    file: MediaAsset  # a picture with its preview, both of them stored
    lead: Lead
    merge: LeadMerge  # of another one into it
    link: TrackedLink
    touch: Touch
    attribution: Attribution
    conversation: Conversation
    message: Message  # the first of it
    talk: Conversation  # of `lead` on `phone`, heard just now
    heard: Message  # in `talk`
    canned: CannedReply
    note: LeadNote
    saved: SavedFilter  # the owner's
    walk: LinkTest
    send: OutboxEntry  # of `conversation`, and unconfirmed
    template: Template  # of `phone`; a change of it left somebody behind
    client: Client
    ticket: Ticket  # of `client`, about `conversation`
    notice: NotificationRule  # which has told `client` of it
    source: IncomingSource  # told of `ticket`
    subscription: Subscription
    delivery: EventDelivery  # of `subscription`, about `ticket`
    webhook: RawWebhook
    rule: SignInRule
    token: ApiToken
    member: Membership  # the agent's
    invited: Invitation
    user: User  # the agent


def furnish(
    workspace: Workspace,
    owner: User,
    agent: User,
    *,
    words: str,
    slug: str,
    reference: str,
) -> Furniture:
    """Every text that somebody else wrote is `words`; `slug` and `reference` are unique."""
    channel = make_room_1.channel(workspace, display_name=words[:100])
    make_room_1.channel(workspace, display_name="Suporte")
    phone = make_room_1.sandbox_number(workspace, display_name=words[:100])
    lead = make.lead(workspace, name=(words + "W" * 200)[:200])
    make.identity(lead)
    make.identity(lead, kind="username", value=words)
    link = make.link(channel, slug=slug)
    make.link_check(link, words=words)
    touch = make.touch(
        lead,
        link=link,
        headline=words,
        source_url="javascript:alert(1)",
        referrer=words,
        user_agent=words,
        utm_source=words,
    )
    verdict = make.attribution(
        lead, touch=touch, reason=words, actor=owner, evidence=[words]
    )
    conversation = _talk(lead, channel, words=words)
    talk = make.conversation(lead, phone, preview=words, last_inbound_at=timezone.now())
    agent.name = words
    agent.save()
    member = Membership.objects.for_workspace(workspace).get(user=agent)
    client, ticket = _work(conversation, agent, words=words, reference=reference)
    template = _template(phone, words=words)
    source, delivery = _events(ticket, owner, words=words, reference=reference)
    return Furniture(
        workspace=workspace,
        channel=channel,
        phone=phone,
        outage=make_room_1.outage(channel, reason=words[:200]),
        file=_file_of(conversation),
        lead=lead,
        merge=_merge(lead, owner, words=words),
        link=link,
        touch=touch,
        attribution=verdict,
        conversation=conversation,
        message=conversation.messages.order_by("pk")[0],
        talk=talk,
        heard=make.message(talk, text=words, external_id=words),
        canned=make.canned_reply(workspace, name=words[:40], text=words),
        note=make.note(lead, author=agent, text=words),
        saved=_saved_filter(workspace, owner, words=words),
        walk=make.link_test(link, phone, words=words),
        send=make.send(
            channel,
            text=words,
            thread=conversation,
            at=timezone.now(),
            state="uncertain",
            reason="http_500",
            detail=words[:300],
        ),
        template=template,
        client=client,
        ticket=ticket,
        notice=_notice(ticket, template, words=words),
        source=source,
        subscription=delivery.subscription,
        delivery=delivery,
        webhook=make_room_4.raw_webhook(
            workspace, state="parked", error=words, headers={"x": words}
        ),
        rule=_sign_in(workspace, agent, words=words, reference=reference),
        token=make_room_0.api_token(workspace, name=words[:80], created_by=owner),
        member=member,
        invited=make_room_0.invitation(workspace, invited_by=owner),
        user=agent,
    )


def _merge(lead: Lead, owner: User, *, words: str) -> LeadMerge:
    gone = make.lead(lead.workspace, name=words)
    make.identity(gone, kind="lid", value=words)
    return make.merge(gone, into=lead, actor=owner, reason=words)


def _talk(lead: Lead, channel: Channel, *, words: str) -> Conversation:
    """Messages of every look."""
    conversation = make.conversation(lead, channel, preview=words)
    message = make.message(
        conversation,
        text=words + "x" * 5000,
        content={"type": words},
        kind="unsupported",
        external_id="m1",
    )
    make.media(message, filename=words, mime_told=words)
    make.stored_media(message, filename=words)
    make.message(conversation, text=words, target_id="m1")
    make.message(conversation, kind="reaction", text=words, target_id="m1")
    return conversation


def _file_of(conversation: Conversation) -> MediaAsset:
    found: MediaAsset = MediaAsset.objects.for_workspace(conversation.workspace_id).get(
        message__conversation=conversation, state="stored"
    )
    return found


def _template(phone: Channel, *, words: str) -> Template:
    """Rejected in one language, and approved in another."""
    parts = [
        {"type": "HEADER", "format": "TEXT", "text": words[:60]},
        {"type": "BODY", "text": f"{words} {{{{1}}}} {words}"},
        {"type": "FOOTER", "text": words[:60]},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": words[:25]}]},
    ]
    told: dict[str, Any] = {
        "name": words[:100],
        "components": parts,
        "external_id": words[:100],
    }
    make.template(phone, **told, language="en", status="rejected", reason=words[:500])
    template = make.template(phone, **told)
    make.template_change(template, word=words[:60], reason=words[:500])
    return template


def _work(
    conversation: Conversation, agent: User, *, words: str, reference: str
) -> tuple[Client, Ticket]:
    """A ticket with an entry of every kind that names somebody or says something."""
    workspace = conversation.workspace
    client = make_room_3.client(
        workspace,
        name=words,
        phone="+5511987654321",
        match_key="p:5511987654321",
        oauth_id=f"{words[:40]}-{reference}",
        lead=conversation.lead,
    )
    TicketCounter.objects.create(workspace=workspace, last_number=1)
    ticket = make_room_3.ticket(
        workspace,
        number=1,
        title=words[:200],
        description=words,
        client=client,
        conversation=conversation,
        assignee=agent,
        external_id=words[:200],
        external_url="https://example.com/1",
    )
    for kind in ("created", "commented", "replied"):
        make_room_3.entry(ticket, kind=kind, actor=agent, text=words)
    people = {"assignee_id": [None, agent.pk], "client_id": [None, client.pk]}
    make_room_3.entry(ticket, kind="assigned", details=people)
    return client, ticket


def _notice(ticket: Ticket, template: Template, *, words: str) -> NotificationRule:
    """A line of the table, and somebody whom it reached by no way."""
    rule = make_room_3.rule(
        ticket.workspace,
        text=words,
        email_subject=words[:200],
        email_body=words,
        template=template,
        template_values={"body-1": words},
    )
    make_room_3.notification(
        ticket, rule, path="nobody", reason=words[:200], text=words
    )
    return rule


def _events(
    ticket: Ticket, owner: User, *, words: str, reference: str
) -> tuple[IncomingSource, EventDelivery]:
    """Told and refused, posted and given up."""
    workspace = ticket.workspace
    source = make_events.source(
        workspace,
        name=words[:80],
        created_by=owner,
        refused=3,
        last_refused_at=timezone.now(),
        last_refusal="wrong",
    )
    make_events.told(source, ticket=ticket, told_id=words[:160])
    refused = {"verdict": "refused", "reason": "invalid", "field": words[:60]}
    make_events.told(source, event_id=None, told_id=words[:160], **refused)
    subscription = make_events.subscription(
        workspace,
        name=words[:80],
        url=f"https://example.com/{reference}",
        created_by=owner,
        failing_since=timezone.now(),
    )
    delivery = make_events.delivery(
        subscription,
        ticket=ticket,
        body=words,
        state="failed",
        reason="http_500",
        attempts=10,
    )
    make_events.attempt(delivery, request=words, response=words)
    return source, delivery


def _saved_filter(workspace: Workspace, owner: User, *, words: str) -> SavedFilter:
    return SavedFilter.objects.create(
        workspace=workspace,
        member=Membership.objects.for_workspace(workspace).get(user=owner),
        place="leads",
        name=words[:60],
        query="rule=token",
        created_at=timezone.now(),
    )


def _sign_in(
    workspace: Workspace, agent: User, *, words: str, reference: str
) -> SignInRule:
    """What the audit trail and the page of the sign-ins tell."""
    SignInEvent.objects.create(
        reference=reference, at=timezone.now(), outcome=words[:40], user=agent
    )
    audit.record(
        workspace=workspace,
        action="member.removed",
        actor=agent,
        target=words,
        details={words: words, "email": words},
    )
    return SignInRule.objects.create(
        workspace=workspace, claim=words, value=words, role="agent"
    )
