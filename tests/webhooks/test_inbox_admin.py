"""Operators' commands on the inbox, run as a shell would."""

import json
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent
from tests.commands import run
from tests.factories import cloud_api as cloud
from webhooks import inbox, inbox_stats, processing, queue, rehearsal
from webhooks.inbox_admin import Selection
from webhooks.models import RawWebhook
from whatsapp.models import Attribution, Conversation, Lead, Message, StatusEvent

BROKEN = b'{"entry": ['


def answer(*arguments):
    ran = run(*arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def audited(workspace, action):
    events = AuditEvent.objects.for_workspace(workspace).filter(action=action)
    return [(event.actor_label, event.details) for event in events.order_by("sequence")]


def ids(rows):
    return [str(row.pk) for row in rows]


@pytest.fixture
def hints(monkeypatch):
    """What would be sent to the broker, seen at Celery's own edge."""
    sent = []
    app = SimpleNamespace(send_task=lambda name, **options: sent.append(name))
    monkeypatch.setattr(queue, "current_app", app)
    return sent


# --- replay -------------------------------------------------------------------
def test_a_replayed_row_is_due_at_once_and_wakes_a_drain(
    shop, hints, django_capture_on_commit_callbacks
):
    (row,) = shop.process(BROKEN)
    assert (row.state, row.attempts) == ("parked", 1)

    with django_capture_on_commit_callbacks(execute=True):
        told = answer("inbox_replay", "--state", "parked")

    row.refresh_from_db()
    assert told == {"replayed": 1, "states": {"parked": 1}}
    assert (row.state, row.attempts, row.errors, row.error) == ("received", 0, 0, "")
    assert row.next_at <= timezone.now()
    assert row.outcome is None
    assert inbox.has_due()
    assert hints == ["webhooks.drain_inbox"]


def test_a_replay_succeeds_while_redis_is_away(
    shop, monkeypatch, django_capture_on_commit_callbacks
):
    def away(name, **options):
        raise ConnectionError(name)

    monkeypatch.setattr(queue, "current_app", SimpleNamespace(send_task=away))
    shop.process(BROKEN)

    with django_capture_on_commit_callbacks(execute=True):
        told = answer("inbox_replay", "--state", "parked")

    assert told["replayed"] == 1


def test_a_replay_of_nothing_wakes_nobody(
    shop, hints, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        told = answer("inbox_replay", "--state", "parked")

    assert told == {"replayed": 0, "states": {}}
    assert hints == []


def test_a_replay_takes_only_what_was_asked_for(shop, world, make_shop_for):
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )
    old, done, parked = shop.process(
        cloud.body(cloud.message()), cloud.body(cloud.message()), BROKEN
    )
    (elsewhere,) = other.process(cloud.body(cloud.message(), number="777"))
    waiting = shop.receive(cloud.body(cloud.message()))
    long_ago = timezone.now() - timedelta(days=3)
    RawWebhook.objects.filter(pk=old.pk).update(received_at=long_ago)

    def replayed(*arguments):
        with transaction.atomic():
            answer("inbox_replay", *arguments)
            rows = RawWebhook.objects.filter(state="received").exclude(pk=waiting.pk)
            found = set(rows.values_list("pk", flat=True))
            transaction.set_rollback(True)
        return found

    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    own = {old.pk, done.pk, parked.pk}
    assert replayed("--state", "parked") == {parked.pk}
    assert replayed("--workspace", "padaria") == own
    assert replayed("--since", yesterday) == {done.pk, parked.pk, elsewhere.pk}
    assert replayed("--until", yesterday) == {old.pk}
    assert replayed("--integration", str(shop.integration.key)) == own
    assert replayed("--ids", *ids([done, elsewhere, waiting])) == {
        done.pk,
        elsewhere.pk,
    }
    assert replayed("--ids", str(done.pk), "--state", "parked") == set()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--workspace", "nowhere"), 1),
        (("--integration", "not-a-key"), 1),
        (("--integration", "6f1b2a1e-0000-4000-8000-000000000000"), 1),
        (("--state", "received"), 2),
        (("--since", "yesterday"), 2),
        (("--ids", "one"), 2),
    ],
)
def test_a_replay_that_names_nothing_sensible_is_refused(shop, arguments, code):
    (row,) = shop.process(cloud.body(cloud.message()))

    ran = run("inbox_replay", *arguments, "--json")

    row.refresh_from_db()
    assert ran.code == code
    assert ran.err
    assert row.state == "done"


