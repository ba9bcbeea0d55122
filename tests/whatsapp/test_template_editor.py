"""Writing templates: checked before a provider is asked, submitted once, refused in place."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from tests.factories import whatsapp as make
from tests.whatsapp.template_account import Account
from whatsapp.models import Template

pytestmark = pytest.mark.django_db(transaction=True)

BODY = "Olá, {{1}}! Seu pedido {{2}} saiu para entrega hoje."


@pytest.fixture
def owner(world: Any, signed_in: Any) -> Client:
    world.owner.language = "en"
    world.owner.save()
    client: Client = signed_in(world.owner)
    return client


def address(name: str, **kwargs: Any) -> str:
    return reverse(f"whatsapp:{name}", kwargs={"workspace_slug": "padaria", **kwargs})


def fields(account: Account, **more: str) -> dict[str, str]:
    return {
        "number": str(account.channel.key),
        "name": "pedido_enviado",
        "language": "pt_BR",
        "category": "utility",
        "header": "",
        "body": BODY,
        "footer": "",
        "sample-body-1": "Ana",
        "sample-body-2": "1042",
    } | more


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def creations(account: Account) -> list[str]:
    return [one for one in account.twin.steps if one.startswith("POST")]


def test_template_is_submitted_and_waits_for_its_review(
    account: Account, owner: Client
) -> None:
    answer = owner.post(address("template-new"), fields(account, footer="Obrigado"))

    assert answer.status_code == 302
    [made] = account.listed
    assert made["category"] == "UTILITY"
    assert made["components"][0]["example"] == {"body_text": [["Ana", "1042"]]}
    row = account.row("pedido_enviado")
    assert (row.status, row.external_id) == ("pending", "1")
    assert [gap["name"] for gap in row.parameters] == ["1", "2"]
    assert ("submitted", "pending") in account.changes("pedido_enviado")
    event = AuditEvent.objects.for_workspace(account.workspace).last()
    assert event is not None
    assert event.action == "template.submitted"


def test_form_that_is_sent_twice_submits_once(account: Account, owner: Client) -> None:
    first = owner.post(address("template-new"), fields(account))
    second = owner.post(address("template-new"), fields(account))

    assert first["Location"] == second["Location"]
    assert len(creations(account)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Pedido Enviado"}, "Only small letters without accents"),
        ({"body": "{{1}}, oi! Seu pedido saiu."}, "words before the first gap"),
        ({"sample-body-2": ""}, "Give an example"),
        ({"footer": "x" * 61}, "At most 60 characters."),
        ({"button_0_kind": "url", "button_0_text": "Ver"}, "This cannot be empty."),
    ],
)
def test_mistake_stands_beside_its_field_and_nothing_is_asked(
    account: Account, owner: Client, change: dict[str, str], said: str
) -> None:
    answer = owner.post(address("template-new"), fields(account, **change))

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert next(iter(change.values())) in answer.content.decode()
    assert account.twin.asked == []


def test_refusal_of_the_provider_is_told_and_what_was_typed_is_kept(
    account: Account, owner: Client
) -> None:
    told = {
        "error": {
            "code": 100,
            "error_subcode": 2388293,
            "message": "Invalid parameter",
            "error_user_msg": "This template has too many variables",
        }
    }
    account.twin.answer = lambda asked: (400, told)  # type: ignore[method-assign]

    shown = text_of(owner.post(address("template-new"), fields(account)))

    assert "too many gaps for so little text" in shown
    assert "This template has too many variables" in shown
    assert "saiu para entrega hoje." in shown
    assert not Template.objects.for_workspace(account.workspace).exists()


def test_unclear_outcome_says_so_and_has_the_list_read(
    account: Account, owner: Client
) -> None:
    account.twin.late_fault = "reset"

    shown = text_of(owner.post(address("template-new"), fields(account)))

    assert "Nobody knows whether the provider has taken it." in shown
    assert account.state.lease_until is None  # asked for, and due
    account.twin.late_fault = ""
    account.sync()
    assert account.row("pedido_enviado").status == "pending"


def test_preview_submits_nothing_and_shows_the_examples(
    account: Account, owner: Client
) -> None:
    told = fields(account, preview="1")

    whole = text_of(owner.post(address("template-new"), told))
    part = owner.post(
        address("template-new"), told, headers={"HX-Request": "true"}
    ).content.decode()

    assert ">Ana</span>" in whole
    assert ">1042</span>" in part
    assert 'id="template-samples"' in part  # the page had no fields for these gaps
    assert account.twin.asked == []


def test_fields_for_examples_stay_where_they_are_while_the_gaps_do(
    account: Account, owner: Client
) -> None:
    told = fields(account, preview="1", shown_samples="sample-body-1,sample-body-2")

    part = owner.post(address("template-new"), told, headers={"HX-Request": "true"})

    assert "template-samples" not in part.content.decode()


def test_changed_template_is_submitted_under_its_own_name(
    account: Account, owner: Client
) -> None:
    owner.post(address("template-new"), fields(account))
    row = account.row("pedido_enviado")
    other = "Oi, {{1}}! O pedido {{2}} chega amanhã de manhã."

    answer = owner.post(
        address("template-edit", key=row.key),
        fields(account, name="outro_nome", body=other),
    )

    assert answer.status_code == 302
    [made] = account.listed
    assert made["name"] == "pedido_enviado"
    assert made["components"][0]["text"] == other
    row.refresh_from_db()
    assert (row.components[0]["text"], row.status) == (other, "pending")


def test_translation_begins_with_the_text_it_translates(
    account: Account, owner: Client
) -> None:
    row = make.template(account.channel, name="pedido_enviado", body=BODY)

    shown = owner.get(address("template-new") + f"?from={row.key}").content.decode()

    assert BODY in shown
    assert 'value="pedido_enviado"' in shown


def test_template_is_deleted_when_its_name_was_typed(
    account: Account, owner: Client
) -> None:
    owner.post(address("template-new"), fields(account))
    row = account.row("pedido_enviado")
    path = address("template-delete", key=row.key)

    wrong = owner.post(path, {"name": "outro"})
    assert "This is not the name of the template." in text_of(wrong)
    assert len(account.listed) == 1

    assert owner.post(path, {"name": "pedido_enviado"}).status_code == 302
    assert account.listed == []
    row.refresh_from_db()
    assert row.gone_at is not None


def test_template_of_parts_that_the_editor_cannot_hold_is_not_edited(
    account: Account, owner: Client
) -> None:
    row = make.template(
        account.channel,
        external_id="1",
        components=[
            {"type": "HEADER", "format": "VIDEO"},
            {"type": "BODY", "text": "Veja!"},
        ],
    )

    assert owner.get(address("template-edit", key=row.key)).status_code == 404
