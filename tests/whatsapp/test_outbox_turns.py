"""Whose turn it is, how fast a number may be, and what people do about their sends."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from integrations.providers import registry
from tests.conftest import World
from tests.walls import as_app
from tests.whatsapp.counter import Counter, open_counter, plan_of
from tests.whatsapp.test_outbox import news
from whatsapp.models import (
    Breaker,
    OutboxEntry,
)
from whatsapp.services import (
    fence,
    outbox,
    outbox_claims,
    pauses,
    unconfirmed,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_at_a_time_goes_to_a_person_in_order(counter: Counter) -> None:
    thread = counter.conversation()
    for number in range(5):
        counter.enqueue(f"{number}", conversation_id=thread.pk)

    assert len(counter.claim()) == 1
    counter.make_due()
    counter.drain()

    assert [text for text, _, _ in counter.provider.taken] == ["0", "1", "2", "3", "4"]


def test_who_is_being_answered_goes_before_the_many(counter: Counter) -> None:
    counter.channel.limits = {"per_second": "off"}
    counter.channel.save()
    for number in range(5):
        counter.enqueue(f"many {number}", to=f"55119{number:08d}", is_bulk=True)
    answer = counter.enqueue("answer", to="5511988887777")

    [first] = counter.claim(limit=1)

    assert first.id == answer.pk


def test_a_number_has_so_many_turns_a_second(counter: Counter) -> None:
    counter.channel.limits = {"per_second": 10}
    counter.channel.save()
    for number in range(30):
        counter.enqueue(f"{number}", to=f"55119{number:08d}")

    claimed = counter.claim()
    assert len(claimed) == 6
    assert len(counter.claim()) <= 1  # the time that passed meanwhile

    turns = [one.turn_at for one in claimed]
    gaps = [later - sooner for sooner, later in itertools.pairwise(turns)]
    assert all(gap >= 0.1 for gap in gaps)


def test_one_person_gets_only_so_many_a_minute(counter: Counter, settings: Any) -> None:
    settings.SEND_RATES = {**settings.SEND_RATES, "recipient": (3, 60)}
    thread = counter.conversation()
    for number in range(5):
        counter.enqueue(f"{number}", conversation_id=thread.pk)

    counter.drain(seconds=2)

    assert len(counter.provider.taken) == 3


def test_a_paused_number_waits(counter: Counter, world: World) -> None:
    entry = counter.enqueue("Oi")

    def change(to: Callable[..., bool]) -> bool:
        with as_app():
            return to(counter.channel, actor=world.owner, now=timezone.now())

    assert (change(pauses.pause), change(pauses.pause)) == (True, False)
    counter.drain()
    assert counter.state(entry)[0] == "due"

    assert (change(pauses.resume), change(pauses.resume)) == (True, False)
    counter.drain()
    assert counter.state(entry)[0] == "accepted"


def test_a_provider_that_is_down_is_left_alone_and_tried_again(
    counter: Counter, settings: Any
) -> None:
    known: Any = registry.get("meta_cloud").settings
    there = known["api_base"]
    known["api_base"] = "http://127.0.0.1:9"
    settings.EGRESS_ALLOWED_HOSTS = [counter.provider.host, "127.0.0.1:9"]
    for number in range(8):
        counter.enqueue(f"{number}", to=f"55119{number:08d}")

    counter.drain()
    breaker = Breaker.objects.for_workspace(counter.workspace).get()
    assert breaker.opened_at is not None
    assert (breaker.failures, breaker.reason) == (8, "connect_failed")
    counter.make_due()
    assert counter.claim() == []

    known["api_base"] = there
    Breaker.objects.for_workspace(counter.workspace).update(probe_at=timezone.now())
    [probe] = counter.claim()
    assert counter.claim() == []
    with as_app():
        outbox_claims.give_back([probe])
    Breaker.objects.for_workspace(counter.workspace).update(probe_at=timezone.now())
    counter.drain()

    assert len(counter.provider.taken) == 8
    assert Breaker.objects.for_workspace(counter.workspace).get().opened_at is None


def test_workspaces_share_a_claim(counter: Counter, world: World) -> None:
    other = open_counter(
        world.other_workspace,
        counter.provider,
        phone="+5511922221111",
        external_id="106540352249999",
    )
    for number in range(30):
        counter.enqueue(f"{number}", to=f"55119{number:08d}")
    for number in range(3):
        other.enqueue(f"other {number}", to=f"55118{number:08d}")

    claimed = counter.claim(limit=6)

    assert [one.workspace_id for one in claimed].count(world.other_workspace.pk) == 3


# --- what people do ---------------------------------------------------------------
def test_a_person_sends_an_unconfirmed_message_again_once(
    counter: Counter, world: World
) -> None:
    counter.provider.plan = plan_of(Oi="reset_before")
    entry = counter.enqueue("Oi")
    counter.drain()

    with as_app():
        first = unconfirmed.send_again(entry, actor=world.agent, now=timezone.now())
        second = unconfirmed.send_again(entry, actor=world.agent, now=timezone.now())
    counter.drain()

    assert first.message_id == second.message_id
    assert counter.provider.times_taken("Oi") == 1
    assert counter.state(entry) == ("dropped", "sent_again", "unconfirmed")
    assert counter.state(counter.entry(first.message_id))[0] == "accepted"
    actions = AuditEvent.objects.for_workspace(counter.workspace).values_list(
        "action", flat=True
    )
    assert list(actions) == ["send.repeated"]


def test_a_person_drops_what_waits_and_what_is_unconfirmed(
    counter: Counter, world: World
) -> None:
    counter.provider.plan = plan_of(Oi="reset_after")
    unknown = counter.enqueue("Oi")
    counter.drain()
    waiting = counter.enqueue("Depois")

    with as_app():
        for entry in (unknown, waiting):
            unconfirmed.drop(entry, actor=world.agent, now=timezone.now())
    counter.drain()

    assert counter.state(waiting) == ("dropped", "dropped", "failed")
    assert counter.state(unknown) == ("dropped", "dropped", "unconfirmed")
    news(counter, unknown, "delivered")
    assert counter.state(unknown) == ("accepted", "", "delivered")
    with as_app(), pytest.raises(unconfirmed.NotPossible):
        unconfirmed.drop(unknown, actor=world.agent, now=timezone.now())


def test_a_claim_looks_no_further_than_what_it_takes(counter: Counter) -> None:
    """However much is settled: PostgreSQL then takes what waits for one row at most."""
    counter.channel.limits = {"per_second": "off"}
    counter.channel.save()
    enqueue_many(counter, "old", 4000)
    entries = OutboxEntry.objects.for_workspace(counter.workspace)
    entries.update(state="accepted", submitted_at=timezone.now() - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE whatsapp_outboxentry")
    enqueue_many(counter, "new", 1000)

    with as_app():
        fence.may_pass()
    with transaction.atomic():
        with as_app():
            claimed = outbox_claims.claim(counter.clock, limit=20)
        looked = looks()

    assert len(claimed) == 20
    # Who is before it in its person's queue, and what its person has got already.
    assert 20 <= looked <= 80


def enqueue_many(counter: Counter, word: str, count: int) -> None:
    thread = counter.conversation()
    drafts = [
        counter.draft(
            f"{word} {number}",
            to=f"55119{number:08d}",
            conversation_id=thread.pk,
        )
        for number in range(count)
    ]
    with as_app():
        outbox.enqueue_many(counter.workspace.pk, drafts, now=timezone.now())


def looks() -> int:
    """How often this transaction has looked into the indexes that a claim needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_numscans(indexrelid)) FROM pg_index"
            " WHERE indexrelid = ANY(ARRAY['outbox_queue', 'outbox_pair']::regclass[])"
        )
        return int(cursor.fetchone()[0])
