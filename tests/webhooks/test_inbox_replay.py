"""The command that replays rows of the inbox, tried first and then done."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import audit
from tests.commands import run
from tests.factories import cloud_api as cloud
from tests.webhooks.inbox_commands import answer, audited
from webhooks import inbox, processing, queue, rehearsal
from webhooks.inbox_admin import Selection
from webhooks.models import RawWebhook
from whatsapp.models import Attribution, Conversation, Lead, Message, StatusEvent

BROKEN = b'{"entry": ['


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
