"""The rows that the browser looks at: a shop as it is, an empty one, and its people."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import ApiToken, Invitation, Membership, User, Workspace
from accounts.scoping import workspace_transaction
from accounts.sso import sessions
from integrations.models import Channel, Episode, SimulatedPhone
from tests.browser import (
    house_counter,
    house_events,
    house_leads,
    house_numbers,
    house_people,
    house_sends,
    house_templates,
    house_work,
)
from tests.factories import accounts as make_people
from tests.factories import cloud_api
from tests.factories import integrations as make_numbers
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make
from tickets.models import (
    Client,
    EventDelivery,
    IncomingSource,
    NotificationRule,
    Subscription,
    Ticket,
)
from webhooks.models import RawWebhook
from whatsapp.models import (
    CannedReply,
    Conversation,
    Lead,
    LeadMerge,
    LinkTest,
    OutboxEntry,
    Template,
    TrackedLink,
)
from whatsapp.services import first_answers

PASSWORD = "senha-de-teste"
LANGUAGES, THEMES = ("pt-br", "en"), ("light", "dark")
_PEOPLE = (("Ana Lima", 0), ("Bruno Sá", 7), ("", 25), ("João Conceição", 90))


@dataclass(frozen=True)
class Shop:
    """One workspace with the rows that stand in its addresses."""

    workspace: Workspace
    conversation: Conversation
    lead: Lead
    link: TrackedLink
    phone: Channel
    webhook: RawWebhook
    token: ApiToken
    walk: LinkTest
    paused: TrackedLink | None = None
    closed: Conversation | None = None
    merged: Lead | None = None
    merge: LeadMerge | None = None
    twin: Lead | None = None  # perhaps the same person as `lead`
    member: Membership | None = None
    invitation: Invitation | None = None
    waiting: Channel | None = None  # simulated; Recado shows it a code
    quiet: Channel | None = None  # simulated; nothing is linked to it, nobody waits
    support: Channel | None = None  # disconnected by somebody, with a past
    outage: Episode | None = None  # of `support`, and over
    failed: OutboxEntry | None = None  # a send
    doubtful: OutboxEntry | None = None  # an unconfirmed one
    template: Template | None = None  # of `phone`, approved
    broken: Template | None = None  # of `phone`; a change of it left somebody behind
    ticket: Ticket | None = None  # of `client`, about `conversation`
    client: Client | None = None
    unlinked: Client | None = None  # whose lead nobody has named yet
    notice: NotificationRule | None = None  # told `client` of `ticket`
    source: IncomingSource | None = None  # it told of tickets
    silent: IncomingSource | None = None
    subscription: Subscription | None = None  # it hears, not of everything
    unheard: Subscription | None = None  # nothing was posted to it yet
    delivery: EventDelivery | None = None  # given up


@dataclass(frozen=True)
class House:
    """Who may sign in, by role, language and theme; and what they find."""

    shop: Shop
    empty: Workspace
    stray: RawWebhook  # of no workspace
    down: Channel  # of a workspace with an alert on each page
    lasting: Episode  # its outage
    gone: Subscription  # of that workspace; its receiver asked for no more
    to_scan: Channel  # these of a workspace with numbers that are being connected
    to_type: Channel
    to_open: Channel
    late: Channel
    refused: Channel
    wired: Channel
    answered: Conversation  # of a workspace at its counter
    expired: Conversation
    canned: CannedReply
    people: dict[tuple[str, str, str], User] = field(default_factory=dict)


def build() -> House:
    shop = open_shop("padaria", "Padaria Central")
    empty = make_people.workspace(slug="nova", name="Loja Nova")
    stray = make_webhooks.raw_webhook(
        None, state="unrouted", error="unknown number", headers={"x": "1"}
    )
    dark = make_people.workspace(slug="fora-do-ar", name="Loja Fora do Ar")
    down, lasting = house_numbers.go_down(dark)
    house_sends.hold_back(down)
    joining = make_people.workspace(slug="conectando", name="Loja Conectando")
    counter = make_people.workspace(slug="balcao", name="Loja do Balcão")
    answered, expired, canned = house_counter.open_counter(counter)
    house = House(
        shop,
        empty,
        stray,
        down,
        lasting,
        house_events.lose(dark),
        **house_numbers.sessions(joining),
        answered=answered,
        expired=expired,
        canned=canned,
    )
    house_people.sign_in(shop.member)
    for language, theme in itertools.product(LANGUAGES, THEMES):
        for role in ("owner", "agent", "operator"):
            person = make_person(f"{role}.{theme}.{language}", language, theme)
            person.is_platform_admin = role == "operator"
            person.save()
            house.people[role, language, theme] = person
            for workspace in (shop.workspace, empty, dark, joining, counter):
                if role == "owner":
                    take_over(workspace, person)
                elif role == "agent":
                    make_people.membership(workspace, person, role=role)
    return house


def take_over(workspace: Workspace, owner: User) -> None:
    """They are in, and the invitations that nobody stands for yet are theirs."""
    make_people.membership(workspace, owner, role="owner")
    invitations = Invitation.objects.for_workspace(workspace)
    invitations.filter(invited_by=None).update(invited_by=owner)


def make_person(name: str, language: str, theme: str) -> User:
    return make_people.user(
        email=f"{name}@example.com",
        password=PASSWORD,
        name="Marina Duarte",
        language=language,
        theme=theme,
    )


def session_of(user: User) -> str:
    """The key of a session in which this person is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    request = HttpRequest()
    request.session = session
    sessions.begin(request, user, now=timezone.now())
    session.save()
    return str(session.session_key)


