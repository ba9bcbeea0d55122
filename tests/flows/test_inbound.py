"""A message comes in: from the provider's signed body to the pages that explain it."""

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Channel
from integrations.providers.base.types import Party
from integrations.providers.sandbox import phone as simulated_phone
from tests.factories import cloud_api as cloud
from tests.flows.conftest import Server, command, states, work
from whatsapp.models import Lead, Message

FORGED = "esta mensagem ninguém assinou"
PHONE = "+55 11 93333-4444"
SECRET = "0123456789abcdef0123456789abcdef"
META = {
    "phone_number": PHONE,
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
    "access_token": "EAAG-of-the-tests",
    "app_secret": SECRET,
    "verify_token": "a-word-of-my-choice",
}
DIALOG360 = {"phone_number": PHONE, "api_key": "key-of-tests", "webhook_secret": SECRET}
SANDBOX = {"phone_number": PHONE, "webhook_secret": SECRET}


def hmac_of(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, "sha256").hexdigest()


def signed_by_meta(body: bytes) -> dict[str, str]:
    return {"X-Hub-Signature-256": f"sha256={hmac_of(body)}"}


def signed_by_360dialog(body: bytes) -> dict[str, str]:
    return {"X-360Dialog-Signature": hmac_of(body)}


def token_of_360dialog(body: bytes) -> dict[str, str]:
    return {"X-Bsp-Token": SECRET}


@dataclass
class Number:
    """A connected number, and its provider's way to post."""

    server: Server
    webhook_url: str
    channel: str
    prove: Callable[[bytes], dict[str, str]]

    def receive(self, body: bytes) -> None:
        """The provider posts, the worker works."""
        answer = self.server.post(self.webhook_url, body, self.prove(body))
        assert (answer.status, answer.headers["content-type"]) == (
            200,
            "application/json",
        )
        work()


def connect(server, provider, credentials, prove):
    told = command(
        *("add_integration", "--workspace", "loja", "--provider", provider),
        *("--name", "Balcão"),
        stdin=credentials,
    )
    return Number(server, told["webhook_url"], told["channel"], prove)


@pytest.fixture(
    params=[
        pytest.param(("meta_cloud", META, signed_by_meta), id="meta_cloud"),
        pytest.param(("dialog360", DIALOG360, signed_by_360dialog), id="360-signature"),
        pytest.param(("dialog360", DIALOG360, token_of_360dialog), id="360-token"),
    ]
)
def number(request, server, shop):
    return connect(server, *request.param)


def add_link(number: Number) -> str:
    told = command(
        *("add_tracked_link", "--workspace", "loja", "--channel", number.channel),
        *("--slug", "instagram-bio", "--text", "Quero um bolo!", "--json"),
    )
    return str(told["url"])


def click(url: str) -> str:
    """Follow the link as a visitor, and take the text that WhatsApp would prefill."""
    response = Client().get(urlsplit(url).path, {"utm_campaign": "natal"})
    assert response.status_code == 302
    target = urlsplit(response.headers["Location"])
    assert (target.netloc, target.path) == ("wa.me", "/5511933334444")
    return parse_qs(target.query)["text"][0]


