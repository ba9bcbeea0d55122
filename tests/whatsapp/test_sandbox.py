"""The simulated phone: over HTTP through the real gate, and back from the database."""

import socket
import uuid
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from integrations.models import ChannelLog
from integrations.providers.sandbox import samples
from tests import itself
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_app
from webhooks import processing
from webhooks.models import RawWebhook
from whatsapp import file_types, sandbox_forms, tokens
from whatsapp.models import Conversation, Lead, MediaAsset, Message, Touch

ANA = {"number": "5511987650001", "name": "Ana"}


@pytest.fixture
def gate(transactional_db, settings, monkeypatch) -> Iterator[None]:
    with itself.served(settings, monkeypatch):
        yield


@pytest.fixture
def channel(gate, world):
    return make_room_1.sandbox_number(world.workspace, display_name="Vendas")


@pytest.fixture
def phone(channel, world, signed_in):
    """Do one thing as the customer, let the worker run, and see the page again."""
    client = signed_in(world.agent)
    address = f"/w/padaria/sandbox/{channel.key}/"

    def act(intent, *, query=None, draft=None, drains=True, **fields):
        data = {"intent": intent, "draft": draft or str(uuid.uuid4())} | fields
        there = f"{address}?{urlencode(ANA | (query or {}))}"
        page = client.post(there, data, follow=True)
        if drains:
            with as_app():
                processing.drain(budget_seconds=30)
        return page

    act.client, act.address = client, address  # type: ignore[attr-defined]
    return act


def _rows(model, world):
    return model.objects.for_workspace(world.workspace)


def test_a_link_then_its_text_becomes_a_conversation_with_its_origin(
    phone, channel, world
):
    link = make.link(channel, slug="vitrine", prefilled_text="Oi! Vim pela vitrine.")

    page = phone("link", link=str(link.key), token="intact")
    [text] = parse_qs(urlsplit(page.redirect_chain[-1][0]).query)["text"]
    phone("text", text=text)

    conversation = _rows(Conversation, world).get()
    assert conversation.channel == channel
    lead = conversation.lead
    assert lead.name == "Ana"
    assert (lead.attribution.rule, lead.attribution.confidence) == ("token", "certain")
    assert lead.attribution.touch.link == link
    assert text.startswith("Oi! Vim pela vitrine.")
    html = phone.client.get(phone.address, ANA).content.decode()
    assert f"/w/padaria/conversations/{conversation.key}/" in html
    assert "Oi! Vim pela vitrine." in html


@pytest.mark.parametrize(
    ("how", "rule"),
    [("swapped", "token_rescue"), ("halved", "anonymous"), ("removed", "anonymous")],
)
def test_a_broken_token_is_rescued_or_honestly_given_up(
    phone, channel, world, how, rule
):
    link = make.link(channel, slug="vitrine", prefilled_text="Oi!")

    page = phone("link", link=str(link.key), token=how)
    [text] = parse_qs(urlsplit(page.redirect_chain[-1][0]).query)["text"]
    phone("text", text=text)

    assert _rows(Touch, world).count() == 1
    assert _rows(Lead, world).get().attribution.rule == rule


def test_an_ad_is_the_origin_with_its_click_id(phone, world):
    phone(
        "ad",
        headline="Primeira visita grátis",
        source_id="120",
        source_url="https://www.instagram.com/p/x/",
        ctwa_clid="clid-1",
        text="Vi o anúncio",
    )

    touch = _rows(Lead, world).get().attribution.touch
    assert (touch.kind, touch.ctwa_clid, touch.ad_id) == ("ad", "clid-1", "120")


def test_files_places_cards_and_answers_arrive_as_what_they_are(phone, world):
    for kind in ("image", "voice", "audio", "video", "document", "sticker"):
        phone("file", kind=kind, text="", drains=False)
    phone("place", name="MASP", latitude="-23.56", longitude="-46.65", drains=False)
    phone("card", name="Portaria", phone="+55 11 97777-0000", drains=False)
    phone("answer", kind="button_reply", text="Sim", id="opt-1", drains=False)
    phone("answer", kind="list_reply", text="Terça", id="")

    kinds = set(_rows(Message, world).values_list("kind", flat=True))
    assert kinds == {
        *("image", "voice", "audio", "video", "document", "sticker"),
        *("location", "contacts", "button_reply", "list_reply"),
    }
    assert _rows(MediaAsset, world).count() == 6
    page = phone.client.get(phone.address, ANA).content.decode()
    assert "MASP" in page
    assert "Portaria" in page


