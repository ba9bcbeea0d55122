"""Operators' commands on the inbox, run as a shell would: park, prune and stats."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from tests.commands import run
from tests.factories import cloud_api as cloud
from tests.webhooks.inbox_commands import answer, audited
from webhooks import inbox, inbox_stats, processing
from webhooks.models import RawWebhook
from whatsapp.models import Message

BROKEN = b'{"entry": ['


# --- park ---------------------------------------------------------------------
def test_a_parked_row_leaves_the_worker_that_holds_it(shop):
    row = shop.receive(cloud.body(cloud.message()))
    claim = inbox.claim()

    told = answer("inbox_park", "--ids", str(row.pk), "--reason", "asked the provider")
    processing.process(claim)

    row.refresh_from_db()
    assert told == {"parked": 1, "states": {"leased": 1}, "left": {}}
    assert (row.state, row.error) == ("parked", "by hand: asked the provider")
    assert not Message.objects.for_workspace(shop.workspace).exists()
    assert not inbox.has_due()
    ((label, details),) = audited(shop.workspace, "inbox.parked")
    assert (label, details["ids"], details["reason"]) == (
        "operator",
        [row.pk],
        "asked the provider",
    )


def test_done_rows_and_mistyped_ids_are_left_and_told(shop):
    (row,) = shop.process(cloud.body(cloud.message()))
    nobody = row.pk + 1000

    told = answer("inbox_park", "--ids", str(row.pk), str(nobody), "--reason", "x")

    assert told == {
        "parked": 0,
        "states": {},
        "left": {str(row.pk): "done", str(nobody): "unknown"},
    }
    assert (
        f"{row.pk} (done)"
        in run("inbox_park", "--ids", str(row.pk), "--reason", "x").out
    )


def test_parking_needs_a_reason(shop):
    row = shop.receive(cloud.body(cloud.message()))

    ran = run("inbox_park", "--ids", str(row.pk), "--reason", "  ", "--json")

    row.refresh_from_db()
    assert ran.code == 1
    assert json.loads(ran.err)["fields"] == {"reason": "say why, in one line"}
    assert row.state == "received"


# --- prune --------------------------------------------------------------------
@pytest.fixture
def aged(shop, world):
    """A row for each state, a day older and a day younger than its workspace keeps it."""
    shop.workspace.raw_webhook_days = 10
    shop.workspace.save()

    def make(state, days, **fields):
        row = shop.receive(cloud.body(cloud.message()), state=state, **fields)
        at = timezone.now() - timedelta(days=days)
        RawWebhook.objects.filter(pk=row.pk).update(received_at=at, next_at=at)
        return row.pk

    states = ("received", "leased", "done", "parked", "ignored", "unrouted")
    old = {state: make(state, 11) for state in states}
    young = {state: make(state, 9) for state in states}
    elsewhere = make("done", 11, workspace=world.other_workspace, integration=None)
    nobodys = {
        days: make("done", days, workspace=None, integration=None) for days in (29, 31)
    }
    return SimpleNamespace(
        old=old, young=young, elsewhere=elsewhere, nobodys=nobodys, shop=shop
    )


def left():
    return set(RawWebhook.objects.values_list("pk", flat=True))


def test_pruning_deletes_what_was_finished_and_kept_long_enough(aged, monkeypatch):
    monkeypatch.setattr("webhooks.inbox_admin.PRUNE_BATCH", 1)
    before = left()

    dry = answer("inbox_prune", "--dry-run")
    assert left() == before
    told = answer("inbox_prune")

    gone = {aged.old["done"], aged.old["ignored"], aged.nobodys[31]}
    assert before - left() == gone
    assert (dry["deleted"], dry["expired"], told["deleted"]) == (0, 3, 3)
    assert dry["by"] == told["by"]
    assert {"workspace": "padaria", "days": 10, "rows": 2} in told["by"]
    assert {"workspace": None, "days": 30, "rows": 1} in told["by"]
    entries = audited(aged.shop.workspace, "inbox.pruned")
    assert sorted(id_ for _, details in entries for id_ in details["ids"]) == sorted(
        [aged.old["done"], aged.old["ignored"]]
    )
    assert "0 webhooks would be deleted" in run("inbox_prune", "--dry-run").out


def test_stuck_rows_go_only_when_asked_for_and_work_never(aged):
    answer("inbox_prune", "--all-states")

    rest = left()
    assert rest.isdisjoint(
        aged.old[state] for state in ("done", "ignored", "parked", "unrouted")
    )
    assert {aged.old["received"], aged.old["leased"]} <= rest
    assert {*aged.young.values(), aged.elsewhere, aged.nobodys[29]} <= rest


# --- stats --------------------------------------------------------------------
def test_stats_tell_what_waits_what_is_stuck_and_why(shop, world):
    broken, _, unrouted, _ = shop.process(
        BROKEN,
        BROKEN,
        cloud.body(cloud.message(), number="999"),
        cloud.body(cloud.message()),
    )
    due = shop.receive(cloud.body(cloud.message()))
    an_hour_ago = timezone.now() - timedelta(hours=2)
    RawWebhook.objects.filter(pk=due.pk).update(
        next_at=an_hour_ago, received_at=an_hour_ago
    )

    told = answer("inbox_stats", "--workspace", "padaria")

    assert told["states"] == {
        "received": 1,
        "leased": 0,
        "done": 1,
        "parked": 2,
        "ignored": 0,
        "unrouted": 1,
    }
    assert (told["finished"], told["is_estimate"]) == (1, False)
    assert told["oldest_due_seconds"] == pytest.approx(7200, abs=60)
    assert told["last_hour"] == {"done": 1, "parked": 2, "unrouted": 1}
    assert told["per_minute"] == 0.07
    assert [(one["rows"], one["first_id"]) for one in told["parked"]] == [
        (2, broken.pk)
    ]
    assert told["parked"][0]["reason"] == broken.error
    assert "999" in told["unrouted"][0]["reason"]
    assert told["unrouted"][0]["first_id"] == unrouted.pk
    assert answer("inbox_stats", "--workspace", "oficina")["states"]["parked"] == 0
    words = run("inbox_stats").out
    assert "parked: 2 meta_cloud" in words
    assert "last hour: 4 received" in words


def test_stats_of_a_large_table_estimate_what_is_finished(shop, monkeypatch):
    monkeypatch.setattr(inbox_stats, "COUNTED_ROWS", 2)
    shop.process(*(cloud.body(cloud.message()) for _ in range(4)), BROKEN)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE webhooks_rawwebhook")

    told = answer("inbox_stats")

    assert (told["finished"], told["is_estimate"]) == (4, True)
    assert "done" not in told["states"]
    assert told["states"]["parked"] == 1
    assert "(about)" in run("inbox_stats").out
    assert answer("inbox_stats", "--workspace", "padaria")["finished"] is None
