"""What is done to conversations and sends reaches open pages, by the keys of conversations."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts.scoping import workspace_transaction
from integrations.providers.base.outgoing import Text
from integrations.providers.base.types import (
    DeliveryStatus,
    NumberRef,
    Party,
    StatusEvent,
)
from tests import news
from tests.factories import integrations as numbers
from tests.factories import whatsapp as make
from whatsapp.services import (
    announcing,
    handling,
    merging,
    outbox,
    outbox_results,
    statuses,
)
from whatsapp.services.outbox import Draft
from whatsapp.services.outbox_results import Attempt, Ending, Outcome
from whatsapp.services.statuses import News

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def talk(world):
    channel = numbers.channel(world.workspace)
    return make.conversation(make.lead(world.workspace), channel, unread_count=2)


@pytest.mark.parametrize("act", ["assign", "close", "read"])
def test_handling_is_told(world, talk, act):
    if act == "assign":
        handling.assign(talk, assignee_id=world.agent.pk, actor=world.owner)
    elif act == "close":
        handling.close(talk, actor=world.owner)
    else:
        handling.mark_read(talk, seen=talk.message_count)

    assert news.told(world.workspace) == {"conversation": {str(talk.key)}}


def test_what_changes_nothing_is_not_told(world, talk):
    handling.close(talk, actor=world.owner)
    handling.mark_read(talk, seen=talk.message_count)
    news.told(world.workspace)

    handling.close(talk, actor=world.owner)
    handling.mark_read(talk, seen=talk.message_count)

    assert news.told(world.workspace) == {}


def test_what_a_former_member_leaves_is_told(world, talk):
    handling.assign(talk, assignee_id=world.agent.pk, actor=world.owner)
    news.told(world.workspace)

    with transaction.atomic():
        assert handling.release(world.workspace, world.agent) == 1

    assert news.told(world.workspace) == {"conversation": {str(talk.key)}}


def test_a_merge_and_its_undoing_are_told(world, talk):
    gone = make.lead(world.workspace, name="Outra")
    theirs = make.conversation(gone, numbers.channel(world.workspace))
    both = {str(talk.key), str(theirs.key)}
    said = {"reason": "Mesma pessoa", "actor": world.agent, "now": NOW}

    done = merging.merge(gone, into=talk.lead, **said)
    assert news.told(world.workspace) == {"conversation": both}

    merging.undo(done, **said)
    assert news.told(world.workspace) == {"conversation": both}


def test_a_promise_is_told(world, talk):
    draft = Draft(
        business_key="a",
        channel_id=talk.channel_id,
        recipient=Party(wa_id="5511987654321"),
        content=Text("Já vai"),
        conversation_id=talk.pk,
    )

    outbox.enqueue(world.workspace.pk, draft, now=NOW)

    assert news.told(world.workspace) == {"conversation": {str(talk.key)}}


def test_a_status_is_told(world, talk):
    sent = make.send(talk.channel, thread=talk).message
    event = StatusEvent(
        number=NumberRef(),
        external_id=str(sent.external_id),
        status=DeliveryStatus.READ,
        provider_at=NOW,
    )

    with workspace_transaction(world.workspace.pk):
        statuses.apply(world.workspace.pk, [News(event, talk.channel_id, NOW, 1)])

    assert news.told(world.workspace) == {"delivery": {str(talk.key)}}


def test_what_came_of_a_send_is_told_without_a_conversation_too(world, talk):
    token = uuid.uuid4()
    sends = [
        make.send(
            talk.channel, thread=thread, state="submitting", lease_token=token, at=NOW
        )
        for thread in (talk, None)
    ]

    for one in sends:
        outcome = Outcome(Ending.FAILED, code="131026")
        outbox_results.record(world.workspace.pk, [Attempt(one.pk, token, outcome)])

    assert news.told(world.workspace) == {"delivery": {str(talk.key), "none"}}


def test_rows_of_another_workspace_are_told_to_nobody(world, talk):
    with workspace_transaction(world.other_workspace.pk):
        announcing.conversations(world.other_workspace.pk, [talk.pk])

    assert news.told(world.workspace) == {}
    assert news.told(world.other_workspace) == {}