@pytest.mark.parametrize("kind", sandbox_forms.FILES)
def test_phone_says_of_its_files_what_they_are(kind):
    mime, _ = sandbox_forms.FILES[kind]

    found = samples.file_of(kind)

    assert found is not None
    content, served = found
    assert (served, file_types.sniff(content[: file_types.HEAD])) == (mime, mime)


def test_file_may_have_expired_at_the_provider(phone, world):
    phone("file", kind="image", text="", is_gone="on")

    assert _rows(MediaAsset, world).get().external_id.startswith("gone-")


def test_replies_reactions_and_deletions_are_about_their_message(phone, world):
    phone("text", text="Qual o preço?")
    first = _rows(Message, world).get()

    phone("text", text="E o prazo?", target=first.external_id)
    phone("reaction", target=first.external_id, emoji="👍")
    page = phone.client.get(phone.address, ANA).content.decode()

    assert '<blockquote class="phone__quote" dir="auto">Qual o preço?' in page
    assert "👍</li>" in page

    phone("revoke", target=first.external_id)
    page = phone.client.get(phone.address, ANA).content.decode()
    assert "Qual o preço?</p>" not in page


def test_the_phone_tells_how_far_a_message_of_ours_got(phone, world):
    phone("text", text="Oi")
    conversation = _rows(Conversation, world).get()
    ours = make.message(
        conversation,
        direction="outbound",
        text="Olá, Ana",
        external_id="out-1",
        status="sent",
    )

    phone("status", target="out-1", word="read")

    ours.refresh_from_db()
    assert ours.status == "read"


def test_the_same_form_sent_twice_is_one_message(phone, world):
    draft = str(uuid.uuid4())

    phone("text", text="Oi", draft=draft)
    phone("text", text="Oi", draft=draft)

    assert _rows(Message, world).count() == 1


def test_a_provider_that_repeats_itself_makes_one_message(phone, world):
    phone("text", text="Oi", query={"delivery": "twice"})

    assert RawWebhook.objects.count() == 2
    assert _rows(Message, world).count() == 1


def test_a_forged_signature_is_refused_and_stores_nothing(phone, world):
    page = phone("text", text="Oi", query={"delivery": "forged"})

    assert RawWebhook.objects.count() == 0
    assert "notice--warning" in page.content.decode()
    log = _rows(ChannelLog, world).get()
    assert log.status_code == 401
    assert "word-of-the-tests" not in log.request


def test_a_late_message_has_the_time_it_was_written(phone, world):
    phone("text", text="agora")
    phone("text", text="antes", query={"late": "3600"})

    earlier = _rows(Message, world).get(text="antes")
    late_by = earlier.received_at - earlier.provider_at
    assert 3600 <= late_by.total_seconds() < 3700


def test_two_customers_are_two_conversations(phone, world):
    phone("text", text="Oi")
    phone("text", text="Bom dia", query={"number": "+55 11 98765-0002", "name": "Bia"})

    assert _rows(Conversation, world).count() == 2
    page = phone.client.get(phone.address, ANA).content.decode()
    assert "Bia" in page
    assert "Bom dia" not in page


def test_the_thread_is_sent_again_only_when_it_changed(phone):
    phone("text", text="Oi")
    page = phone.client.get(phone.address, ANA, headers={"HX-Request": "true"})
    html = page.content.decode()
    poll = html.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    ask = {"headers": {"HX-Request": "true"}}

    assert "<html" not in html
    assert phone.client.get(poll, **ask).status_code == 204
    phone("text", text="Alguém aí?")
    assert "Alguém aí?" in phone.client.get(poll, **ask).content.decode()


