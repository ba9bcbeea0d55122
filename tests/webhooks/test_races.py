"""Races are run as races: threads with connections of their own, on rows that commit."""

import contextlib
import threading
import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import bulk
from integrations import gateway
from tests.factories import cloud_api as cloud
from tests.factories import whatsapp as make
from tests.threads import PATIENCE, eventually, together
from tests.webhooks.conftest import Shop
from webhooks import inbox, processing, rehearsal
from webhooks.inbox import Finished
from webhooks.inbox_admin import Selection
from webhooks.models import RawWebhook
from webhooks.processing import Tally
from whatsapp.models import Attribution, Conversation, Identity, Lead, Message
from whatsapp.services import conversations

pytestmark = pytest.mark.django_db(transaction=True)


def rows(model, shop: Shop):
    return model.objects.for_workspace(shop.workspace)


def drain(*, limit: int = inbox.BATCH) -> Tally:
    """A worker that claims few rows at a time, so that there is something to race for."""
    tally = Tally()
    while (claim := inbox.claim(limit=limit)).rows:
        processing.process(claim, tally=tally)
    return tally


def test_two_claims_never_share_a_row(shop):
    stored = {shop.receive(cloud.body(cloud.message())).pk for _ in range(60)}

    def claim_all() -> list[int]:
        mine: list[int] = []
        while claimed := inbox.claim(limit=7).rows:
            mine += [row.id for row in claimed]
        return mine

    claims = together(*[claim_all] * 4)

    taken = [id_ for ids in claims for id_ in ids]
    assert len(taken) == len(set(taken))
    assert set(taken) == stored


def test_first_messages_of_one_person_make_one_lead(shop):
    for number in range(20):
        sender = "5511987654321" if number % 2 else "551187654321"
        shop.receive(cloud.body(cloud.message(str(number), sender=sender)))

    tallies = together(*[lambda: drain(limit=3)] * 4)

    assert sum(tally.done for tally in tallies) == 20
    assert sum(tally.failed for tally in tallies) == 0
    conversation = shop.rows(Conversation).get()
    assert shop.rows(Lead).count() == 1
    assert shop.rows(Identity).count() == 2
    assert (conversation.message_count, conversation.unread_count) == (20, 20)
    texts = set(shop.rows(Message).values_list("text", flat=True))
    assert texts == {str(number) for number in range(20)}
    verdict_rules = set(shop.rows(Attribution).values_list("rule", flat=True))
    assert verdict_rules <= {"anonymous", "identity"}


def test_one_body_sent_many_times_at_once_is_one_message(shop):
    body = cloud.body(cloud.message("Oi", id_="wamid.same"))
    for _ in range(12):
        shop.receive(body)

    together(*[lambda: drain(limit=1)] * 4)

    assert shop.rows(Message).count() == 1
    assert shop.rows(Conversation).get().message_count == 1
    outcomes = RawWebhook.objects.values_list("outcome", flat=True)
    assert sorted(map(str, outcomes)) == ["{'duplicates': 1}"] * 11 + [
        "{'messages': 1}"
    ]


def test_a_bad_row_is_parked_alone(shop, monkeypatch):
    """The wire brings a body on which a parser dies; its batch goes on without it."""
    bad = shop.receive(cloud.body(cloud.message("bad")))
    good = [shop.receive(cloud.body(cloud.message(str(n)))) for n in range(10)]
    parse = gateway.parse

    def parse_as_the_wire_stands(provider, body, headers):
        if bytes(body) == bytes(bad.body):
            raise ZeroDivisionError("a body nobody thought of")
        return parse(provider, body, headers)

    monkeypatch.setattr(gateway, "parse", parse_as_the_wire_stands)

    for _ in range(inbox.MAX_ERRORS):
        RawWebhook.objects.filter(state="received").update(next_at=timezone.now())
        drain()

    bad.refresh_from_db()
    assert (bad.state, bad.errors) == ("parked", inbox.MAX_ERRORS)
    assert bad.error.startswith("ZeroDivisionError")
    states = RawWebhook.objects.filter(pk__in=[row.pk for row in good])
    assert set(states.values_list("state", "attempts")) == {("done", 1)}
    assert shop.rows(Message).count() == 10