def words(page: str) -> str:
    """What is read on a page, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def href(page: str, kind: str) -> str:
    """The only link of this kind on a page."""
    found = set(re.findall(rf'href="(/w/loja/{kind}/[0-9a-f-]{{36}}/)', page))
    assert len(found) == 1
    return str(found.pop())


def test_a_message_with_a_token_is_attributed_to_its_click(number, shop):
    text = click(add_link(number))
    assert text.startswith("Quero um bolo!")

    number.receive(cloud.body(cloud.message(text, name="Ana Lima")))

    assert states() == [("done", "")]
    listed = shop.page("conversations/")
    assert "Ana Lima" in listed
    assert "instagram-bio" in listed
    thread = shop.page(href(listed, "conversations"))
    assert "Quero um bolo!" in thread
    assert "instagram-bio" in thread
    lead = shop.page(href(thread, "leads"))
    token = re.search(r"vm_token:(\w{10})", text)
    assert token is not None
    assert f"<bdi>{token[1]}</bdi>" in lead
    assert "Token" in lead
    assert "Certain" in lead
    assert "natal" in lead
    assert "instagram-bio" in shop.page("leads/")


def test_the_same_person_in_another_notation_is_known(number, shop):
    text = click(add_link(number))
    number.receive(
        cloud.body(cloud.message(text, name="Ana Lima", sender="5511987654321"))
    )

    number.receive(
        cloud.body(
            cloud.message(
                "E de chocolate?",
                name="Ana Lima",
                sender="551187654321",
                at=1_760_000_900,
            )
        )
    )

    assert states() == [("done", "")] * 2
    listed = shop.page("conversations/")
    assert "E de chocolate?" in listed
    assert "2 messages" in words(listed)
    thread = shop.page(href(listed, "conversations"))
    # The list beside the thread shows the newest one as well, before the thread.
    assert thread.rindex("Quero um bolo!") < thread.rindex("E de chocolate?")
    lead = shop.page(href(thread, "leads"))
    assert "The same number in another notation" in lead
    digits = re.sub(r"[^\d\n]", "", words(lead))
    assert "551187654321" in digits
    assert "5511987654321" in digits
    assert "instagram-bio" in lead  # the first touch stays the origin


def test_a_message_of_nobody_known_is_anonymous_with_the_reason(number, shop):
    number.receive(cloud.body(cloud.message("Vocês abrem hoje?", name="")))

    assert states() == [("done", "")]
    listed = shop.page("conversations/")
    assert "Vocês abrem hoje?" in listed
    thread = shop.page(href(listed, "conversations"))
    lead = shop.page(href(thread, "leads"))
    assert "First message of an unknown person, without token and without ad" in lead
    assert "m_token in the text" in lead
    assert "No origin found" in words(lead)


def test_a_body_with_a_wrong_proof_changes_nothing(number, shop):
    # Long enough that no random token of a page spells it by chance.
    body = cloud.body(cloud.message(FORGED))
    headers = {name: value[:-1] + "x" for name, value in number.prove(body).items()}

    answer = number.server.post(number.webhook_url, body, headers)
    work()

    assert answer.status == 401
    assert states() == []
    assert FORGED not in shop.page("conversations/")


def test_a_signed_body_of_the_sandbox_reaches_its_page(server, shop):
    number = connect(server, "sandbox", SANDBOX, None)
    message = simulated_phone.message(
        "sandbox-1",
        sender=Party(wa_id="5511987654321", name="Telefone de teste"),
        at=timezone.now(),
        text="Olá do simulador",
    )
    body, headers = simulated_phone.webhook(
        "5511933334444", [message], webhook_secret=SECRET
    )

    number.prove = lambda _: headers
    number.receive(body)

    assert states() == [("done", "")]
    listed = shop.page("conversations/")
    assert "Olá do simulador" in listed
    assert "Telefone de teste" in shop.page(href(listed, "conversations"))


def test_a_number_added_later_gets_what_came_before(server, shop, settings):
    """One callback URL for a whole app: a body for a number nobody has is kept."""
    settings.INSTALLATION_SECRETS = {"meta_cloud": {"app_secret": SECRET}}
    shared_url = "http://127.0.0.1:8000/webhooks/whatsapp/"
    body = cloud.body(cloud.message("Chegou cedo", name="Bia"))

    answer = server.post(shared_url, body, signed_by_meta(body))
    work()

    assert answer.status == 200
    ((state, why),) = states()
    assert state == "unrouted"
    assert META["phone_number_id"] in why
    (stuck,) = command("inbox_stats", "--json")["unrouted"]
    assert META["phone_number_id"] in stuck["reason"]
    assert "Chegou cedo" not in shop.page("conversations/")

    connect(server, "meta_cloud", META, signed_by_meta)
    tried = command("inbox_replay", "--state", "unrouted", "--dry-run", "--json")
    assert (tried["new"]["messages"], tried["new"]["leads"]) == (1, 1)
    assert tried["failing"] == []
    assert not Message.objects.unscoped("nothing may be there").exists()
    assert command("inbox_replay", "--state", "unrouted", "--json")["replayed"] == 1
    work()

    assert states() == [("done", "")]
    listed = shop.page("conversations/")
    assert "Chegou cedo" in listed
    assert "Bia" in shop.page(href(listed, "conversations"))


def test_another_workspace_sees_nothing_of_it(number, shop):
    number.receive(cloud.body(cloud.message("Só para a loja", name="Ana Lima")))
    thread = href(shop.page("conversations/"), "conversations")
    lead = href(shop.page("leads/"), "leads")
    command("add_workspace", "--slug", "outra", "--name", "Outra", "--json")
    told = command(
        *("add_member", "--workspace", "outra", "--email", "vizinha@example.com"),
        *("--role", "owner", "--json"),
    )
    neighbour = Client()
    assert neighbour.login(email="vizinha@example.com", password=told["password"])

    for path in (thread, lead):
        assert neighbour.get(path).status_code == 404
        assert neighbour.get(path.replace("/loja/", "/outra/")).status_code == 404
    assert "Ana Lima" not in neighbour.get("/w/outra/conversations/").content.decode()


def test_a_360dialog_number_learns_its_id_from_its_first_body(server, shop):
    number = connect(server, "dialog360", DIALOG360, signed_by_360dialog)
    (channel,) = command("list_channels", "--workspace", "loja", "--json")["channels"]
    assert channel["channel"] == number.channel

    number.receive(cloud.body(cloud.message("Oi"), number="998877"))
    number.receive(cloud.body(cloud.message("Oi de novo"), number="998877"))

    row = Channel.objects.unscoped("by its key").get(key=number.channel)
    assert row.external_id == "998877"
    assert Lead.objects.unscoped("of one person").count() == 1
    assert json.dumps(states()) == '[["done", ""], ["done", ""]]'
