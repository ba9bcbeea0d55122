from django.db import connection
from django.utils import timezone

from tests.factories import cloud_api as cloud
from webhooks import inbox, processing
from webhooks.models import RawWebhook
from whatsapp.models import (
    Attribution,
    Conversation,
    Lead,
    Message,
    Touch,
)


def snapshot(shop):
    return [
        list(shop.rows(model).order_by("pk").values())
        for model in (Lead, Conversation, Message, Attribution, Touch)
    ]


def test_replay_changes_nothing(shop):
    touch = shop.click()
    shop.process(
        cloud.body(cloud.message(f"vm_token:{touch.token}")),
        cloud.echo("Olá", id_="wamid.out"),
        cloud.body(statuses=(cloud.status("wamid.out", "read"),)),
    )
    before = snapshot(shop)

    RawWebhook.objects.update(state="received", attempts=0)
    processing.drain(budget_seconds=30)

    assert snapshot(shop) == before


def test_a_lost_lease_is_refused(shop):
    row = shop.receive(cloud.body(cloud.message()))
    claim = inbox.claim()
    RawWebhook.objects.update(next_at=timezone.now())
    again = inbox.claim_suspect()

    processing.process(claim)
    row.refresh_from_db()
    assert row.state == "leased"
    assert not shop.rows(Message).exists()

    processing.process(again)
    row.refresh_from_db()
    assert row.state == "done"
    assert shop.rows(Message).count() == 1


def test_queries_do_not_grow_with_the_batch(shop):
    shop.process(cloud.body(cloud.message()))  # the number's first sign costs its own

    def cost(count: int) -> int:
        for number in range(count):
            shop.receive(
                cloud.body(cloud.message(sender=f"55119{count:04d}{number:04d}"))
            )
        claim = inbox.claim()
        assert len(claim.rows) == count
        executed = []

        def count_query(execute, sql, params, many, context):
            executed.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count_query):
            processing.process(claim)
        return len(executed)

    assert cost(2) == cost(150)


def test_claims_are_shared_among_workspaces(shop, world, make_shop_for):
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )
    for _ in range(30):
        shop.receive(cloud.body(cloud.message()))
    other.receive(cloud.body(cloud.message(), number="777"))

    claim = inbox.claim(limit=10)

    assert {row.workspace_id for row in claim.rows} == {
        shop.workspace.pk,
        other.workspace.pk,
    }


def test_errors_back_off_and_park_after_the_eighth(shop, monkeypatch):
    row = shop.receive(cloud.body(cloud.message()))

    def broken(slug: str) -> None:
        raise KeyError(slug)

    monkeypatch.setattr("integrations.gateway.registry.get", broken)

    for attempt in range(1, 9):
        RawWebhook.objects.update(next_at=timezone.now())
        processing.drain(budget_seconds=5)
        row.refresh_from_db()
        assert (row.errors, row.attempts) == (attempt, attempt)

    assert row.state == "parked"
    assert "KeyError" in row.error


def test_silent_claims_park_after_the_fifth(shop):
    row = shop.receive(cloud.body(cloud.message()))
    RawWebhook.objects.update(attempts=5)

    assert inbox.park_silent() == 1

    row.refresh_from_db()
    assert row.state == "parked"
