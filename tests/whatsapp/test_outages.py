from datetime import timedelta

import pytest

from accounts.scoping import workspace_transaction
from integrations.providers.base.types import (
    DeliveryStatus,
    NumberRef,
    Party,
    StatusEvent,
)
from tests.factories import integrations as make_integrations
from tests.factories import whatsapp as make
from tests.factories.whatsapp import NOON
from tests.walls import as_app
from whatsapp.selectors import outages
from whatsapp.services import statuses
from whatsapp.services.statuses import News

UNTIL = NOON + timedelta(hours=1)
HALF = timedelta(minutes=30)


@pytest.fixture
def channel(world):
    return make_integrations.sandbox_number(world.workspace)


def ask(selector, world, channel):
    window = {"opened_at": NOON, "closed_at": UNTIL}
    with as_app(), workspace_transaction(world.workspace.pk):
        return selector(world.workspace.pk, channel.pk, **window)


def lead(world, name, value):
    person = make.lead(world.workspace, name=name)
    make.identity(person, value=value)
    return person


def write(person, channel, at, **fields):
    conversation = make.conversation(person, channel)
    key = person.identities.get().match_key
    moments = {"provider_at": at, "received_at": at, "stored_at": at}
    return make.message(conversation, peer_key=key, **(moments | fields))


def status(world, channel, wa_id, *, at=NOON + HALF):
    event = StatusEvent(
        number=NumberRef(),
        external_id=f"of-{wa_id}",
        status=DeliveryStatus.READ,
        provider_at=at,
        recipient=Party(wa_id=wa_id),
    )
    with as_app(), workspace_transaction(world.workspace.pk):
        statuses.apply(world.workspace.pk, [News(event, channel.pk, at, 1)])


def test_who_wrote_around_it_is_listed_with_the_last_first(world, channel):
    ana = lead(world, "Ana", "5511911110001")
    bia = lead(world, "Bia", "5511911110002")
    caio = lead(world, "Caio", "5511911110003")
    write(ana, channel, NOON - HALF)
    write(bia, channel, UNTIL + HALF)
    write(caio, channel, UNTIL + 3 * HALF)

    found = ask(outages.list_writers, world, channel)

    assert [one.person.name for one in found] == ["Bia", "Ana"]
    assert (found[0].lead_key, found[0].messages) == (bia.key, 1)
    assert found[0].conversation_key == bia.conversations.get().key


def test_what_came_late_counts_by_when_it_was_written(world, channel):
    ana = lead(world, "Ana", "5511911110001")
    write(ana, channel, NOON + HALF, stored_at=UNTIL + timedelta(days=2))

    assert len(ask(outages.list_writers, world, channel)) == 1


def test_statuses_without_a_message_name_who_to_call(world, channel):
    status(world, channel, "5511922220001")
    status(world, channel, "5511922220002", at=UNTIL + timedelta(hours=5))

    [found] = ask(outages.list_unheard, world, channel)

    assert found.lead_key is None
    assert found.person.phone
    assert found.signs == 1


def test_a_lead_is_named_as_everywhere(world, channel):
    ana = lead(world, "Ana", "5511922220001")
    status(world, channel, "5511922220001")

    [found] = ask(outages.list_unheard, world, channel)

    assert (found.lead_key, found.person.name) == (ana.key, "Ana")


def test_an_echo_to_somebody_unheard_counts(world, channel):
    ana = lead(world, "Ana", "5511922220001")
    write(ana, channel, NOON + HALF, direction="outbound", origin="echo")

    assert len(ask(outages.list_unheard, world, channel)) == 1


def test_who_wrote_needs_no_call(world, channel):
    ana = lead(world, "Ana", "5511922220001")
    status(world, channel, "5511922220001")
    write(ana, channel, NOON + HALF)

    assert ask(outages.list_unheard, world, channel) == []


def test_other_numbers_and_other_workspaces_are_not_asked(world, channel):
    elsewhere = make_integrations.sandbox_number(world.workspace)
    status(world, elsewhere, "5511922220001")

    assert ask(outages.list_unheard, world, channel) == []
    assert ask(outages.list_writers, world, channel) == []
