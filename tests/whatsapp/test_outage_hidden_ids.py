"""Whom to call after an outage, where providers name one person by phone and by hidden id."""

from datetime import timedelta
from typing import Any

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
PHONE = "5511922220001"
LID = "123456789@lid"


@pytest.fixture
def channel(world):
    return make_integrations.sandbox_number(world.workspace)


@pytest.fixture
def ana(world):
    lead = make.lead(world.workspace, name="Ana")
    make.identity(lead, value=PHONE)
    make.identity(lead, kind="lid", value=LID, match_key=f"l:{LID}")
    return lead


def receipt(world, channel, **recipient):
    event = StatusEvent(
        number=NumberRef(),
        external_id=f"of-{recipient}",
        status=DeliveryStatus.READ,
        provider_at=NOON + HALF,
        recipient=Party(**recipient),
    )
    with as_app(), workspace_transaction(world.workspace.pk):
        statuses.apply(world.workspace.pk, [News(event, channel.pk, NOON + HALF, 1)])


def unheard(world, channel):
    with as_app(), workspace_transaction(world.workspace.pk):
        return outages.list_unheard(
            world.workspace.pk, channel.pk, opened_at=NOON, closed_at=UNTIL
        )


def test_who_wrote_under_the_phone_is_not_called_for_a_receipt_under_the_hidden_id(
    world, channel, ana
):
    at = NOON + HALF
    moments: dict[str, Any] = {"provider_at": at, "received_at": at, "stored_at": at}
    make.message(make.conversation(ana, channel), peer_key=f"p:{PHONE}", **moments)

    receipt(world, channel, lid=LID)

    assert unheard(world, channel) == []


def test_one_person_with_signs_under_two_names_is_called_once(world, channel, ana):
    receipt(world, channel, lid=LID)
    receipt(world, channel, wa_id=PHONE)

    [found] = unheard(world, channel)

    assert (found.lead_key, found.signs) == (ana.key, 2)