def test_changes_are_audited_where_they_happened_and_logged_by_ids(
    shop, world, make_shop_for, caplog
):
    audit.record(workspace=shop.workspace, action="workspace.added")
    caplog.set_level(logging.INFO, logger="webhooks")
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )
    mine = shop.process(cloud.body(cloud.message("segredo")), BROKEN)
    (theirs,) = other.process(cloud.body(cloud.message(), number="777"))
    shop.receive(cloud.body(cloud.message(), number="999"), workspace=None)
    processing.drain(budget_seconds=5)
    caplog.clear()

    told = answer("inbox_replay", "--since", "2020-01-01")

    assert told["replayed"] == 4
    assert audited(shop.workspace, "inbox.replayed") == [
        (
            "operator",
            {
                "rows": 2,
                "states": {"done": 1, "parked": 1},
                "ids": [row.pk for row in mine],
            },
        )
    ]
    assert audited(world.other_workspace, "inbox.replayed") == [
        ("operator", {"rows": 1, "states": {"done": 1}, "ids": [theirs.pk]})
    ]
    assert audit.verify(shop.workspace).is_intact
    assert len(caplog.records) == 3
    assert {record.workspace_id for record in caplog.records} == {
        shop.workspace.pk,
        world.other_workspace.pk,
        None,
    }
    assert "segredo" not in str([vars(record) for record in caplog.records])


# --- a dry run ----------------------------------------------------------------
def counts(shop):
    return [
        model.objects.for_workspace(shop.workspace).count()
        for model in (Lead, Conversation, Message, Attribution, StatusEvent)
    ]


def test_a_dry_run_tells_the_difference_and_changes_nothing(shop, caplog):
    _, lost, _, _, broken = shop.process(
        cloud.body(cloud.message("um", sender="5511911110001")),
        cloud.body(cloud.message("dois", sender="5511922220002")),
        cloud.echo("Olá", id_="wamid.out", to="5511911110001"),
        cloud.body(statuses=(cloud.status("wamid.out", "read"),)),
        BROKEN,
    )
    Lead.objects.for_workspace(shop.workspace).get(
        identities__value="5511922220002"
    ).delete()
    StatusEvent.objects.for_workspace(shop.workspace).delete()
    before = counts(shop), list(RawWebhook.objects.order_by("pk").values())
    caplog.set_level(logging.INFO)
    caplog.clear()

    told = answer("inbox_replay", "--workspace", "padaria", "--dry-run")

    assert told == {
        "rows": 5,
        "states": {"done": 4, "parked": 1},
        "new": {
            "leads": 1,
            "conversations": 1,
            "messages": 1,
            "statuses": 1,
            "waiting_statuses": 0,
            "attributions": 1,
            "touches": 0,
        },
        "duplicates": 2,
        "failing": [{"reason": broken.error, "rows": 1, "ids": [broken.pk]}],
        "parts": 1,
    }
    assert (counts(shop), list(RawWebhook.objects.order_by("pk").values())) == before
    assert not audited(shop.workspace, "inbox.replayed")
    assert [record.getMessage() for record in caplog.records] == []

    answer("inbox_replay", "--workspace", "padaria")
    processing.drain(budget_seconds=10)

    assert counts(shop) == [
        sum(pair) for pair in zip(before[0], (1, 1, 1, 1, 1), strict=True)
    ]
    lost.refresh_from_db()
    assert lost.outcome == {"messages": 1}


def test_a_dry_run_that_fails_again_says_why(shop, monkeypatch):
    first, second = shop.process(cloud.body(cloud.message()), cloud.echo("Oi"))

    def broken(slug: str) -> None:
        raise KeyError(slug)

    monkeypatch.setattr("integrations.gateway.registry.get", broken)

    told = answer("inbox_replay", "--state", "done", "--dry-run")

    assert told["states"] == {"failing": 2}
    assert told["failing"] == [
        {
            "reason": "KeyError: 'meta_cloud'",
            "rows": 2,
            "ids": [first.pk, second.pk],
        }
    ]
    assert not any(told["new"].values())


def test_a_long_dry_run_goes_on_in_further_parts(shop, monkeypatch):
    monkeypatch.setattr(rehearsal, "CHUNK", 2)
    shop.process(
        *(cloud.body(cloud.message(sender=f"551191111000{n}")) for n in range(5))
    )
    Lead.objects.for_workspace(shop.workspace).delete()

    found = rehearsal.rehearse(Selection(states=["done"]), most_seconds=0)

    assert (found.parts, found.rows, found.new["leads"]) == (3, 5, 5)
    assert not Lead.objects.for_workspace(shop.workspace).exists()
    assert "3 parts" not in run("inbox_replay", "--state", "done", "--dry-run").out


def test_a_dry_run_in_words(shop):
    shop.process(cloud.body(cloud.message()), BROKEN)

    ran = run("inbox_replay", "--workspace", "padaria", "--dry-run")

    assert "2 webhooks would be processed: 1 done, 1 parked." in ran.out
    assert "New: nothing. Already there: 1 messages." in ran.out
    assert "Failing: 1, ids" in ran.out


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
