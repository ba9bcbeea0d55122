"""The wizard up to the session: what is asked, what is refused and how, what is kept."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent
from integrations import gateway
from integrations.models import Channel, Integration, Session
from integrations.providers import registry
from tests.factories import integrations as make
from tests.integrations.pairing import time_passes
from tests.twins import evolution, meta, waha
from tests.twins.server import serving
from tests.twins.waha import Twin

START = "/w/padaria/integrations/whatsapp/connect/"
KEY = "waha-key-of-the-tests"
PHONE = "+5511987654321"
ENTERED = {
    "name": "Vendas",
    "phone_number": PHONE,
    "session_name": "padaria",
    "api_key": KEY,
    "webhook_secret": "",
}


@pytest.fixture
def gateway_twin(settings: Any) -> Iterator[Twin]:
    with waha.serving(KEY) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        yield twin


@dataclass
class Wizard:
    client: Client
    twin: Twin

    def enter(self, provider: str = "waha", **changes: str) -> Any:
        entered = ENTERED | {"base_url": self.twin.url} | changes
        draft = changes.get("draft") or str(uuid.uuid4())
        return self.client.post(f"{START}{provider}/", entered | {"draft": draft})


@pytest.fixture
def wizard(world, signed_in, gateway_twin) -> Wizard:
    return Wizard(signed_in(world.owner), gateway_twin)


def nothing_was_kept() -> bool:
    rows = (Integration, Channel, Session)
    return not any(model.objects.unscoped("test").exists() for model in rows)


# --- who, and what there is to choose -------------------------------------------
@pytest.mark.parametrize("rest", ["", "waha/", "dialog360/return/?state=x"])
def test_only_who_may_connect_comes_in(world, signed_in, rest):
    assert signed_in(world.agent).get(START + rest).status_code == 403
    assert signed_in(world.outsider).get(START + rest).status_code == 404


def test_every_provider_says_what_it_can_and_cannot_do(world, signed_in):
    world.owner.language = "en"
    world.owner.save()

    page = signed_in(world.owner).get(START).content.decode()

    assert page.count('class="card offer"') == 5  # the sandbox is on in tests
    of_waha = page.split("connect/waha/")[1].split("</li>")[0]
    assert "By scanning a QR code" in of_waha
    can, cannot = of_waha.split("Cannot</dt>")
    assert "set up its webhook by itself" in can
    assert "bring earlier messages along" in cannot


def test_the_sandbox_is_offered_only_where_it_is_on(world, signed_in, settings):
    settings.SANDBOX_ENABLED = False
    client = signed_in(world.owner)

    assert "connect/sandbox/" not in client.get(START).content.decode()
    assert client.get(f"{START}sandbox/").status_code == 404
    assert client.get(f"{START}nobody/").status_code == 404


def test_a_partner_offers_two_ways_in(world, signed_in, monkeypatch):
    from integrations.providers import registry

    partner = {"partner_id": "P", "partner_key": "k" * 20}
    monkeypatch.setattr(registry.get("dialog360"), "settings", partner)
    client = signed_in(world.owner)

    by_link = client.get(f"{START}dialog360/").content.decode()
    by_key = client.get(f"{START}dialog360/?way=credentials").content.decode()

    assert 'name="api_key"' not in by_link
    assert 'name="api_key"' in by_key
    assert "?way=credentials" in by_link


# --- what goes well --------------------------------------------------------------
def test_a_number_is_added_once_and_its_session_begins(wizard, world):
    draft = str(uuid.uuid4())

    first = wizard.enter(draft=draft)
    second = wizard.enter(draft=draft)

    [channel] = Channel.objects.unscoped("test")
    session_page = f"/w/padaria/integrations/whatsapp/{channel.key}/session/"
    assert (first.status_code, first["Location"]) == (302, session_page)
    assert second["Location"] == session_page
    assert channel.phone == PHONE
    assert list(wizard.twin.sessions) == ["padaria"]
    assert Session.objects.unscoped("test").count() == 1
    actions = AuditEvent.objects.unscoped("test").values_list("action", "actor")
    assert ("integration.added", world.owner.pk) in actions


def test_the_webhook_secret_is_made_where_nobody_chose_one(wizard):
    wizard.enter()

    [integration] = Integration.objects.unscoped("test")
    secret = gateway.unseal_credentials(integration)["webhook_secret"]
    assert len(secret) >= 40
    [webhook] = wizard.twin.sessions["padaria"].config["webhooks"]
    assert webhook["hmac"]["key"] == secret


# --- what does not ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"api_key": "some-other-key"}, "api_key", "não aceita esta chave"),
        ({"base_url": "http://127.0.0.1:9"}, "base_url", "não conseguimos falar"),
        ({"phone_number": "12"}, "phone_number", "código do país"),
        ({"phone_number": "+10000000"}, "phone_number", "código do país"),
        ({"phone_number": ""}, "phone_number", "obrigatório"),
        ({"name": ""}, "name", "obrigatório"),
        ({"session_name": "a b"}, "session_name", "letras"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_wrong(
    wizard, settings, changes, place, words
):
    settings.EGRESS_ALLOWED_HOSTS = [*settings.EGRESS_ALLOWED_HOSTS, "127.0.0.1:9"]

    answer = wizard.enter(**changes)

    assert answer.status_code == 422
    assert words.lower() in errors_of(answer, place).lower()
    assert nothing_was_kept()


def test_secrets_do_not_come_back_and_what_is_no_secret_does(wizard):
    page = wizard.enter(
        api_key="seeded-wrong-key-1", session_name="a b"
    ).content.decode()

    assert "seeded-wrong-key-1" not in page
    assert f'value="{PHONE}"' in page
    assert 'value="Vendas"' in page


def test_a_web_page_is_no_provider(wizard):
    wizard.twin.fault = "html"

    answer = wizard.enter()

    assert answer.status_code == 422
    assert "WAHA" in errors_of(answer, "base_url")
    assert nothing_was_kept()


def test_a_provider_in_trouble_is_no_wrong_key(wizard):
    wizard.twin.fault = "503"

    page = wizard.enter().content.decode()

    assert "com problemas" in page
    assert nothing_was_kept()


def test_a_server_of_another_provider_is_told_by_name(wizard, settings):
    with evolution.serving() as other:
        settings.EGRESS_ALLOWED_HOSTS = [other.host]
        as_waha = wizard.enter(
            base_url=f"http://{other.host}", api_key=evolution.GLOBAL_KEY
        )
    settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{wizard.twin.port}"]
    as_evolution = wizard.enter("evolution", instance_name="padaria")

    assert "WAHA" in errors_of(as_waha, "base_url")
    # A WAHA server looks at the key before it looks at the address.
    assert errors_of(as_evolution, "api_key")
    assert nothing_was_kept()


def test_a_key_of_another_provider_is_known_by_its_look(wizard):
    wizard.twin.api_key = "not what is entered"

    answer = wizard.enter(api_key="EAA" + "x1" * 40)

    assert "Meta Cloud API" in errors_of(answer, "api_key")
    assert nothing_was_kept()


def test_a_number_of_another_workspace_is_said_to_who_proved_it(
    world, signed_in, settings, monkeypatch
):
    taken = make.claimed(_number_of_others(world, provider="waha"))
    with serving(meta.Twin()) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [f"127.0.0.1:{twin.port}"]
        adapter = registry.get("meta_cloud")
        monkeypatch.setattr(adapter, "settings", {"api_base": twin.url})
        number = twin.add_number(meta.Number("11111", "22222", PHONE.lstrip("+")))
        twin.tokens["EAAproof"] = {number.account}
        entered = {
            "name": "Vendas",
            "phone_number": PHONE.replace("119", "11"),  # without its ninth digit
            "phone_number_id": number.id,
            "waba_id": number.account,
            "access_token": "EAAproof",
            "app_secret": twin.app_secret,
            "draft": str(uuid.uuid4()),
        }

        answer = signed_in(world.owner).post(f"{START}meta_cloud/", entered)

    assert "outro espaço" in errors_of(answer, "phone_number")
    assert_tells_nothing_of(taken, answer.content.decode())
    ours = Integration.objects.unscoped("test").filter(workspace=world.workspace)
    assert not ours.exists()


def test_a_scanned_phone_of_another_workspace_ends_the_session_in_clear_words(
    wizard, world
):
    taken = make.claimed(_number_of_others(world, provider="evolution"))
    session_page = wizard.enter()["Location"]
    waits = wizard.client.get(session_page).content.decode()
    paired = wizard.twin.sessions["padaria"]
    paired.status = "SCAN_QR_CODE"
    time_passes(Session.objects.unscoped("test").get(), seconds=3)
    wizard.client.get(session_page, headers={"HX-Request": "true"})
    paired.status, paired.me = "WORKING", {"id": f"{PHONE.lstrip('+')}@c.us"}
    time_passes(Session.objects.unscoped("test").get(), seconds=3)

    ended = wizard.client.get(session_page, headers={"HX-Request": "true"})

    assert "outro" not in waits
    session = Session.objects.unscoped("test").get()
    assert (session.state, session.problem) == ("failed", "number_taken")
    told = ended.content.decode() + wizard.client.get(session_page).content.decode()
    assert "já está conectado em outro lugar" in told
    assert_tells_nothing_of(taken, told)
    assert paired.me is None  # the phone is not left linked to what nobody reads


def _number_of_others(world, *, provider: str) -> Channel:
    theirs = make.integration(
        world.other_workspace, provider=provider, name="Concorrente"
    )
    return make.channel(
        world.other_workspace,
        provider=provider,
        phone=PHONE,
        integration=theirs,
        display_name="Loja do outro",
    )


def assert_tells_nothing_of(taken: Channel, page: str) -> None:
    hidden = ("Loja do outro", "Concorrente", taken.workspace.name, str(taken.key))
    for told in hidden:
        assert told not in page


def test_a_number_of_ones_own_leads_to_its_page(wizard):
    wizard.enter()
    [channel] = Channel.objects.unscoped("test")

    page = wizard.enter(name="Outra").content.decode()

    assert f"{channel.key}/session/" in page
    assert Integration.objects.unscoped("test").count() == 1


def test_a_name_is_given_once(wizard):
    wizard.enter()

    answer = wizard.enter(phone_number="+5511911112222", session_name="outra")

    assert answer.status_code == 422
    assert errors_of(answer, "name")
    assert Integration.objects.unscoped("test").count() == 1


def test_a_key_made_up_by_somebody_else_is_only_a_key(wizard, world):
    foreign = make.integration(world.other_workspace)

    answer = wizard.enter(draft=str(foreign.key))

    assert answer.status_code == 302
    [ours] = Integration.objects.unscoped("test").filter(workspace=world.workspace)
    assert ours.key != foreign.key


def test_a_name_is_suggested_that_is_free(wizard, world):
    make.integration(world.workspace, name="WhatsApp")

    page = wizard.client.get(f"{START}waha/").content.decode()

    assert 'value="WhatsApp 2"' in page


# --- the way back from a link ----------------------------------------------------
@pytest.mark.parametrize(
    "query", ["", "?state=made-up", "?state=x&client=A&channels=[b,c]", "?channels=[["]
)
def test_a_return_that_nobody_waits_for_is_a_clear_page(world, signed_in, query):
    answer = signed_in(world.owner).get(f"{START}dialog360/return/{query}")

    assert answer.status_code == 410
    assert "360dialog" in answer.content.decode()


def test_a_provider_without_links_has_no_way_back(world, signed_in):
    assert signed_in(world.owner).get(f"{START}waha/return/").status_code == 404


def errors_of(answer: Any, name: str) -> str:
    found = re.search(
        rf'id="id_{name}_error">(.*?)</div>', answer.content.decode(), re.DOTALL
    )
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("provider", "is_explained"),
    [("meta_cloud", True), ("evolution", False), ("waha", False), ("sandbox", False)],
)
def test_coexistence_is_explained_where_a_number_may_stay_on_the_phone(
    world, signed_in, provider, is_explained
):
    world.owner.language = "en"
    world.owner.save()

    page = signed_in(world.owner).get(f"{START}{provider}/")

    assert page.status_code == 200
    assert ("(coexistence)" in page.content.decode()) == is_explained