def test_a_row_that_breaks_the_database_is_found_in_its_batch(shop):
    """A statement that fails for one row must not take the others along."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE whatsapp_message ADD CONSTRAINT no_poison CHECK (text <> 'poison')"
        )
    try:
        bad = shop.receive(cloud.body(cloud.message("poison")))
        good = [shop.receive(cloud.body(cloud.message(str(n)))) for n in range(10)]

        tally = drain()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE whatsapp_message DROP CONSTRAINT no_poison")

    bad.refresh_from_db()
    assert (tally.done, tally.failed) == (10, 1)
    assert (bad.state, bad.errors) == ("received", 1)
    assert "IntegrityError" in bad.error
    states = RawWebhook.objects.filter(pk__in=[row.pk for row in good])
    assert set(states.values_list("state", flat=True)) == {"done"}


def test_take_refuses_a_stale_lease(shop):
    row = shop.receive(cloud.body(cloud.message()))
    stale = inbox.claim()
    RawWebhook.objects.update(next_at=timezone.now())
    fresh = inbox.claim_suspect()

    with transaction.atomic():
        assert inbox.take([row.pk], stale.lease_token) == []
        assert inbox.take([row.pk], uuid.uuid4()) == []
        assert [one.id for one in inbox.take([row.pk], fresh.lease_token)] == [row.pk]
        inbox.finish([Finished(row.pk, "done")])
    assert inbox.take([row.pk], fresh.lease_token) == []

    assert not inbox.fail(stale.rows[0], stale.lease_token, "too late")
    row.refresh_from_db()
    assert (row.state, row.errors) == ("done", 0)


def advisory_locks() -> list[tuple[bool, int]]:
    return bulk.run(
        """
        SELECT granted, count(*) FROM pg_locks
         WHERE locktype = 'advisory' AND database =
               (SELECT oid FROM pg_database WHERE datname = current_database())
         GROUP BY granted ORDER BY granted
        """
    )


def test_who_waits_for_a_workspace_holds_none_of_its_names(shop):
    """Otherwise somebody who holds the workspace and wants a name would wait for ever."""
    is_held, may_end = threading.Event(), threading.Event()

    def hold_workspace() -> None:
        with transaction.atomic():
            bulk.lock_workspace(shop.workspace.pk)
            is_held.set()
            may_end.wait(PATIENCE)

    def want_names() -> None:
        is_held.wait(PATIENCE)
        with transaction.atomic():
            bulk.lock(shop.workspace.pk, ["p:1", "p:2"])

    def look() -> list[tuple[bool, int]]:
        is_held.wait(PATIENCE)
        try:
            eventually(lambda: not all(granted for granted, _ in advisory_locks()))
            return advisory_locks()
        finally:
            may_end.set()

    _, _, locks = together(hold_workspace, want_names, look)

    assert locks == [(False, 1), (True, 1)]


def test_a_rehearsal_beside_live_work_meets_no_deadlock(shop):
    for number in range(30):
        shop.receive(cloud.body(cloud.message(sender=f"55119{number:08d}")))
    drain()
    for number in reversed(range(30)):
        shop.receive(cloud.body(cloud.message(sender=f"55119{number:08d}")))

    found, tally, _ = together(
        lambda: rehearsal.rehearse(Selection(states=["done"])), drain, drain
    )

    assert found.states == {"done": found.rows}
    assert found.duplicates == found.rows >= 30
    assert tally.failed == 0
    assert shop.rows(Message).count() == 60
    assert not RawWebhook.objects.exclude(state="done").exists()


def test_a_plain_message_at_the_same_moment_erases_no_origin(shop, monkeypatch):
    """Of somebody whom an import told us of: nothing says yet where they came from."""
    lead = make.lead(shop.workspace, name="Importada")
    make.identity(lead, value="5511987654321", kind="wa_id")
    touch = shop.click()
    shop.receive(cloud.body(cloud.message("Oi")))
    shop.receive(cloud.body(cloud.message(f"vm_token:{touch.token}")))
    plain, token = inbox.claim(limit=1), inbox.claim(limit=1)
    open_threads, both_know = conversations.open_threads, threading.Barrier(2)

    def wait_for_the_other(*args, **kwargs):
        with contextlib.suppress(threading.BrokenBarrierError):
            both_know.wait(2)  # unless one lets the other wait, as it should
        return open_threads(*args, **kwargs)

    monkeypatch.setattr(conversations, "open_threads", wait_for_the_other)
    together(
        lambda: processing.process(plain, tally=Tally()),
        lambda: processing.process(token, tally=Tally()),
    )
    monkeypatch.undo()
    drain()

    lead.refresh_from_db()
    assert lead.attribution is not None
    assert lead.attribution.touch == touch
