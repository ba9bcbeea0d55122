"""The page of a number's hours: what is typed, what it shows, and who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from integrations.models import Channel
from tests.conftest import World
from tests.factories import integrations as make
from whatsapp import auto_texts
from whatsapp.models import Responder

SignIn = Callable[[User], Client]
PART = {"HX-Request": "true"}


@pytest.fixture
def channel(world: World) -> Channel:
    return make.meta_number(world.workspace, state="connected")


def address(channel: Channel) -> str:
    names = {"workspace_slug": channel.workspace.slug, "key": channel.key}
    return reverse("whatsapp:channel-hours", kwargs=names)


def typed(**changes: Any) -> dict[str, Any]:
    values = {
        "answers_closed": "on",
        "greets": "",
        "place": "BR-SP",
        "closed_days": "24/12 Recesso",
        "open_days": "",
        "quiet_hours": "12",
        "attended_minutes": "15",
        "fresh_minutes": "15",
        "day_0": "9-12, 13-18h",
        "day_4": "22:00-02:00",
        "closed_pt-br": "Olá, {nome}! Voltamos {abertura}.",
        "greeting_pt-br": "",
    } | changes
    return {name: value for name, value in values.items() if value}


def row(channel: Channel) -> Responder:
    found: Responder = Responder.objects.for_workspace(channel.workspace).get(
        channel=channel
    )
    return found


@pytest.mark.django_db
def test_a_new_number_begins_off_with_texts_to_start_from(
    channel: Channel, world: World, signed_in: SignIn
) -> None:
    page = signed_in(world.owner).get(address(channel))

    form = page.context["form"]
    assert form.initial["answers_closed"] is False
    assert form.initial["closed_pt-br"] == auto_texts.DEFAULTS["closed"]["pt-br"]
    assert form.initial["closed_en"] == ""
    assert "automáticas estão desligadas" in page.content.decode()


@pytest.mark.django_db
def test_what_is_typed_is_understood_kept_and_audited(
    channel: Channel, world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.owner)

    answer = client.post(address(channel), typed())

    assert (answer.status_code, answer["Location"]) == (302, address(channel))
    kept = row(channel)
    assert kept.week["0"] == [[540, 720], [780, 1080]]
    assert kept.week["4"] == [[1320, 1560]]
    assert kept.closed_days == [[0, 12, 24, "Recesso"]]
    assert kept.texts == {
        "closed": {"pt-br": "Olá, {nome}! Voltamos {abertura}."},
        "greeting": {},
    }
    event = AuditEvent.objects.for_workspace(world.workspace).latest("sequence")
    assert event.action == "integration.hours_changed"
    assert "Olá" not in str(event.details)
    shown = client.get(address(channel)).content.decode()
    assert "09:00\u201312:00, 13:00\u201318:00" in shown
    assert "22:00 às 02:00 do dia seguinte" in shown


@pytest.mark.django_db
def test_saving_what_stands_changes_nothing(
    channel: Channel, world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.owner)
    client.post(address(channel), typed())
    before = AuditEvent.objects.for_workspace(world.workspace).count()

    client.post(address(channel), typed())

    assert AuditEvent.objects.for_workspace(world.workspace).count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day_0": "nove às dez"}, "day_0"),
        ({"day_0": "9-18, 17-19"}, "day_0"),
        ({"day_0": "", "day_4": ""}, "day_0"),
        ({"closed_days": "31/02"}, "closed_days"),
        ({"closed_pt-br": ""}, "closed_pt-br"),
        ({"closed_pt-br": "Olá, {apelido}!"}, "closed_pt-br"),
        ({"closed_es": "x" * 1001}, "closed_es"),
        ({"greets": "on"}, "greeting_pt-br"),
        ({"place": "ZZ"}, "place"),
        ({"quiet_hours": "0"}, "quiet_hours"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_lost(
    channel: Channel,
    world: World,
    signed_in: SignIn,
    changes: dict[str, str],
    field: str,
) -> None:
    page = signed_in(world.owner).post(address(channel), typed(**changes))

    form = page.context["form"]
    assert page.status_code == 200
    assert list(form.errors) == [field]
    assert not Responder.objects.for_workspace(world.workspace).exists()
    kept = changes.get("closed_pt-br", "Olá, {nome}! Voltamos {abertura}.")
    assert form["closed_pt-br"].value() in (kept, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-30T10:00", "Nada: vocês estão abertos"),
        ("2026-11-30T12:30", "Olá, Ana! Voltamos hoje às 13:00."),
        ("2026-11-30T20:00", "Olá, Ana! Voltamos sexta-feira, 04/12, às 22:00."),
        ("2026-12-05T01:00", "Nada: vocês estão abertos"),
        ("2026-12-25T23:00", "Natal"),
    ],
)
def test_the_preview_tells_what_would_be_sent_and_saves_nothing(
    channel: Channel, world: World, signed_in: SignIn, at: str, expected: str
) -> None:
    asked = typed(preview="1", at=at)
    client = signed_in(world.owner)

    whole = client.post(address(channel), asked).content.decode()
    part = client.post(address(channel), asked, headers=PART).content.decode()

    assert expected in whole
    assert expected in part
    assert "<html" not in part
    assert not Responder.objects.for_workspace(world.workspace).exists()


@pytest.mark.django_db
def test_a_preview_of_what_is_wrong_says_so(
    channel: Channel, world: World, signed_in: SignIn
) -> None:
    asked = typed(preview="1", day_0="x", at="tomorrow")

    part = signed_in(world.owner).post(address(channel), asked, headers=PART)

    assert "Segunda" in part.content.decode()
    assert part.status_code == 200


@pytest.mark.django_db
def test_only_who_connects_numbers_sets_their_hours(
    channel: Channel, world: World, signed_in: SignIn
) -> None:
    assert signed_in(world.agent).get(address(channel)).status_code == 403
    assert signed_in(world.outsider).get(address(channel)).status_code == 404


@pytest.mark.django_db
def test_ticks_and_typing_are_set_on_a_page_of_their_own(
    channel: Channel, world: World, signed_in: SignIn
) -> None:
    names = {"workspace_slug": channel.workspace.slug, "key": channel.key}
    page = reverse("integrations:channel-receipts", kwargs=names)
    client = signed_in(world.owner)

    client.post(page, {"marks_read": "on"})

    channel.refresh_from_db()
    assert (channel.marks_read, channel.shows_typing) == (True, False)
    event = AuditEvent.objects.for_workspace(world.workspace).latest("sequence")
    assert event.action == "integration.receipts_changed"
    number = client.get(reverse("integrations:channel-detail", kwargs=names))
    assert "Os tiques de leitura aparecem" in number.content.decode()


@pytest.mark.django_db
def test_what_a_provider_cannot_show_cannot_be_turned_on(
    world: World, signed_in: SignIn
) -> None:
    channel = make.sandbox_number(world.workspace)
    names = {"workspace_slug": channel.workspace.slug, "key": channel.key}
    page = reverse("integrations:channel-receipts", kwargs=names)
    client = signed_in(world.owner)

    client.post(page, {"marks_read": "on", "shows_typing": "on"})

    channel.refresh_from_db()
    assert (channel.marks_read, channel.shows_typing) == (True, False)
    assert "disabled" in client.get(page).content.decode()
