"""The page of a business's simulated phone: who may hold it, and what it says."""

import uuid
from html import unescape

import pytest
from django.utils import timezone

from integrations.models import SimulatedPhone
from integrations.services import sandbox_gateway
from tests.factories import accounts as make_people
from tests.factories import integrations as make
from tests.walls import as_app
from webhooks.models import RawWebhook


@pytest.fixture
def channel(world):
    return make.sandbox_number(world.workspace, is_linked=False, display_name="Loja")


@pytest.fixture
def client(world, signed_in):
    return signed_in(world.agent)


def address(channel):
    return f"/w/padaria/sandbox/{channel.key}/business/"


def row(channel):
    return SimulatedPhone.objects.unscoped("test").get(channel=channel)


@pytest.fixture
def code(channel):
    """Recado shows a code for the number."""
    with as_app():
        standing = sandbox_gateway.await_phone(
            channel, wants_pairing_code=True, webhook_url="", now=timezone.now()
        )
    return standing.code


def text(response):
    return unescape(response.content.decode())


# --- the way from a camera --------------------------------------------------------
def test_a_scanned_code_leads_to_the_page_of_the_number(client, channel, code):
    page = client.get(f"/sandbox/phone/{channel.key}/?code={code.text}", follow=True)

    assert page.redirect_chain == [(f"{address(channel)}?code={code.text}", 302)]
    assert f'name="code" value="{code.text}"' in text(page)


def test_who_is_signed_out_comes_back_to_the_code_after_signing_in(channel, client):
    client.logout()

    answer = client.get(f"/sandbox/phone/{channel.key}/?code=ABC")

    assert answer.status_code == 302
    assert f"next=/sandbox/phone/{channel.key}/%3Fcode%3DABC" in answer.url


def test_a_stranger_and_a_phone_that_is_gone_are_told_the_same(
    channel, world, signed_in
):
    stranger = signed_in(world.outsider)

    foreign = stranger.get(f"/sandbox/phone/{channel.key}/?code=ABC")
    missing = stranger.get(f"/sandbox/phone/{uuid.uuid4()}/?code=ABC")

    assert (foreign.status_code, missing.status_code) == (404, 404)
    told = [text(one).partition("<main")[2] for one in (foreign, missing)]
    assert told[0] == told[1]
    assert "Loja" not in text(foreign)


def test_only_those_who_may_answer_hold_it(channel, world, signed_in):
    viewer = make_people.user(email="viewer@example.com")
    make_people.membership(world.workspace, viewer, role="viewer")

    assert signed_in(viewer).get(address(channel)).status_code == 403
    assert signed_in(world.outsider).get(address(channel)).status_code == 404


def test_a_real_number_a_removed_one_and_a_switched_off_sandbox_are_404(
    channel, world, client, settings
):
    real = make.meta_number(world.workspace)
    gone = make.sandbox_number(world.workspace, is_active=False)
    for one in (real, gone):
        assert client.get(address(one)).status_code == 404
    assert client.get(address(channel)).status_code == 200

    settings.SANDBOX_ENABLED = False

    assert client.get(address(channel)).status_code == 404
    assert client.get(f"/sandbox/phone/{channel.key}/").status_code == 404


# --- what it shows ----------------------------------------------------------------
def test_without_a_code_to_scan_it_says_what_to_do(client, channel):
    page = text(client.get(address(channel), {"scan": "1"}))

    assert "Não há código para ler" in page
    assert "/w/padaria/integrations/whatsapp/" in page
    assert 'id="confirm-link"' not in page


def test_scanning_asks_before_it_links(client, channel, code):
    page = text(client.get(address(channel), {"scan": "1"}))

    assert f'name="code" value="{code.text}"' in page
    assert not row(channel).is_linked


@pytest.mark.parametrize("told", ["ABCDEFGHJKLMNPQR", "x" * 5000, "\x00", "<script>"])
def test_a_code_that_is_not_the_one_is_told_as_expired(client, channel, code, told):
    page = text(client.get(address(channel), {"code": told}))

    assert "Este código não vale mais" in page
    assert 'id="confirm-link"' not in page
    assert code.text not in page


def test_its_screen_is_sent_again_only_when_it_changed(client, channel):
    part = {"headers": {"HX-Request": "true"}}
    screen = text(client.get(address(channel), **part))
    poll = screen.split('hx-get="')[1].split('"')[0]

    assert "<html" not in screen
    assert client.get(poll, **part).status_code == 204
    SimulatedPhone.objects.unscoped("test").update(unlinked_by="recado")
    assert "o Recado saiu" in text(client.get(poll, **part))


# --- what it does -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"intent": "link", "code": "ABC"}, "O Recado não mostra nenhum código"),
        ({"intent": "link"}, "O Recado não mostra nenhum código"),
        ({"intent": "unlink"}, "Nenhum dispositivo está conectado"),
        ({"intent": "dance"}, "Escolha o que o celular deve fazer"),
        ({}, "Escolha o que o celular deve fazer"),
        (
            {"intent": "mishap", "mishap": "meteor"},
            "Escolha o que o celular deve fazer",
        ),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_says_why(
    client, channel, fields, said
):
    page = client.post(address(channel), fields, follow=True)

    assert said in text(page)
    assert not row(channel).is_linked
    assert row(channel).mishap == ""
    assert RawWebhook.objects.count() == 0


@pytest.mark.parametrize("told", ["", "x" * 5000, "ABCD2345", "\x00"])
def test_a_pairing_code_that_is_wrong_is_told_at_its_field(client, channel, code, told):
    page = client.post(address(channel), {"intent": "pair", "code": told})

    assert page.status_code == 422
    assert 'aria-invalid="true"' in text(page)
    assert not row(channel).is_linked


def test_a_mishap_stays_until_another_is_chosen(client, channel):
    page = client.post(
        address(channel), {"intent": "mishap", "mishap": "html"}, follow=True
    )

    assert row(channel).mishap == "html"
    assert '<option value="html" selected>' in text(page)
    assert "A partir de agora: O gateway responde com uma página da web." in text(page)
    client.post(address(channel), {"intent": "mishap", "mishap": ""})
    assert row(channel).mishap == ""


def test_news_that_the_webhook_does_not_take_are_told(client, channel, code, settings):
    settings.EGRESS_ALLOWED_HOSTS = []  # nothing leaves, not even to ourselves

    page = client.post(
        address(channel), {"intent": "link", "code": code.text}, follow=True
    )

    assert row(channel).is_linked
    assert "o Recado só fica sabendo quando perguntar" in text(page)


def test_the_customers_page_and_this_one_lead_to_each_other(client, channel):
    customers = f"/w/padaria/sandbox/{channel.key}/"

    assert customers in text(client.get(address(channel)))
    page = text(client.get(customers))
    assert address(channel) in page
    assert "não está conectado ao Recado" in page
