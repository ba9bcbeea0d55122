"""A changed template breaks its users loudly: an alert, and nothing goes out wrong."""

from typing import Any

import pytest
from django.utils import timezone, translation

from accounts.scoping import workspace_transaction
from integrations.providers.base.outgoing import (
    Component,
    Media,
    OutgoingFile,
    Parameter,
    ParameterKind,
    Part,
    Template,
)
from integrations.providers.base.reader import Reader
from integrations.providers.base.templates import read_template
from integrations.providers.base.types import MessageKind
from tests.conftest import World
from tests.factories import whatsapp as make
from tests.walls import as_app
from tests.whatsapp.counter import Counter
from tests.whatsapp.template_account import listed
from whatsapp.models import Template as Row
from whatsapp.models import TemplateChange
from whatsapp.selectors import templates as selector
from whatsapp.services import pauses, template_uses, templates

pytestmark = pytest.mark.django_db(transaction=True)


def content(*words: str) -> Template:
    parameters = tuple(Parameter(text=word) for word in words)
    return Template("pedido", "pt_BR", (Component(Part.BODY, parameters),))


def picture() -> Template:
    file = OutgoingFile("image/png", url="https://loja.example/foto.png")
    parameter = Parameter(ParameterKind.MEDIA, media=Media(MessageKind.IMAGE, file))
    return Template("pedido", "pt_BR", (Component(Part.HEADER, (parameter,)),))


def relist(counter: Counter, **fields: Any) -> None:
    """The provider's list has the template so."""
    report = read_template(Reader(listed("pedido", **fields)))
    assert report is not None
    assert counter.channel.integration_id is not None
    with as_app(), workspace_transaction(counter.workspace.pk):
        now = timezone.now()
        templates.take_list(
            counter.workspace.pk,
            counter.channel.integration_id,
            [report],
            asked_at=now,
            now=now,
        )


@pytest.fixture
def row(counter: Counter) -> Row:
    return make.template(counter.channel, name="pedido", body="Olá, {{1}}! Tudo bem?")


def alerts(counter: Counter) -> list[TemplateChange]:
    return selector.list_alerts(counter.workspace)


def test_changed_contract_names_who_is_left_behind(
    world: World, counter: Counter, row: Row
) -> None:
    with as_app():
        pauses.pause(counter.channel, actor=world.owner, now=timezone.now())
    for number in range(2):
        counter.enqueue(
            f"n{number}", content=content("Ana"), to=f"55119876543{number:02d}"
        )

    relist(counter, text="Olá, {{1}}! Seu pedido {{2}} saiu.")

    [alert] = alerts(counter)
    assert alert.kind == "contract"
    with translation.override("en"):
        told = template_uses.labels(alert.details["affected"])
    assert told == ["2 messages waiting to be sent"]


def test_queued_message_that_no_longer_fits_fails_and_says_why(
    counter: Counter, row: Row
) -> None:
    entry = counter.enqueue(content=content("Ana"), conversation_id=None)
    relist(counter, text="Olá, {{1}}! Seu pedido {{2}} saiu.")

    counter.drain()

    assert counter.state(entry) == ("failed", "template_incomplete", "failed")
    assert counter.provider.attempts == {}


def test_value_of_another_kind_fills_no_gap(counter: Counter, row: Row) -> None:
    entry = counter.enqueue(content=picture(), conversation_id=None)
    relist(
        counter,
        components=[
            {"type": "HEADER", "format": "VIDEO"},
            {"type": "BODY", "text": "Veja!"},
        ],
    )

    counter.drain()

    assert counter.state(entry) == ("failed", "template_incomplete", "failed")


def test_change_that_nobody_feels_makes_no_alert(counter: Counter, row: Row) -> None:
    relist(counter, text="Olá, {{1}}! Seu pedido {{2}} saiu.")

    assert alerts(counter) == []
    assert TemplateChange.objects.for_workspace(counter.workspace).count() == 1


def test_lost_approval_alerts_and_its_return_settles(
    counter: Counter, row: Row
) -> None:
    counter.enqueue(content=content("Ana"), conversation_id=None)

    relist(counter, text="Olá, {{1}}! Tudo bem?", status="PAUSED")
    assert [one.kind for one in alerts(counter)] == ["status"]

    relist(counter, text="Olá, {{1}}! Tudo bem?", status="APPROVED")
    assert alerts(counter) == []


def test_template_that_is_gone_is_not_sent(counter: Counter, row: Row) -> None:
    row.gone_at = timezone.now()
    row.save()
    entry = counter.enqueue(content=content("Ana"), conversation_id=None)

    counter.drain()

    assert counter.state(entry) == ("failed", "template_not_approved", "failed")


class Rules:
    """As a room above finds its own."""

    def find(self, template: Row) -> list[template_uses.Use]:
        return [template_uses.Use(1, fits=len(template.parameters) == 1, name="Pago")]

    def label(self, count: int, name: str) -> str:
        return f"rule {name}"


def test_rooms_above_are_asked_without_being_imported(
    counter: Counter, row: Row, settings: Any
) -> None:
    settings.TEMPLATE_USERS = {"rules": f"{__name__}.Rules"}

    relist(counter, text="Olá, {{1}}! Seu pedido {{2}} saiu.")

    [alert] = alerts(counter)
    assert template_uses.labels(alert.details["affected"]) == ["rule Pago"]
