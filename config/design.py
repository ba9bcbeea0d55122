"""The gallery: every component of the pages in every state, for those who change them.

Shown where somebody works on Recado or tries it out, and nowhere else.
"""

import dataclasses
import itertools
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import selectors
from integrations.providers.base.types import MessageKind
from whatsapp.models import MediaState, Touch, TouchKind
from whatsapp.selectors.contents import Card, Contents, Place
from whatsapp.selectors.evidence import Fact, Step
from whatsapp.selectors.funnel import Bar, Figures
from whatsapp.selectors.inbox import ConversationRow
from whatsapp.selectors.people import Origin, Person
from whatsapp.selectors.search import Excerpt
from whatsapp.selectors.thread import Change, Entry, File, Outcome, Quote

_SYMBOL = re.compile(r'<symbol[^>]*\bid="([a-z-]+)"')
_AT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
_LONG = "Sociedade Beneficente de Amparo à Infância e à Velhice de São Sebastião"
_ANA = Person("Ana Lima", "5511987654321", "")
_ORIGINS = (
    Origin("link", "instagram-bio", "certain"),
    Origin("link", "", "certain"),
    Origin("link", "vitrine", "probable"),
    Origin("ad", "Pão de fermentação natural", "certain"),
    Origin("ad", "", "certain"),
    Origin("imported", "planilha", "certain"),
    Origin("imported", "", "certain"),
    Origin("none", "", "none"),
    Origin("test", "vitrine", "certain"),
)
_STATUSES = (
    *(
        "pending",
        "sending",
        "accepted",
        "sent",
        "delivered",
        "read",
        "played",
        "failed",
    ),
    "unconfirmed",
)


class SampleForm(forms.Form):
    """Every kind of control that pages use."""

    name = forms.CharField(help_text="Como aparece na lista.")
    phone = forms.CharField(initial="+55 11 98765-4321", disabled=True)
    stage = forms.ChoiceField(choices=[("new", "Novo"), ("won", "Ganho")])
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}))
    agreed = forms.BooleanField(help_text="Vale a partir de amanhã.")


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    if not (settings.DEBUG or settings.SANDBOX_ENABLED):
        raise Http404
    memberships = (
        selectors.list_memberships(request.user)
        if request.user.is_authenticated
        else []
    )
    if not memberships:  # the frame around the components is a workspace's
        raise Http404
    context = _samples() | {
        "memberships": memberships,
        "membership": memberships[0],
        "workspace": memberships[0].workspace,
    }
    return render(request, "design.html", context)


def _samples() -> dict[str, Any]:
    return {
        "people": (
            _ANA,
            Person("", "5511987654321", ""),
            Person("", "", "ana.lima"),
            Person("", "", ""),
        ),
        "levels": ("quiet", "good", "info", "warning", "bad"),
        "origins": _ORIGINS,
        "bars": tuple(_bar(at) for at in range(14)),
        "statuses": _STATUSES,
        "rows": _conversation_rows(),
        "excerpt": Excerpt("…separe um ", "pão", " de centeio para amanhã"),
        "icons": _icons(),
        "entries": _entries(),
        "steps": _steps(),
        "facts": (Fact("gclid", "CjwKCAiA"), Fact("", "7KQ2M9XW4T")),
        "touches": _touches(),
        "notices": _notices(),
        "empty_form": SampleForm(prefix="empty"),
        "wrong_form": SampleForm({"wrong-stage": "lost"}, prefix="wrong"),
    }


def _icons() -> list[str]:
    sprite = settings.BASE_DIR / "static" / "icons" / "sprite.svg"
    return _SYMBOL.findall(sprite.read_text())


def _conversation_rows() -> tuple[ConversationRow, ...]:
    row = ConversationRow(
        key=uuid.UUID(int=1),
        state="open",
        last_message_at=_AT,
        last_direction="inbound",
        preview="Boa tarde! O pão de fermentação natural sai a que horas?",
        message_count=12,
        unread_count=0,
        channel_name="Vendas",
        person=_ANA,
        origin=_ORIGINS[0],
        last_inbound_at=_AT,
        waiting_since=_AT,
        assignee="Bruno",
    )
    change = dataclasses.replace
    return (
        row,
        change(row, unread_count=3, origin=_ORIGINS[3]),
        change(row, last_direction="outbound", origin=_ORIGINS[2]),
        change(row, state="closed", message_count=1, origin=_ORIGINS[7]),
        change(row, person=Person("", "5511987654321", ""), preview="Áudio"),
        change(row, person=Person(_LONG, "5511987654321", ""), preview=_LONG * 3),
    )


