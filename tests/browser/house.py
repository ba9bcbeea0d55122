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

from accounts import audit
from accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    SignInEvent,
    User,
    Workspace,
)
from accounts.scoping import workspace_transaction
from accounts.sso import sessions
from integrations.models import Channel, Episode, SimulatedPhone
from tests.browser import (
    house_counter,
    house_events,
    house_numbers,
    house_sends,
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
from whatsapp import tokens
from whatsapp.models import (
    CannedReply,
    Conversation,
    Lead,
    LeadMerge,
    LinkTest,
    OutboxEntry,
    Template,
    TemplateSync,
    Touch,
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
    _sign_ins(shop.member)
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


def _sign_ins(member: Membership | None) -> None:
    """One that went well, and refusals of somebody known and of somebody who is not."""
    now = timezone.now()
    for number, (outcome, user) in enumerate(
        (
            ("signed_in", member.user if member else None),
            ("password_refused", member.user if member else None),
            ("email_unverified", None),
        )
    ):
        SignInEvent.objects.create(
            reference=f"234567892{number}",
            at=now - timedelta(hours=number),
            outcome=outcome,
            issuer="https://conta.example.com",
            subject_hash=f"{number}" * 64,
            user=user,
            ip="203.0.113.7",
        )


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
    _talk(first)
    make.message(talks[1], text="Vocês têm bolo de fubá?", external_id="b1")
    member, invitation = _people(workspace)
    merged, twin = _others_of(first.lead)
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
    templates = _templates(phone, now)
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
        _figures(link, phone, talks),
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


def _templates(phone: Channel, now: datetime) -> tuple[Template, Template]:
    """In every state, and one whose change left a message behind, seen to already."""
    track = {
        "type": "BUTTONS",
        "buttons": [
            {
                "type": "URL",
                "text": "Acompanhar",
                "url": "https://loja.example/p/{{1}}",
            },
            {"type": "QUICK_REPLY", "text": "Obrigado!"},
        ],
    }
    body = {
        "type": "BODY",
        "text": "Olá, {{1}}! Seu pedido {{2}} saiu para entrega e chega hoje.",
        "example": {"body_text": [["Ana", "1042"]]},
    }
    header = {"type": "HEADER", "format": "TEXT", "text": "Pedido a caminho"}
    footer = {"type": "FOOTER", "text": "Padaria Central"}
    fields: dict[str, Any] = {"synced_at": now, "status_at": now - timedelta(days=2)}
    sent = make.template(
        phone,
        components=[header, body, footer, track],
        external_id="sandbox-1",
        quality="green",
        **fields,
    )
    make.template_change(
        sent, kind="status", word="APPROVED", is_breaking=False, details={}
    )
    make.template(phone, language="en", status="pending", **fields)
    make.template(
        phone,
        name="super_oferta",
        body="Só hoje: tudo pela metade do preço!",
        status="rejected",
        provider_status="REJECTED",
        reason="TAG_CONTENT_MISMATCH",
        **fields,
    )
    make.template(phone, name="pesquisa_antiga", body="Gostou?", gone_at=now, **fields)
    broken = make.template(
        phone,
        name="novidade_da_semana",
        category="marketing",
        components=[
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "{{nome}}, chegou novidade na loja."},
        ],
        **fields,
    )
    make.template_change(
        broken,
        settled_at=now,
        details={
            "before": [{"part": "body", "kind": "text", "name": "nome"}],
            "after": broken.parameters,
            "affected": [{"user": "queued", "count": 2, "name": ""}],
        },
    )
    TemplateSync.objects.create(
        workspace=phone.workspace,
        integration_id=phone.integration_id or 0,
        next_at=now + timedelta(hours=1),
        synced_at=now - timedelta(minutes=12),
        found=5,
    )
    return sent, broken


def _others_of(lead: Lead) -> tuple[Lead, Lead]:
    """Two more leads of one person: one that is known to be, one that may be."""
    before = timezone.now() - timedelta(days=40)
    merged = make.lead(lead.workspace, name="Ana L.", created_at=before)
    make.identity(merged, kind="lid", value="37830675939455@lid")
    make.note(merged, text="Pediu orçamento de bolo.")
    twin = make.lead(
        lead.workspace, name="Aninha", email="ana.lima@example.com", created_at=before
    )
    make.identity(twin, value="5521912345678")
    lead.email = twin.email
    lead.save(update_fields=["email"])
    return merged, twin


def _figures(link: TrackedLink, phone: Channel, talks: list[Conversation]) -> LinkTest:
    """Clicks of four weeks, one of them a sale; what the check found; a test under way."""
    now = timezone.now()
    for day in range(28):
        for _ in range((day * 5) % 7):
            Touch.objects.create(
                workspace=link.workspace,
                kind="link",
                link=link,
                token=tokens.new_token(),
                occurred_at=now - timedelta(days=day),
                utm_source="instagram",
            )
    for place, talk in enumerate(talks):
        if talk.lead.attribution and talk.lead.attribution.touch:
            click = talk.lead.attribution.touch
            click.token, click.occurred_at = tokens.new_token(), now - timedelta(days=3)
            click.save()
        talk.lead.stage = ("Ganho", "Proposta")[place % 2]
        talk.lead.save()
    link.landing_url = "https://padaria.example/promo"
    make.link_check(link, words=link.landing_url)
    return make.link_test(
        link, phone, words="Oi! Vi na bio.\nvm_token:7GK2M9XQ4C", started_at=now
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


def _people(workspace: Workspace) -> tuple[Membership, Invitation]:
    """Somebody who answers, three invitations, and a little history."""
    person = make_people.user(
        email=f"rafael@{workspace.slug}.example.com", name="Rafael Nogueira"
    )
    member = make_people.membership(workspace, person, role="agent")
    is_shop = workspace.slug == "padaria"
    invitation = make_people.invitation(
        workspace,
        email="helena.prado@example.com",
        token="convite-aberto" if is_shop else "",
    )
    make_people.invitation(
        workspace,
        email="caio@example.com",
        role="viewer",
        expires_at=timezone.now() - timedelta(days=1),
        token="convite-vencido" if is_shop else "",
    )
    make_people.invitation(workspace, email="lia@example.com", mail="failed")
    for action, details in (
        ("workspace.added", {}),
        ("member.added", {"role": "agent"}),
        ("conversation.assigned", {"from": None, "to": person.pk}),
        ("lead.edited", {"fields": ["name", "stage"]}),
        (
            "workspace.changed",
            {"changes": {"raw_webhook_days": {"old": 60, "new": 30}}},
        ),
        ("something.else", {"why": "no sentence knows it"}),
    ):
        audit.record(
            workspace=workspace,
            action=action,
            actor=person,
            target=f"user:{person.pk}" if action.startswith("member.") else "",
            details=details,
            ip="203.0.113.7",
        )
    return member, invitation


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


def _talk(conversation: Conversation) -> None:
    at = timezone.now() - timedelta(days=1)
    times: dict[str, Any] = {"provider_at": at, "received_at": at, "stored_at": at}
    make.message(
        conversation,
        text="Oi! O pão de fermentação natural sai a que horas?",
        external_id="m1",
        **times,
    )
    make.message(
        conversation,
        text="Às 7h e às 16h. Quer que eu separe um?",
        direction="outbound",
        status="read",
        target_id="m1",
        **times,
    )
    picture = make.message(conversation, kind="image", text="Este aqui", **times)
    make.media(picture, filename="pao.jpg", size=48_213, state="stored")
    make.message(
        conversation,
        kind="location",
        text="",
        content={"latitude": -23.55, "longitude": -46.63},
        **times,
    )
    make.message(
        conversation,
        text="Combinado, até amanhã!",
        direction="outbound",
        status="failed",
        error_code="131047",
        **times,
    )
    make.message(conversation, kind="reaction", text="👍", target_id="m1", **times)
