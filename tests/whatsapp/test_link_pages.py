"""Tracked links as members see them: list, builder, pause, and the rows behind numbers."""

import io
import uuid
from datetime import timedelta

import pytest
from PIL import Image

from accounts.models import AuditEvent
from integrations import qr
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp import tokens
from whatsapp.models import Touch, TrackedLink
from whatsapp.selectors import links

LIST = "/w/padaria/links/"
MARCH = "from=2026-03-01&to=2026-03-31"  # make.NOON is in it


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace, display_name="Vendas")


@pytest.fixture
def link(channel):
    return make.link(channel, slug="vitrine", prefilled_text="Oi! Vi na vitrine")


@pytest.fixture
def owner(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def filled(channel, **changes):
    return {
        "slug": "bio",
        "channel": str(channel.key),
        "prefilled_text": "Oi",
    } | changes


def brought(link, *, is_counted=True, **fields):
    """A conversation of somebody who came by the link, or who only clicked it once."""
    lead = make.lead(link.workspace)
    click = make.touch(lead, link=link, token=tokens.new_token())
    make.attribution(lead, touch=click)
    if not is_counted:
        make.attribution(lead)
    return make.conversation(lead, link.channel, **fields)


def clicked(link, **fields):
    """A click of somebody who did not write."""
    values = {"kind": "link", "link": link, "occurred_at": make.NOON} | fields
    return Touch.objects.create(
        workspace=link.workspace, token=tokens.new_token(), **values
    )


def own(world):
    return TrackedLink.objects.for_workspace(world.workspace)


def audited(world):
    events = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    return list(events.values_list("action", flat=True))


# --- the list and what its numbers open -----------------------------------------
def test_list_counts_clicks_and_conversations_that_count(owner, world, link):
    brought(link)
    brought(link, is_counted=False)
    clicked(link)

    page = owner.get(f"{LIST}?{MARCH}").content.decode()

    assert "3 clicks on vitrine" in page
    assert "1 conversation from vitrine" in page


def test_list_needs_the_same_queries_for_few_and_for_many(
    owner, channel, django_assert_num_queries
):
    for _ in range(2):
        for _ in range(4):
            brought(make.link(channel, slug=uuid.uuid4().hex))
        with django_assert_num_queries(
            9
        ):  # session, person, memberships, alerts, then 5
            owner.get(LIST)


def test_pages_of_clicks_follow_each_other_while_new_ones_arrive(world, link):
    lead = make.lead(world.workspace)
    made = [
        make.touch(
            lead,
            link=link,
            token=tokens.new_token(),
            occurred_at=make.NOON + timedelta(minutes=number // 2),
        )
        for number in range(5)
    ]
    first = links.list_clicks(link, size=3)
    clicked(link, occurred_at=make.NOON + timedelta(hours=1))

    second = links.list_clicks(link, before=first.older or "", size=3)

    assert [*first.rows, *second.rows] == made[::-1]
    assert second.older is None


def test_pages_of_conversations_follow_each_other(link):
    made = [
        brought(link, created_at=make.NOON + timedelta(minutes=number))
        for number in range(5)
    ]
    first = links.list_brought(link, size=3)
    second = links.list_brought(link, before=first.older or "", size=3)

    keys = [row.key for row in (*first.rows, *second.rows)]
    assert keys == [one.key for one in made[::-1]]


def test_rows_of_a_link_lead_to_the_lead_and_the_conversation(owner, world, link):
    conversation = brought(link)
    clicked(link)

    clicks = owner.get(f"{LIST}{link.key}/clicks/").content.decode()
    conversations = owner.get(f"{LIST}{link.key}/conversations/").content.decode()

    assert f"/leads/{conversation.lead.key}/" in clicks
    assert "Did not write" in clicks
    assert f"/conversations/{conversation.key}/" in conversations


@pytest.mark.parametrize("page", ["", "clicks/", "conversations/"])
@pytest.mark.parametrize("before", ["x", "9" * 40, "1-1", "1-" + "f" * 32, "%00"])
def test_a_position_that_is_none_gives_a_page(owner, link, page, before):
    for url in (f"{LIST}{link.key}/{page}", LIST):
        assert owner.get(f"{url}?before={before}").status_code == 200


# --- the builder ------------------------------------------------------------------
def test_a_link_is_made_and_audited_and_twice_is_once(owner, world, channel):
    form = filled(channel, utm_source="poster", prefilled_text="Oi,\r\ntudo bem?")

    first = owner.post(f"{LIST}new/", form)
    second = owner.post(f"{LIST}new/", form)

    link = own(world).get()
    assert first["Location"] == second["Location"] == f"{LIST}{link.key}/"
    assert (link.slug, link.utm_source) == ("bio", "poster")
    assert link.prefilled_text == "Oi,\ntudo bem?"
    assert audited(world) == ["link.added"]


def test_an_address_that_is_taken_is_told_at_its_field(owner, world, channel, link):
    page = owner.post(f"{LIST}new/", filled(channel, slug="Vitrine")).content.decode()

    assert "This address is taken." in page
    assert 'aria-invalid="true"' in page
    assert own(world).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"slug": ""},
        {"slug": "não vale"},
        {"slug": "x" * 65},
        {"slug": "a\0b"},
        {"channel": ""},
        {"channel": "nenhum"},
        {"channel": str(uuid.uuid4())},
        {"prefilled_text": "x" * 501},
        {"utm_term": "x" * 201},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_saved(owner, world, channel, change):
    page = owner.post(f"{LIST}new/", filled(channel) | change)

    assert page.status_code == 200
    assert "Nothing was saved yet" in page.content.decode()
    assert not own(world).exists()


def test_a_number_of_another_workspace_is_no_choice(owner, world):
    make_room_1.channel(world.workspace)
    foreign = make_room_1.channel(world.other_workspace)

    page = owner.post(f"{LIST}new/", filled(foreign))

    assert page.status_code == 200
    assert not TrackedLink.objects.unscoped("none anywhere").exists()


def test_preview_shows_message_and_redirect_and_saves_nothing(owner, world, channel):
    form = filled(channel, prefilled_text="Oi & olá") | {"preview": "1"}

    whole = owner.post(f"{LIST}new/", form).content.decode()
    fragment = owner.post(f"{LIST}new/", form, headers={"HX-Request": "true"})

    for html in (whole, fragment.content.decode()):
        assert "/r/bio" in html
        assert "https://wa.me/" in html
        assert "Oi &amp; olá\nvm_token:" in html
        assert "Oi%20%26%20ol%C3%A1%0Avm_token%3A" in html
    assert "<html" in whole
    assert "<html" not in fragment.content.decode()
    assert not own(world).exists()


def test_preview_of_half_a_form_is_no_error(owner, channel):
    page = owner.post(
        f"{LIST}new/", {"slug": "NÃO", "preview": "1"}, headers={"HX-Request": "true"}
    )

    assert page.status_code == 200


def test_a_link_is_changed_and_audited_once(owner, world, channel, link):
    other = make_room_1.channel(world.workspace)
    form = filled(other, slug="vitrine", utm_medium="placa")

    for _ in range(2):
        assert owner.post(f"{LIST}{link.key}/edit/", form).status_code == 302

    link.refresh_from_db()
    assert (link.channel, link.prefilled_text, link.utm_medium) == (
        other,
        "Oi",
        "placa",
    )
    event = AuditEvent.objects.for_workspace(world.workspace).get()
    assert event.action == "link.changed"
    assert event.details == {"fields": ["channel_id", "prefilled_text", "utm_medium"]}


def test_a_change_to_an_address_that_is_taken_changes_nothing(owner, channel, link):
    make.link(channel, slug="outro")

    page = owner.post(f"{LIST}{link.key}/edit/", filled(channel, slug="outro"))

    link.refresh_from_db()
    assert "This address is taken." in page.content.decode()
    assert (link.slug, link.prefilled_text) == ("vitrine", "Oi! Vi na vitrine")


def test_a_link_whose_number_is_off_may_stay_there(owner, channel, link):
    channel.is_active = False
    channel.save()

    answer = owner.post(f"{LIST}{link.key}/edit/", filled(channel, slug="vitrine"))

    assert answer.status_code == 302


def test_without_a_number_the_builder_says_how_to_get_one(owner):
    page = owner.get(f"{LIST}new/").content.decode()

    assert "/integrations/whatsapp/connect/" in page


# --- pause and resume ---------------------------------------------------------------
def test_pause_asks_first_and_twice_is_once(owner, client, world, link):
    url = f"{LIST}{link.key}/state/"

    asked = owner.get(url).content.decode()
    for _ in range(2):
        owner.post(url, {"state": "paused"})
    paused = client.get("/r/vitrine").status_code
    for _ in range(2):
        owner.post(url, {"state": "active"})

    assert "clicks and conversations so far stay" in asked
    assert (paused, client.get("/r/vitrine").status_code) == (410, 302)
    assert audited(world) == ["link.paused", "link.resumed"]


def test_an_unknown_state_changes_nothing(owner, world, link):
    assert owner.post(f"{LIST}{link.key}/state/", {"state": "x"}).status_code == 400
    assert audited(world) == []


# --- who may ------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["agent", "viewer"])
@pytest.mark.parametrize("page", ["new/", "{key}/edit/", "{key}/state/"])
def test_links_are_changed_by_administrators_alone(
    world, signed_in, channel, link, role, page
):
    person = make_room_0.user(email="someone@example.com")
    make_room_0.membership(world.workspace, person, role=role)
    client = signed_in(person)
    url = LIST + page.format(key=link.key)

    assert client.get(url).status_code == 403
    assert client.post(url, filled(channel, state="paused")).status_code == 403
    assert f"{LIST}new/" not in client.get(LIST).content.decode()
    assert audited(world) == []


@pytest.mark.parametrize("page", ["", "edit/", "state/", "clicks/", "conversations/"])
def test_foreign_and_missing_links_are_a_404_to_reads_and_writes(
    world, signed_in, link, page
):
    client = signed_in(world.outsider)
    for key in (link.key, uuid.uuid4()):
        url = f"/w/oficina/links/{key}/{page}"
        assert client.get(url).status_code == 404
        if page in ("edit/", "state/"):
            assert client.post(url, {"state": "paused"}).status_code == 404
    link.refresh_from_db()
    assert not link.is_paused


# --- the QR code --------------------------------------------------------------------
def test_the_png_is_an_image_with_the_codes_modules(owner, link):
    answer = owner.get(f"{LIST}{link.key}/qr.png")

    image = Image.open(io.BytesIO(answer.content))
    image.load()
    middle = qr.PIXELS * qr.QUIET_ZONE + qr.PIXELS // 2
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"] == 'inline; filename="vitrine.png"'
    assert image.width == image.height > 21 * qr.PIXELS
    assert image.convert("L").getpixel((middle, middle)) == 0  # the finder's corner
    assert image.convert("L").getpixel((0, 0)) == 255  # the quiet zone


def test_what_was_typed_outlives_the_last_number(world, signed_in):
    channel = make_room_1.channel(world.workspace, is_active=False)

    page = signed_in(world.owner).post(
        "/w/padaria/links/new/",
        {"slug": "vitrine", "channel": channel.key, "prefilled_text": "Oi! Vim daí."},
    )

    html = page.content.decode()
    assert "Oi! Vim daí.</textarea>" in html
    assert 'value="vitrine"' in html
    assert 'aria-invalid="true"' in html
