"""The rows that the browser looks at: a shop as it is, and one that attacks its pages."""

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts.models import User, Workspace
from tests.factories import accounts as make_people
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make
from whatsapp.folding import fold
from whatsapp.models import Conversation, Lead, TrackedLink

PASSWORD = "senha-de-teste"
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


@dataclass(frozen=True)
class Shop:
    """One workspace with the rows that stand in its addresses."""

    workspace: Workspace
    conversation: Conversation
    lead: Lead
    link: TrackedLink


@dataclass(frozen=True)
class House:
    shop: Shop
    hostile: Shop
    members: dict[tuple[str, str], User]  # by language and theme


def hostile_strings() -> list[str]:
    """Every part alone, then one after the other, 500 in all."""
    pairs = ("".join(pair) for pair in itertools.permutations(_PARTS, 2))
    return list(itertools.islice(itertools.chain(_PARTS, pairs), HOSTILE_COUNT))


def build() -> House:
    shop = _shop()
    hostile = _hostile()
    members = {}
    for language, theme in itertools.product(("pt-br", "en"), ("light", "dark")):
        member = make_people.user(
            email=f"{theme}.{language}@example.com",
            password=PASSWORD,
            name="Marina Duarte",
            language=language,
            theme=theme,
        )
        make_people.membership(shop.workspace, member, role="owner")
        make_people.membership(hostile.workspace, member, role="owner")
        members[language, theme] = member
    return House(shop, hostile, members)


def session_of(user: User) -> str:
    """The key of a session in which this person is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _shop() -> Shop:
    workspace = make_people.workspace(slug="padaria", name="Padaria Central")
    now = timezone.now()
    sales = make_numbers.channel(
        workspace, display_name="Vendas", state="connected", phone="+5511933334444"
    )
    make_numbers.channel(workspace, display_name="Suporte", state="disconnected")
    link = make.link(sales, slug="instagram-bio")
    first = None
    for place, name in enumerate(("Ana Lima", "Bruno Sá", "", "João Conceição")):
        lead = make.lead(workspace, name=name, created_at=now - timedelta(hours=place))
        make.identity(lead, value=f"551198765432{place}")
        touch = make.touch(lead, link=link) if place % 2 == 0 else None
        make.attribution(
            lead,
            touch=touch,
            evidence=[
                {"step": "token", "found": "7KQ2M9XW4T"},
                {
                    "step": "referral",
                    "refused": {"source_id": "1"},
                    "why": "not an ad",
                },
                {"step": "anonymous", "why": "nothing else to go by"},
            ],
        )
        conversation = make.conversation(
            lead,
            sales,
            preview="Boa tarde! O pão de fermentação natural sai a que horas?",
            last_message_at=now - timedelta(minutes=7 * place),
            unread_count=place,
            message_count=5,
        )
        first = first or (lead, conversation)
    lead, conversation = first  # type: ignore[misc]  # the loop ran
    _talk(conversation)
    return Shop(workspace, conversation, lead, link)


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


def _hostile() -> Shop:
    texts = hostile_strings()
    workspace = make_people.workspace(slug="ataque", name=texts[0] + "W" * 60)
    number = make_numbers.channel(workspace, display_name=texts[1], state="connected")
    other = make_numbers.channel(workspace, display_name="W" * 100)
    link = make.link(number, slug="a" * 50)
    first = None
    for text in texts[:60]:
        lead = make.lead(workspace, name=text[:200])
        make.identity(lead, kind="username", value=text[:120])
        touch = make.touch(
            lead,
            link=link,
            headline=text,
            referrer=text,
            user_agent=text,
            utm_source=text[:200],
            source_url=text,
        )
        make.attribution(
            lead, touch=touch, reason=text, evidence=[text, {"step": text, "why": text}]
        )
        conversation = make.conversation(lead, other, preview=text[:160])
        first = first or (lead, conversation)
    lead, conversation = first  # type: ignore[misc]  # the loop ran
    for place, text in enumerate(texts):
        at = make.NOON + timedelta(seconds=place)
        make.message(
            conversation,
            text=text,
            kind="unsupported" if place % 50 == 0 else "text",
            content={"type": text},
            direction="outbound" if place % 3 == 0 else "inbound",
            provider_at=at,
            received_at=at,
            stored_at=at,
            search_text=fold(text),
        )
    return Shop(workspace, conversation, lead, link)