def test_a_webhook_that_does_not_answer_is_told(phone, settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{probe.getsockname()[1]}"
    settings.PUBLIC_URL = f"http://{closed}"
    settings.EGRESS_ALLOWED_HOSTS = [closed]

    page = phone("text", text="Oi, tem bolo?")

    assert "notice--error" in page.content.decode()
    assert "Oi, tem bolo?</textarea>" in page.content.decode()


@pytest.mark.parametrize(
    ("intent", "fields"),
    [
        ("text", {"text": ""}),
        ("text", {"text": "x" * 4097}),
        ("text", {"text": "Oi", "draft": "no uuid"}),
        ("place", {"name": "x", "latitude": "nan", "longitude": "0"}),
        ("place", {"name": "x", "latitude": "91", "longitude": "0"}),
        ("file", {"kind": "malware", "text": ""}),
        ("reaction", {"target": "m", "emoji": "text"}),
        ("status", {"target": "", "word": "read"}),
        ("link", {"link": str(uuid.uuid4()), "token": "intact"}),
    ],
)
def test_bad_input_sends_nothing_and_says_why(phone, intent, fields):
    page = phone(intent, **fields)

    assert page.status_code == 422
    assert RawWebhook.objects.count() == 0


def test_an_unknown_intent_and_an_impossible_address_break_nothing(phone):
    page = phone("dance", query={"number": "abc", "late": "-1", "delivery": "never"})

    assert page.status_code == 200
    assert RawWebhook.objects.count() == 0


def test_only_those_who_may_answer_hold_the_phone(world, channel, signed_in):
    viewer = make_room_0.user(email="viewer@example.com")
    make_room_0.membership(world.workspace, viewer, role="viewer")

    page = signed_in(viewer).get(f"/w/padaria/sandbox/{channel.key}/")
    numbers = signed_in(viewer).get("/w/padaria/integrations/whatsapp/")

    assert page.status_code == 403
    assert f"/sandbox/{channel.key}/" not in numbers.content.decode()


def test_a_real_number_a_removed_one_and_a_switched_off_sandbox_are_404(
    world, channel, signed_in, settings
):
    client = signed_in(world.agent)
    real = make_room_1.meta_number(world.workspace)
    gone = make_room_1.sandbox_number(world.workspace, is_active=False)

    for key in (real.key, gone.key, uuid.uuid4()):
        assert client.get(f"/w/padaria/sandbox/{key}/").status_code == 404
    assert client.get(f"/w/padaria/sandbox/{channel.key}/").status_code == 200
    settings.SANDBOX_ENABLED = False
    assert client.get(f"/w/padaria/sandbox/{channel.key}/").status_code == 404


def test_the_numbers_page_and_home_lead_to_the_phone(world, channel, signed_in):
    client = signed_in(world.agent)

    for page in ("/w/padaria/", "/w/padaria/integrations/whatsapp/"):
        address = f"/w/padaria/sandbox/{channel.key}/"
        assert address in client.get(page).content.decode()


def test_page_needs_the_same_queries_for_few_and_for_many(
    world, channel, signed_in, django_assert_num_queries
):
    client = signed_in(world.agent)

    def add(number):
        lead = make.lead(world.workspace, name=f"Cliente {number}")
        make.identity(lead, value=f"551198765{number:04d}")
        conversation = make.conversation(lead, channel)
        for one in range(number):
            make.message(conversation, external_id=f"{number}-{one}")

    add(1)
    with django_assert_num_queries(10):
        client.get(f"/w/padaria/sandbox/{channel.key}/")
    for number in range(2, 7):
        add(number)
    with django_assert_num_queries(10):
        client.get(f"/w/padaria/sandbox/{channel.key}/")


def test_an_impossible_address_is_told_by_its_fields_and_kept(phone):
    told = {"number": "123", "name": "Zé", "late": "-1", "delivery": "never"}

    html = phone.client.get(phone.address, told).content.decode()

    assert html.count('aria-invalid="true"') == 3
    assert 'value="123"' in html
    assert 'value="Zé"' in html
    assert '<details class="phone-people__new" open>' in html


@pytest.mark.parametrize(
    ("intent", "fields"),
    [
        ("text", {"text": "Oi", "draft": "no uuid"}),
        ("reaction", {"target": "m", "emoji": "text"}),
        ("status", {"target": "", "word": "read"}),
    ],
)
def test_what_no_field_shows_is_told_above(phone, intent, fields):
    html = phone(intent, **fields).content.decode()

    assert "notice--error" in html
    assert "no uuid" not in html
    if intent == "text":
        assert "Oi</textarea>" in html


def test_a_refused_reply_is_still_a_reply(phone, world):
    phone("text", text="Oi")
    first = _rows(Message, world).get().external_id

    html = phone("text", text="x" * 4097, target=first).content.decode()

    assert f'name="target" value="{first}"' in html
    assert "phone__replying" in html


@pytest.mark.parametrize("how", ["swapped", "halved", "removed"])
def test_damage_leaves_no_intact_token(how):
    for _ in range(50):
        left = sandbox_forms.damage(tokens.new_token(), how)
        assert left is None or not tokens.is_intact(left)
