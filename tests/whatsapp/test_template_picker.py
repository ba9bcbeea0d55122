"""A template into a conversation: chosen, filled in, looked at, sent once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from tests.factories import integrations as numbers
from tests.factories import whatsapp as make
from whatsapp.forms.template_fill import fingerprint
from whatsapp.models import Conversation, Message, OutboxEntry, Template

BODY = "Olá, {{1}}! Seu pedido {{2}} saiu para entrega."
PARTS: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "IMAGE"},
    {"type": "BODY", "text": BODY},
    {"type": "FOOTER", "text": "Padaria Central"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Obrigado"},
            {"type": "URL", "text": "Ver", "url": "https://loja.example/{{1}}"},
        ],
    },
]


@pytest.fixture
def talk(world):
    """Ana wrote two days ago: the window is closed."""
    number = numbers.meta_number(world.workspace, state="connected")
    lead = make.lead(world.workspace, name="Ana Lima")
    make.identity(lead, kind="wa_id", value="5511987654321")
    ago = timezone.now() - timedelta(days=2)
    return make.conversation(lead, number, last_inbound_at=ago)


@pytest.fixture
def agent(world, signed_in) -> Client:
    world.agent.language = "en"
    world.agent.save()
    client: Client = signed_in(world.agent)
    return client


def address(talk: Conversation, template: Template | None = None) -> str:
    path = reverse(
        "whatsapp:conversation-template",
        kwargs={"workspace_slug": "padaria", "key": talk.key},
    )
    return f"{path}?template={template.key}" if template else path


def filled(template: Template, **more: str) -> dict[str, str]:
    return {
        "draft": str(uuid.uuid4()),
        "contract": fingerprint(template),
        "body-1": "Ana",
        "body-2": "1042",
    } | more


def promised(world: Any) -> list[OutboxEntry]:
    return list(OutboxEntry.objects.for_workspace(world.workspace))


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_only_approved_ones_of_this_number_are_offered(world, talk, agent):
    make.template(talk.channel, name="aprovado")
    make.template(talk.channel, name="em_analise", status="pending")
    make.template(talk.channel, name="sumido", gone_at=timezone.now())
    make.template(numbers.sandbox_number(world.workspace), name="de_outro")

    shown = text_of(agent.get(address(talk)))

    assert "aprovado" in shown
    assert not any(name in shown for name in ("em_analise", "sumido", "de_outro"))


def test_search_finds_by_name_and_text(talk, agent):
    make.template(talk.channel, name="pedido")
    make.template(talk.channel, name="agenda", body="Sua visita é amanhã.")

    shown = text_of(agent.get(address(talk) + "?q=visita"))

    assert "agenda" in shown
    assert "pedido" not in shown


def test_person_s_name_is_filled_in_where_the_text_greets(talk, agent):
    template = make.template(talk.channel, body=BODY)

    form = agent.get(address(talk, template)).context["form"]

    assert form.values == {"body-1": "Ana", "body-2": ""}


def test_named_gap_for_a_name_is_filled_in(talk, agent):
    template = make.template(talk.channel, body="Temos novidade, {{nome}}, para você.")

    form = agent.get(address(talk, template)).context["form"]

    assert form.values == {"body-nome": "Ana"}


def test_template_is_sent_although_the_window_is_closed(world, talk, agent):
    template = make.template(talk.channel, body=BODY)

    answer = agent.post(address(talk, template), filled(template))

    assert answer.status_code == 302
    assert answer["Location"].endswith(f"{talk.key}/#latest")
    [entry] = promised(world)
    content = entry.payload["content"]
    assert (content["name"], content["language"]) == ("pedido_enviado", "pt_BR")
    [body] = content["components"]
    assert [one["text"] for one in body["parameters"]] == ["Ana", "1042"]
    message = Message.objects.for_workspace(world.workspace).get(pk=entry.message_id)
    assert message.text == "Olá, Ana! Seu pedido 1042 saiu para entrega."
    thread = text_of(agent.get(f"/w/padaria/conversations/{talk.key}/"))
    assert "Olá, Ana! Seu pedido 1042" in thread
    assert "As received" not in thread


def test_every_kind_of_gap_is_filled(world, talk, agent):
    template = make.template(talk.channel, components=PARTS)
    told = filled(
        template,
        **{"header-media": "https://loja.example/foto.png", "button-1-1": "p/1042"},
    )

    assert agent.post(address(talk, template), told).status_code == 302

    [entry] = promised(world)
    header, body, button = entry.payload["content"]["components"]
    media = header["parameters"][0]["media"]
    assert (media["kind"], media["file"]["url"]) == (
        "image",
        "https://loja.example/foto.png",
    )
    assert media["file"]["mime_type"] == "image/png"
    assert len(body["parameters"]) == 2
    assert (button["index"], button["button"]) == (1, "url")
    assert button["parameters"][0]["text"] == "p/1042"
    message = Message.objects.for_workspace(world.workspace).get(pk=entry.message_id)
    assert message.content["shown"] == {
        "header": "",
        "header_kind": "image",
        "footer": "Padaria Central",
        "buttons": ["Obrigado", "Ver"],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"body-2": " "}, "This field is required."),
        ({"header-media": ""}, "This field is required."),
        ({"header-media": "nowhere"}, "Enter a valid URL."),
        ({"button-1-1": "a b"}, "Spaces cannot be in an address."),
    ],
)
def test_missing_value_is_refused_beside_its_field(world, talk, agent, change, said):
    template = make.template(talk.channel, components=PARTS)
    told = {"header-media": "https://loja.example/f.png", "button-1-1": "1042"}

    answer = agent.post(address(talk, template), filled(template, **(told | change)))

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert promised(world) == []


def test_form_that_is_sent_twice_sends_once(world, talk, agent):
    template = make.template(talk.channel, body=BODY)
    told = filled(template)

    agent.post(address(talk, template), told)
    agent.post(address(talk, template), told)

    assert len(promised(world)) == 1


def test_template_that_changed_meanwhile_is_shown_again_and_not_sent(
    world, talk, agent
):
    template = make.template(talk.channel, body=BODY)
    told = filled(template)
    template.components = [{"type": "BODY", "text": "Oi, {{1}}, e {{2}}, até logo."}]
    template.save()

    answer = agent.post(address(talk, template), told)

    assert answer.status_code == 422
    assert "changed while you filled it in" in text_of(answer)
    assert answer.context["form"].values == {"body-1": "Ana", "body-2": "1042"}
    assert promised(world) == []
    again = filled(template, contract=answer.context["form"].initial["contract"])
    assert agent.post(address(talk, template), again).status_code == 302


def test_template_that_lost_its_approval_meanwhile_is_not_sent(world, talk, agent):
    template = make.template(talk.channel, body=BODY)
    told = filled(template)
    template.status = "paused"
    template.save()

    answer = agent.post(address(talk, template), told)

    assert answer.status_code == 422
    assert "cannot be sent any more" in text_of(answer)
    assert promised(world) == []


def test_preview_without_a_script_sends_nothing(world, talk, agent):
    template = make.template(talk.channel, body=BODY)

    answer = agent.post(address(talk, template), filled(template, preview="1"))

    assert answer.status_code == 200
    assert ">1042</span>" in answer.content.decode()
    assert promised(world) == []


def test_number_without_templates_says_so(world, agent):
    number = numbers.channel(
        world.workspace,
        provider="waha",
        integration=numbers.integration(world.workspace, provider="waha"),
    )
    talk = make.conversation(make.lead(world.workspace), number)

    assert "This number works without templates" in text_of(agent.get(address(talk)))


def test_viewer_may_not_send(world, talk, signed_in):
    Membership.objects.for_workspace(world.workspace).filter(user=world.agent).update(
        role="viewer"
    )

    assert signed_in(world.agent).get(address(talk)).status_code == 403