def open_shop(slug: str, name: str) -> Shop:
    """A shop at work: two numbers, a simulated one, four people, two links, webhooks."""
    workspace = make_people.workspace(slug=slug, name=name)
    now = timezone.now()
    sales = make_numbers.channel(workspace, display_name="Vendas", state="connected")
    support, outage = house_numbers.support(workspace, now)
    phone = make_numbers.sandbox_number(
        workspace, display_name="Telefone de treino", state="connected"
    )
    link = make.link(sales, slug=f"instagram-{slug}", prefilled_text="Oi! Vi na bio.")
    make.link(phone, slug=f"treino-{slug}", prefilled_text="Oi! Vim do treino.")
    paused = make.link(sales, slug=f"panfleto-{slug}", is_paused=True)
    talks = []
    for place, (person, minutes) in enumerate(_PEOPLE):
        at = now - timedelta(minutes=minutes)
        lead = make.lead(workspace, name=person, created_at=at)
        make.identity(lead, value=f"551198765432{place}")
        touch = make.touch(lead, link=link) if place % 2 == 0 else None
        make.attribution(lead, touch=touch, evidence=_EVIDENCE)
        talks.append(
            make.conversation(
                lead,
                sales,
                preview="Boa tarde! O pão de fermentação natural sai a que horas?",
                last_message_at=at,
                last_inbound_at=at,
                unread_count=place,
                message_count=6,
            )
        )
    first, last = talks[0], talks[-1]
    make.note(first.lead, text="Prefere ser chamada à tarde.")
    house_leads.talk(first)
    make.message(talks[1], text="Vocês têm bolo de fubá?", external_id="b1")
    member, invitation = house_people.come_in(workspace)
    merged, twin = house_leads.others_of(first.lead)
    merge = make.merge(merged, into=first.lead, actor=member.user)
    closed = make.conversation(
        last.lead, phone, state="closed", preview="Obrigado!", last_message_at=now
    )
    make.message(closed, text="Obrigado!", external_id="c1")
    webhook = _webhooks(workspace, now)
    ticket, client, unlinked = house_work.open_up(first, member.user)
    with workspace_transaction(workspace.pk):
        threads = Conversation.objects.for_workspace(workspace)
        first_answers.settle(workspace.pk, list(threads.values_list("pk", flat=True)))
    sends = house_sends.send_week(talks, now)
    templates = house_templates.submit(phone, now)
    notice = house_work.tell(ticket, templates[0], [one.message for one in sends])
    events = house_events.connect(ticket, member.user)
    return Shop(
        workspace,
        first,
        first.lead,
        link,
        phone,
        webhook,
        make_people.api_token(workspace),
        house_leads.follow(link, phone, talks),
        paused,
        closed,
        merged,
        merge,
        twin,
        member,
        invitation,
        *_phones_to_link(workspace, now),
        support,
        outage,
        *sends,
        *templates,
        ticket,
        client,
        unlinked,
        notice,
        events.source,
        events.silent,
        events.subscription,
        events.unheard,
        events.delivery,
    )


def _phones_to_link(workspace: Workspace, now: datetime) -> tuple[Channel, Channel]:
    """One that is awaited, with a code that stays the first one, and one that is not."""
    waiting, quiet = (
        make_numbers.sandbox_number(workspace, display_name=name, is_linked=False)
        for name in ("Telefone à espera", "Telefone novo")
    )
    SimulatedPhone.objects.for_workspace(workspace).filter(channel=waiting).update(
        seed="seed-of-the-tests", asked_at=now + timedelta(days=1)
    )
    return waiting, quiet


_EVIDENCE = [
    {"step": "token", "found": "7KQ2M9XW4T"},
    {"step": "referral", "refused": {"source_id": "1"}, "why": "not an ad"},
    {"step": "anonymous", "why": "nothing else to go by"},
]


def _webhooks(workspace: Workspace, now: Any) -> RawWebhook:
    connected = make_numbers.integration(
        workspace,
        credentials=make_numbers.META_CREDENTIALS
        | {"phone_number_id": uuid.uuid4().hex[:15]},
    )
    told = {"integration": connected, "done_at": now, "attempts": 1}
    body = cloud_api.body(cloud_api.message("Oi! O pão sai a que horas?"))
    signed = {"x-hub-signature-256": cloud_api.signature(body)}
    make_webhooks.raw_webhook(
        workspace, state="parked", error="unreadable: no JSON", body=b"{", **told
    )
    make_webhooks.raw_webhook(workspace, state="unrouted", error="no number", **told)
    return make_webhooks.raw_webhook(
        workspace, state="done", body=body, headers=signed, **told
    )
