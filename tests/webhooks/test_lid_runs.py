"""Many hidden ids at once: each asked about once, nobody waits for a slow server, and walls."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from accounts.scoping import workspace_transaction
from integrations.providers import registry
from tests import walls
from tests.conftest import World
from tests.factories import whatsapp as make
from tests.threads import together
from tests.twins import waha
from tests.walls import as_app
from tests.webhooks.hidden import LID, PHONE, Place, body, open_place, time_passes
from webhooks import lids
from whatsapp.models import LidLookup
from whatsapp.services import lid_lookups


@pytest.fixture
def place(world: World, serve_waha: Callable[[], waha.Twin]) -> Place:
    return open_place(world.workspace, serve_waha())


def test_wanting_costs_one_statement_however_many_people_write(place: Place) -> None:
    counted = {}
    for many in (1, 12):
        known = [f"4{many:02d}{one:012d}@lid" for one in range(many)]
        for lid in known:
            lead = make.lead(place.shop.workspace, name="")
            make.identity(lead, kind="lid", value=lid, match_key=f"l:{lid}")
        with (
            as_app(),
            workspace_transaction(place.shop.workspace.pk),
            walls.asked() as said,
        ):
            lid_lookups.want(place.shop.workspace.pk, known)
        counted[many] = len(said)

    assert counted == {1: 1, 12: 1}
    assert place.shop.rows(LidLookup).count() == 13


# --- many at once -----------------------------------------------------------------
def many_hidden(place: Place, count: int) -> None:
    place.shop.process(
        *(body(id_=f"M{one:03d}", sender=f"5{one:013d}@lid") for one in range(count))
    )


@pytest.mark.django_db(transaction=True)
def test_several_workers_never_ask_about_one_id_twice(place: Place) -> None:
    many_hidden(place, 20)
    place.twin.fault, place.twin.delay = "slow", 0.05

    tallies = together(*[lids.run] * 3)

    assert len(place.asked) == len(set(place.asked)) == 20
    assert sum(tally.outcomes["unknown"] for tally in tallies) == 20
    assert sum(tally.void for tally in tallies) == 0


def test_slow_server_does_not_delay_the_others(
    place: Place,
    world: World,
    serve_waha: Callable[[], waha.Twin],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lids, "QUESTION", 3.0)
    other = open_place(world.other_workspace, serve_waha())
    many_hidden(place, 30)
    many_hidden(other, 5)
    place.twin.fault, place.twin.delay = "slow", 5.0

    began = time.time()
    tally = place.run()

    assert other.twin.answered_at - began < lids.QUESTION
    assert tally.outcomes["unknown"] == 5
    assert tally.outcomes["missed"] == 30
    # Nobody waits for the rest of a server that is silent.
    assert len(place.asked) < 30


def test_what_nobody_got_to_before_the_deadline_stays_due(place: Place) -> None:
    many_hidden(place, 3)

    tally = place.run(deadline=0.0)

    assert (tally.given_back, place.asked) == (3, [])
    assert place.run().outcomes == {"unknown": 3}


def test_what_a_dead_worker_held_is_asked_once_its_lease_is_over(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.shop.process(body())
    monkeypatch.setattr(lid_lookups, "read", lambda *asked: [])
    place.run()
    monkeypatch.undo()
    assert place.run().outcomes == {}

    time_passes(minutes=2)

    assert place.run().outcomes == {"unknown": 1}


def test_answer_that_comes_after_the_lease_counts_for_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has taken over while the provider was thinking."""
    place.shop.process(body())
    place.twin.lids[LID] = f"{PHONE}@c.us"
    other, hold = uuid.uuid4(), lid_lookups.hold

    def taken_over(*asked: Any) -> LidLookup | None:
        place.shop.rows(LidLookup).update(lease_token=other)
        return hold(*asked)

    monkeypatch.setattr(lid_lookups, "hold", taken_over)

    tally = place.run()

    assert (tally.outcomes, tally.void) == ({}, 1)
    assert place.names() == {("lid", LID)}
    assert place.lookup.lease_token == other


def test_bug_met_by_one_provider_leaves_its_id_due(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.shop.process(body())

    def break_(*asked: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(registry.get("waha")), "find_by_lid", break_)

    assert place.run().outcomes == {"missed": 1}


# --- walls ------------------------------------------------------------------------
def test_each_workspace_asks_its_own_server_and_keeps_the_answer(
    place: Place, world: World, serve_waha: Callable[[], waha.Twin]
) -> None:
    other = open_place(world.other_workspace, serve_waha())
    for one in (place, other):
        one.shop.process(body())
    place.twin.lids[LID] = f"{PHONE}@c.us"

    assert place.run().outcomes == {"found": 1, "unknown": 1}

    assert (len(place.asked), len(other.asked)) == (1, 1)
    assert place.names() == {("lid", LID), ("wa_id", PHONE)}
    assert other.names() == {("lid", LID)}


def test_run_for_one_workspace_leaves_the_others_alone(
    place: Place, world: World, serve_waha: Callable[[], waha.Twin]
) -> None:
    other = open_place(world.other_workspace, serve_waha())
    for one in (place, other):
        one.shop.process(body())

    assert place.run(workspace_id=world.workspace.pk).outcomes == {"unknown": 1}
    assert other.asked == []


@pytest.mark.usefixtures("without_scopes")
def test_look_ups_of_others_are_out_of_reach_without_the_first_wall(
    place: Place, world: World
) -> None:
    place.shop.process(body())
    pk = place.lookup.pk

    with as_app(), workspace_transaction(world.other_workspace.pk):
        seen = LidLookup.objects.for_workspace(world.workspace).filter(pk=pk)
        assert not seen.exists()
        assert seen.update(tries=5) == 0
