"""The rows that the browser looks at: a shop as it is, an empty one, and its people."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, Invitation, Membership, User, Workspace
from accounts.sso import sessions
from integrations.models import Channel
from tests.factories import accounts as make_people
from tests.factories import cloud_api
from tests.factories import integrations as make_numbers
from tests.factories import webhooks as make_webhooks
from tests.factories import whatsapp as make
from webhooks.models import RawWebhook
from whatsapp.models import Conversation, Lead, TrackedLink

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
    paused: TrackedLink | None = None
    closed: Conversation | None = None
    merged: Lead | None = None
    member: Membership | None = None
    invitation: Invitation | None = None


@dataclass(frozen=True)
class House:
    """Who may sign in, by role, language and theme; and what they find."""

    shop: Shop
    empty: Workspace
    stray: RawWebhook  # of no workspace
    people: dict[tuple[str, str, str], User] = field(default_factory=dict)


def build() -> House:
    shop = open_shop("padaria", "Padaria Central")
    empty = make_people.workspace(slug="nova", name="Loja Nova")
    stray = make_webhooks.raw_webhook(
        None, state="unrouted", error="unknown number", headers={"x": "1"}
    )
    house = House(shop, empty, stray)
    for language, theme in itertools.product(LANGUAGES, THEMES):
        for role in ("owner", "agent", "operator"):
            person = make_person(f"{role}.{theme}.{language}", language, theme)
            person.is_platform_admin = role == "operator"
            person.save()
            house.people[role, language, theme] = person
            for workspace in (shop.workspace, empty):
                if role != "operator":
                    make_people.membership(workspace, person, role=role)
    return house


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
    make_numbers.channel(workspace, display_name="Suporte", state="disconnected")
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
    merged = make.lead(workspace, name="Ana L.", merged_into=first.lead)
    closed = make.conversation(
        last.lead, phone, state="closed", preview="Obrigado!", last_message_at=now
    )
    make.message(closed, text="Obrigado!", external_id="c1")
    webhook = _webhooks(workspace, now)
    member, invitation = _people(workspace)
    return Shop(
        workspace,
        first,
        first.lead,
        link,
        phone,
        webhook,
        make_people.api_token(workspace),
        paused,
        closed,
        merged,
        member,
        invitation,
    )


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
        invited_by=person,
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
