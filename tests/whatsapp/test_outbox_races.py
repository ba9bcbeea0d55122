"""Races of the outbox run as races, and the fence that an older database meets."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.providers.base.outgoing import SendResult
from integrations.providers.base.types import DeliveryStatus, NumberRef, StatusEvent
from tests.threads import together
from tests.walls import as_app
from tests.whatsapp.counter import Counter
from whatsapp.models import Message, OutboxEntry, OutboxFence
from whatsapp.services import (
    fence,
    outbox,
    outbox_claims,
    outbox_results,
    outbox_submits,
    sending,
    statuses,
    unconfirmed,
)

pytestmark = pytest.mark.django_db(transaction=True)


def enqueue_many(counter: Counter, count: int) -> None:
    thread = counter.conversation()
    drafts = [
        counter.draft(f"{number}", to=f"55119{number:08d}", conversation_id=thread.pk)
        for number in range(count)
    ]
    with as_app():
        outbox.enqueue_many(counter.workspace.pk, drafts, now=timezone.now())


def lift(counter: Counter) -> None:
    counter.channel.limits = {"per_second": "off"}
    counter.channel.save()


def test_two_claims_never_share_a_message(counter: Counter) -> None:
    lift(counter)
    enqueue_many(counter, 60)
    with as_app():
        fence.may_pass()

    def claim_all() -> list[int]:
        mine: list[int] = []
        misses = 0
        while misses < 20:
            claimed = outbox_claims.claim(counter.clock, limit=7)
            mine += [one.id for one in claimed]
            misses = 0 if claimed else misses + 1
        return mine

    claims = together(*[claim_all] * 4)

    taken = [id_ for ids in claims for id_ in ids]
    assert len(taken) == len(set(taken)) == 60


def test_one_person_never_gets_two_at_once(counter: Counter) -> None:
    """Bulk and answers of one conversation are in different queues, and still in turn."""
    lift(counter)
    thread = counter.conversation()
    for number in range(12):
        counter.enqueue(
            f"{number}", conversation_id=thread.pk, is_bulk=bool(number % 2)
        )
    with as_app():
        fence.may_pass()

    for _ in range(12):
        claims = together(*[lambda: outbox_claims.claim(counter.clock, limit=5)] * 4)
        taken = [one for claimed in claims for one in claimed]
        assert len(taken) == 1
        OutboxEntry.objects.for_workspace(counter.workspace).filter(
            pk=taken[0].id
        ).update(state="accepted")


def test_several_drains_send_everything_once(counter: Counter) -> None:
    lift(counter)
    enqueue_many(counter, 120)

    tallies = together(*[lambda: sending.drain(budget_seconds=15)] * 3)

    assert sum(tally.sent for tally in tallies) == 120
    texts = [text for text, _, _ in counter.provider.taken]
    assert len(texts) == len(set(texts)) == 120
    states = OutboxEntry.objects.for_workspace(counter.workspace)
    assert set(states.values_list("state", "attempts")) == {("accepted", 1)}


def test_the_same_promise_made_at_once_is_made_once(counter: Counter) -> None:
    draft = counter.draft("Oi")

    def promise() -> outbox.Promise:
        return outbox.enqueue(counter.workspace.pk, draft, now=timezone.now())

    promises = together(*[promise] * 6)

    assert len({one.message_id for one in promises}) == 1
    assert [one.is_new for one in promises].count(True) == 1
    assert Message.objects.for_workspace(counter.workspace).count() == 1
    assert OutboxEntry.objects.for_workspace(counter.workspace).count() == 1


def test_a_status_and_the_answer_at_once_agree(counter: Counter) -> None:
    for number in range(10):
        entry = counter.enqueue(f"{number}", to=f"55119{number:08d}")
        [claimed] = counter.claim()
        with as_app():
            outbox_submits.submit(counter.workspace.pk, [claimed], now=timezone.now())
        event = StatusEvent(
            number=NumberRef(),
            status=DeliveryStatus.DELIVERED,
            external_id=f"wamid.{number}",
            callback_token=entry.callback_token,
        )
        attempt = outbox_results.Attempt(
            claimed.id,
            claimed.lease_token,
            outbox_results.outcome_of(SendResult(external_id=f"wamid.{number}")),
        )

        def tell(event: StatusEvent = event) -> None:
            news = statuses.News(event, counter.channel.pk, timezone.now(), 1)
            with workspace_transaction(counter.workspace.pk):
                statuses.apply(counter.workspace.pk, [news])

        def record(attempt: outbox_results.Attempt = attempt) -> None:
            outbox_results.record(counter.workspace.pk, [attempt])

        together(tell, record)

        assert counter.state(entry) == ("accepted", "", "delivered")
        assert counter.message(entry).external_id == f"wamid.{number}"


def test_asked_twice_at_once_is_sent_again_once(counter: Counter, world: Any) -> None:
    entry = counter.enqueue("Oi")
    [claimed] = counter.claim()
    with as_app():
        outbox_submits.submit(counter.workspace.pk, [claimed], now=timezone.now())
    counter.make_due()
    counter.drain()

    def again() -> outbox.Promise:
        return unconfirmed.send_again(entry, actor=world.agent, now=timezone.now())

    promises = together(*[again] * 4)

    assert len({one.message_id for one in promises}) == 1
    assert [one.is_new for one in promises].count(True) == 1


# --- the fence --------------------------------------------------------------------
@pytest.fixture
def fence_file(settings: Any, tmp_path: Path) -> Path:
    settings.OUTBOX_FENCE_FILE = tmp_path / "outbox-fence"
    return tmp_path / "outbox-fence"


def restore(mark: int = 1) -> None:
    """An older copy of the database is put back: it does not know of later sends."""
    OutboxFence.objects.update(mark=mark)


def test_both_numbers_move_on_together(counter: Counter, fence_file: Path) -> None:
    counter.enqueue("Oi")
    counter.drain()

    with as_app():
        told = fence.state()
    assert told.mark == told.outside == int(fence_file.read_text()) >= 2
    assert not told.is_closed


def test_workers_that_send_for_the_first_time_at_once_are_not_fenced(
    counter: Counter, fence_file: Path
) -> None:
    """There is something unsent, so that whoever finds no file would close it."""
    counter.enqueue("Oi")

    for _ in range(5):
        OutboxFence.objects.all().delete()
        fence_file.unlink(missing_ok=True)

        assert together(*[fence.may_pass] * 8) == [True] * 8
    assert fence.state().mark == int(fence_file.read_text()) == 8


def test_a_worker_that_dies_in_its_first_step_fences_nobody(
    counter: Counter, fence_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.enqueue("Oi")
    write = fence._write

    def dies(mark: int) -> None:
        if mark:
            raise SystemExit
        write(mark)

    monkeypatch.setattr(fence, "_write", dies)
    with as_app(), pytest.raises(SystemExit):
        fence.may_pass()
    monkeypatch.setattr(fence, "_write", write)

    with as_app():
        assert fence.may_pass()


@pytest.mark.parametrize("is_lost", [False, True], ids=["older", "file gone"])
def test_nothing_goes_out_after_an_older_database_was_put_back(
    counter: Counter, fence_file: Path, is_lost: bool
) -> None:
    counter.enqueue("Oi", to="5511900000001")
    counter.drain()
    waiting = counter.enqueue("Tchau", to="5511900000002")
    if is_lost:
        fence_file.unlink()
    else:
        restore()

    tally = counter.drain()

    assert tally.is_fenced
    assert counter.state(waiting) == ("due", "", "queued")
    assert [text for text, _, _ in counter.provider.taken] == ["Oi"]


def test_what_may_have_been_sent_is_told_and_left_unconfirmed(
    counter: Counter, fence_file: Path
) -> None:
    counter.enqueue("Oi", to="5511900000001")
    counter.drain()
    doubtful = counter.enqueue("Tchau", to="5511900000002")
    restore()
    counter.drain()
    OutboxFence.objects.update(closed_at=timezone.now() - timedelta(seconds=1))
    OutboxEntry.objects.for_workspace(counter.workspace).filter(pk=doubtful.pk).update(
        created_at=timezone.now() - timedelta(minutes=1)
    )
    fresh = counter.enqueue("Depois", to="5511900000003")

    told = StringIO()
    with as_app():
        call_command("outbox_fence", stdout=told)
    assert "5511900000002" in told.getvalue()
    assert "5511900000003" not in told.getvalue()
    with as_app():
        call_command("outbox_fence", "--accept", stdout=told)
    counter.drain()

    assert counter.state(doubtful) == ("uncertain", "restored", "unconfirmed")
    assert counter.state(fresh)[0] == "accepted"
    with as_app():
        assert fence.state().epoch == 2


def test_a_person_may_say_that_all_of_it_goes_out(
    counter: Counter, fence_file: Path
) -> None:
    counter.enqueue("Oi", to="5511900000001")
    counter.drain()
    waiting = counter.enqueue("Tchau", to="5511900000002")
    restore()
    counter.drain()

    with as_app():
        call_command("outbox_fence", "--accept", "--send", stdout=StringIO())
    counter.drain()

    assert counter.state(waiting)[0] == "accepted"


def test_a_database_without_anything_unsent_needs_nobody(
    counter: Counter, fence_file: Path
) -> None:
    counter.enqueue("Oi", to="5511900000001")
    counter.drain()
    restore()

    assert not counter.drain().is_fenced
    entry = counter.enqueue("Tchau", to="5511900000002")
    counter.drain()

    assert counter.state(entry)[0] == "accepted"


def test_the_commands_tell_how_it_stands(counter: Counter) -> None:
    counter.enqueue("Oi")
    told = StringIO()
    with as_app():
        call_command("outbox_stats", "--json", stdout=told)
        call_command("sweep_outbox", "--json", stdout=told)

    assert '"due": 1' in told.getvalue()
    assert '"unconfirmed": 0' in told.getvalue()