def _entry(**fields: Any) -> Entry:
    values: dict[str, Any] = {
        "direction": "inbound",
        "origin": "webhook",
        "kind": "text",
        "text": "Oi! O pão sai a que horas?",
        "contents": Contents(),
        "external_id": "m1",
        "target_id": None,
        "provider_at": _AT,
        "received_at": _AT,
        "stored_at": _AT,
        "status": "",
        "status_at": None,
        "error_code": "",
        "author": "",
    } | fields
    return Entry(**values)


_OUTCOMES = (
    ("queued", "", Outcome("sandbox", "due", "connect_failed", "", None)),
    ("failed", "131026", Outcome("sandbox", "accepted", "", "Undeliverable", None)),
    ("unconfirmed", "", Outcome("sandbox", "uncertain", "answer_timeout", "", None)),
    ("unconfirmed", "", Outcome("sandbox", "dropped", "sent_again", "", 7)),
)


def _entries() -> tuple[Entry, ...]:
    reply = {"direction": "outbound", "text": "Às 7h e às 16h.", "status": "read"}
    heart = Change("reaction", "outbound", "❤️", _AT)
    place = Contents(place=Place(-23.55052, -46.633308))
    card = Contents(
        cards=(Card("João Conceição", ("+55 11 91234-5678",), ("joao@example.com",)),)
    )
    raw = Contents(type_told="poll_update", raw='{"type": "poll_update"}')
    spoken = (kind.value for kind in MessageKind if kind != MessageKind.TEXT)
    return (
        _entry(),
        _entry(text=_LONG + " " + "W" * 120),
        *(
            _entry(**reply | {"status": status, "status_at": _AT})
            for status in _STATUSES
        ),
        *(
            _entry(**reply | {"status": status, "error_code": code, "outcome": told})
            for status, code, told in _OUTCOMES
        ),
        _entry(**reply, author="Marina Duarte"),
        _entry(**reply, origin="echo"),
        _entry(**reply, origin="history"),
        _entry(**reply, quote=Quote("inbound", "text", "O pão sai a que horas?")),
        _entry(target_id="m0", quote=Quote("outbound", "image", "")),
        _entry(target_id="m0"),
        _entry(reactions=(heart,)),
        _entry(edits=(Change("edit", "inbound", "O bolo sai a que horas?", _AT),)),
        _entry(revoked_at=_AT),
        _entry(kind="location", text="", contents=place),
        _entry(kind="contacts", text="", contents=card),
        _entry(kind="unsupported", text="", contents=raw),
        *(
            _entry(kind="document", text="", files=(_file(state),))
            for state in MediaState.values
        ),
        *(_entry(kind=kind, text="") for kind in spoken),
    )


def _file(state: str) -> File:
    return File("document", "application/pdf", "cardápio.pdf", 48_213, state)


def _steps() -> tuple[Step, ...]:
    token = (Fact("", "7KQ2M9XW4T"),)
    return (
        Step(
            "token",
            looked_for=token,
            found=token,
            why="O código estava no texto.",
            touches=(1,),
        ),
        Step("referral", refused=(Fact("source_id", "1"),), why="Não era um anúncio."),
        Step("identity", looked_for=(Fact("phone", "5511987654321"),)),
        Step("anonymous"),
    )


def _touches() -> tuple[Touch, ...]:
    """Unsaved; one bare and one with everything a touch may tell, of every kind."""
    told = {
        "token": "7KQ2M9XW4T",
        "headline": "Pão de fermentação natural",
        "ad_id": "120210",
        "source_type": "ad",
        "source_url": "https://example.com/anuncio",
        "ctwa_clid": "ARAkLkA8rmlFeiCktEJQ",
        "utm_source": "instagram",
        "utm_medium": "bio",
        "utm_campaign": "pascoa",
        "referrer": "https://example.com/",
        "user_agent": "Mozilla/5.0",
    }
    return tuple(
        Touch(kind=kind, occurred_at=_AT, **fields)
        for kind, fields in itertools.product(TouchKind.values, ({}, told))
    )


def _bar(at: int) -> Bar:
    clicks = (at * 37) % 90 + 10 if at != 5 else 0
    day = _AT.date() + timedelta(days=at)
    heights = (clicks, clicks // 2, clicks // 6)
    return Bar(day, day, Figures(*heights), left=10 * at + 1, heights=heights)


def _notices() -> list[Message]:
    return [
        Message(level, f"Aviso do tipo {tag}.")
        for level, tag in messages.DEFAULT_TAGS.items()
        if tag != "debug"
    ]
