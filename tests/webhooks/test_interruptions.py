"""What stops a batch half-way, and what two batches at the same moment owe each other."""

import threading
import time

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import bulk
from tests.factories import cloud_api as cloud
from tests.threads import PATIENCE, Job, eventually, is_waited_for
from tests.webhooks.conftest import Shop
from webhooks import inbox, processing
from webhooks.models import RawWebhook
from whatsapp.models import Identity, Lead, Message, WaitingStatus

pytestmark = pytest.mark.django_db(transaction=True)


def rows(model, shop: Shop):
    return model.objects.for_workspace(shop.workspace)


def one_by_one(shop: Shop, first: bytes, second: bytes) -> None:
    """Apply two bodies in two sessions, the second before the first has committed."""
    shop.receive(first)
    early = inbox.claim()
    shop.receive(second)
    late = inbox.claim()
    with transaction.atomic():
        processing.process(early)
        job = Job(lambda: processing.process(late))
        eventually(lambda: not job.thread.is_alive() or is_waited_for())
    job.result()


def test_a_status_finds_the_message_that_comes_at_the_same_moment(shop):
    one_by_one(
        shop,
        cloud.body(statuses=(cloud.status("wamid.ours", "read"),)),
        cloud.echo("Olá", id_="wamid.ours"),
    )

    assert rows(Message, shop).get().status == "read"
    assert not rows(WaitingStatus, shop).exists()


def test_two_statuses_at_the_same_moment_do_not_overlook_each_other(shop):
    shop.process(cloud.echo("Olá", id_="wamid.ours"))

    one_by_one(
        shop,
        cloud.body(statuses=(cloud.status("wamid.ours", "read"),)),
        cloud.body(statuses=(cloud.status("wamid.ours", "delivered"),)),
    )

    assert rows(Message, shop).get().status == "read"


def test_a_worker_that_stops_inside_a_batch_loses_it(shop, settings, monkeypatch):
    settings.INBOX_LEASE_SECONDS = 1
    row = shop.receive(cloud.body(cloud.message()))
    walk = processing._walk

    def walk_and_stop(*args, **kwargs):
        finished = walk(*args, **kwargs)
        time.sleep(1)
        return finished

    monkeypatch.setattr(processing, "_walk", walk_and_stop)
    processing.drain(budget_seconds=1)

    row.refresh_from_db()
    assert (row.state, row.attempts, row.errors) == ("received", 1, 0)
    assert "idle-in-transaction" in row.error
    assert not rows(Message, shop).exists()

    monkeypatch.setattr(processing, "_walk", walk)
    RawWebhook.objects.update(next_at=timezone.now())
    processing.drain(budget_seconds=5)

    row.refresh_from_db()
    assert (row.state, row.error) == ("done", "")
    assert rows(Message, shop).count() == 1


def test_a_lock_that_does_not_come_blames_nobody(shop, settings):
    settings.INBOX_LEASE_SECONDS = 2
    is_held, may_end = threading.Event(), threading.Event()
    found = [shop.receive(cloud.body(cloud.message())) for _ in range(3)]

    def hold() -> None:
        with transaction.atomic():
            bulk.lock_workspace(shop.workspace.pk)
            is_held.set()
            may_end.wait(PATIENCE)

    holder = Job(hold)
    is_held.wait(PATIENCE)
    tally = processing.process(inbox.claim())
    may_end.set()
    holder.result()

    for row in found:
        row.refresh_from_db()
        assert (row.state, row.attempts, row.errors) == ("received", 1, 0)
    assert tally == processing.Tally()

    RawWebhook.objects.update(next_at=timezone.now())
    assert processing.drain(budget_seconds=10).done == 3


def test_a_killer_is_parked_before_it_is_claimed_once_more(shop):
    row = shop.receive(cloud.body(cloud.message()))
    RawWebhook.objects.update(
        state="leased", attempts=inbox.MAX_SILENT_CLAIMS, error="the last words"
    )

    tally = processing.drain(budget_seconds=5)

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("parked", inbox.MAX_SILENT_CLAIMS)
    assert row.error.endswith("the last words")
    assert tally.parked == 1


def test_an_address_book_does_not_say_when_somebody_was_seen(shop):
    contact = cloud.envelope(
        {
            "field": "smb_app_state_sync",
            "value": {
                "messaging_product": "whatsapp",
                "metadata": cloud.METADATA,
                "state_sync": [
                    {
                        "type": "contact",
                        "contact": {
                            "full_name": "Ana Souza",
                            "phone_number": "5511987654321",
                        },
                        "action": "add",
                        "metadata": {"timestamp": "1760000000"},
                    }
                ],
            },
        }
    )
    shop.process(cloud.body(cloud.message()))
    before = list(rows(Identity, shop).order_by("pk").values())

    (row,) = shop.process(contact)

    assert row.outcome == {"contacts": 1}
    assert list(rows(Identity, shop).order_by("pk").values()) == before
    assert rows(Lead, shop).count() == 1
