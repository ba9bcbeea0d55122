"""Posting events: to receivers that answer, refuse, hang, break off, send away and are gone."""

import contextlib
import json
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from integrations import signing
from tests.factories import events as make
from tests.integrations.loopback import plain, serving
from tests.walls import as_app
from tickets import tasks
from tickets.models import (
    DeliveryAttempt,
    EventDelivery,
    IncomingEvent,
    SigningSecret,
    Subscription,
)
from tickets.services import (
    delivering,
    event_upkeep,
    signing_secrets,
    subscriptions,
    tickets,
)
from tickets.services.subscriptions import Who
from tickets.services.tickets import By

LONG_AGO = datetime(2026, 3, 10, tzinfo=UTC)


def hang(stream, request):
    time.sleep(1)


def reset(stream, request):
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(delivering, "ANSWER_SECONDS", 0.4)


@pytest.fixture
def receive(world, settings):
    """A receiver that answers so, and a subscription that leads to it."""
    open_ones = contextlib.ExitStack()

    def start(answer, *, name="CRM", workspace=world.workspace):
        server = open_ones.enter_context(serving(answer))
        settings.EGRESS_ALLOWED_HOSTS = [
            *settings.EGRESS_ALLOWED_HOSTS,
            server.host,
        ]
        url = server.url("/recado?x=1")
        return server, make.subscription(workspace, name=name, url=url)

    with open_ones:
        yield start


def rows(model):
    return model.objects.unscoped("a test looks at all of them")


def drain(seconds=10):
    with as_app():
        return delivering.drain(budget_seconds=seconds)


def state(delivery):
    delivery.refresh_from_db()
    return delivery.state, delivery.reason, delivery.attempts


def due_in(delivery):
    delivery.refresh_from_db()
    return (delivery.next_at - timezone.now()).total_seconds()


def attempts(delivery):
    return list(rows(DeliveryAttempt).filter(delivery=delivery).order_by("pk"))


def test_it_is_posted_signed_and_once(receive):
    server, subscription = receive(plain(b"", status="204 No Content"))
    delivery = make.delivery(subscription)

    tally = drain()
    again = drain()

    assert (tally.delivered, again.delivered) == (1, 0)
    assert state(delivery) == ("delivered", "", 1)
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    raw = dict(line.split(": ", 1) for line in lines)
    assert first == "POST /recado?x=1 HTTP/1.1"
    assert body.decode() == delivery.body
    assert headers["webhook-id"] == delivery.event_id
    (secret,) = signing_secrets.opened(subscription, now=timezone.now())
    told = headers | {"webhook-signature": raw["webhook-signature"]}
    proof = signing.prove(told, body, [secret], now=timezone.now())
    assert proof.event_id == delivery.event_id


def test_while_secrets_change_both_sign(receive, world):
    server, subscription = receive(plain())
    (old,) = signing_secrets.opened(subscription, now=timezone.now())
    who = Who(world.owner, timezone.now())
    new = subscriptions.rotate(subscription, overlap=timedelta(hours=1), by=who)
    make.delivery(subscription)
    drain()

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    told = {name.lower(): value for name, value in lines.items()}
    for secret in (old, new):
        proof = signing.prove(told, body, [secret], now=timezone.now())
        assert proof.event_id == "evt_1"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (plain(status="500 Oh"), "http_500"),
        (plain(status="404 Not Found"), "http_404"),
        (plain(status="400 Bad"), "http_400"),
        (hang, "request_timeout"),
        (reset, "request_failed"),
        (plain(status="302 Found", headers="Location: /else\r\n"), "http_302"),
        (plain(b"x" * (1024 * 1024 + 1)), "answer_too_large"),
    ],
)
def test_anything_but_2xx_is_tried_again_under_the_same_id(receive, answer, reason):
    server, subscription = receive(answer)
    delivery = make.delivery(subscription)

    tally = drain()

    assert tally.failed == 1
    assert state(delivery) == ("due", reason, 1)
    assert 4 < due_in(delivery) < 7
    assert len(server.requests) == 1  # a redirect is not followed
    rows(Subscription).filter(pk=subscription.pk).update(next_turn_at=LONG_AGO)
    rows(EventDelivery).filter(pk=delivery.pk).update(next_at=LONG_AGO)
    drain()
    assert 29 < due_in(delivery) < 37
    ids = {
        line
        for request in server.requests
        for line in request.split(b"\r\n")
        if line.startswith(b"webhook-id")
    }
    assert len(ids) == 1
    subscription.refresh_from_db()
    assert subscription.failing_since is not None


def test_nobody_there_is_tried_again_too(receive, world):
    server, subscription = receive(plain())
    rows(Subscription).filter(pk=subscription.pk).update(
        url="http://127.0.0.1:9/recado"
    )
    delivery = make.delivery(subscription)
    drain()

    assert state(delivery)[0] == "due"
    assert attempts(delivery)[0].status is None
    assert server.requests == []


def test_ten_attempts_and_then_it_is_given_up(receive):
    server, subscription = receive(plain(status="500 Oh"))
    delivery = make.delivery(subscription)
    pauses = []

    for _ in range(12):
        rows(EventDelivery).filter(pk=delivery.pk, state="due").update(
            next_at=LONG_AGO, since=timezone.now()
        )
        drain()
        pauses.append(due_in(delivery))

    assert state(delivery) == ("failed", "http_500", 10)
    assert len(server.requests) == 10
    for pause, least in zip(pauses, delivering.PAUSES, strict=False):
        assert least - 5 < pause <= least * 1.2
    assert len(attempts(delivery)) == 10


def test_what_never_had_its_turn_for_days_is_given_up(receive):
    _server, subscription = receive(plain())
    old = make.delivery(subscription, since=timezone.now() - timedelta(days=5))
    new = make.delivery(subscription, number=2, since=timezone.now())

    drain()

    assert state(old) == ("failed", "expired", 0)
    assert state(new) == ("delivered", "", 1)


def test_gone_switches_it_off_and_says_so(receive, world):
    server, subscription = receive(plain(status="410 Gone"))
    first, second = (make.delivery(subscription, number=n) for n in (1, 2))

    drain()

    assert state(first) == ("failed", "http_410", 1)
    assert state(second) == ("failed", "stopped_gone", 0)
    assert len(server.requests) == 1
    subscription.refresh_from_db()
    assert (subscription.is_active, subscription.stop_reason) == (False, "gone")
    entry = AuditEvent.objects.for_workspace(world.workspace).get()
    assert entry.action == "subscription.gone"


def test_a_busy_receiver_says_when_to_come_back(receive):
    busy = plain(status="503 Busy", headers="Retry-After: 90\r\n")
    _, subscription = receive(busy)
    delivery = make.delivery(subscription)

    drain()

    assert 85 < due_in(delivery) < 91


def test_who_gives_no_answer_loses_the_turn_and_holds_nobody_up(receive, world):
    slow, silent = receive(hang)
    _quick, good = receive(plain(), name="BI")
    waiting = [make.delivery(silent, number=n) for n in range(5)]
    sent = [make.delivery(good, number=n) for n in range(5)]
    started = time.monotonic()

    drain()

    assert time.monotonic() - started < 3
    assert [state(one)[0] for one in sent] == ["delivered"] * 5
    assert len(slow.requests) == 1
    assert [state(one)[2] for one in waiting] == [1, 0, 0, 0, 0]
    silent.refresh_from_db()
    assert silent.next_turn_at > timezone.now()
    with as_app():
        assert not delivering.has_due()


def test_a_receiver_gets_its_events_in_the_order_they_happened(receive):
    server, subscription = receive(plain())
    for number in range(70):  # more than one batch
        make.delivery(subscription, number=number)

    drain()

    bodies = [json.loads(one.partition(b"\r\n\r\n")[2]) for one in server.requests]
    assert [one["data"]["number"] for one in bodies] == list(range(70))


def test_one_worker_has_the_turn_until_its_lease_ends(receive):
    _server, subscription = receive(plain())
    delivery = make.delivery(subscription)
    with as_app():
        ((_, _, token),) = delivering._claim(10)
        assert delivering._claim(10) == []
        assert not delivering.has_due()
    assert drain().delivered == 0  # the first worker died with the turn

    held = rows(Subscription).filter(pk=subscription.pk, lease_token=token)
    held.update(lease_until=LONG_AGO)

    assert drain().delivered == 1
    assert state(delivery) == ("delivered", "", 1)


def test_a_subscription_that_is_off_or_gone_meanwhile_is_let_be(receive, world):
    server, subscription = receive(plain())
    make.delivery(subscription)
    who = Who(world.owner, timezone.now())
    subscriptions.switch(subscription, is_active=False, by=who)
    assert drain().delivered == 0

    with as_app():
        assert delivering._load(10**6, world.workspace.pk, world.workspace.key) is None
    assert server.requests == []


def test_an_address_inside_is_never_asked_whatever_the_name_says(world):
    subscription = make.subscription(
        world.workspace, url="https://169.254.169.254/latest/meta-data/"
    )
    delivery = make.delivery(subscription)

    drain()

    assert state(delivery) == ("due", "egress_denied", 1)


def test_the_log_shows_both_heads_and_no_secret(receive):
    _, subscription = receive(
        plain(
            b'{"error":"no","token":"segredo-deles"}',
            status="500 Oh",
            headers="Set-Cookie: a=segredo-deles\r\nX-Request: 7\r\n",
        )
    )
    delivery = make.delivery(subscription)
    (secret,) = signing_secrets.opened(subscription, now=timezone.now())

    drain()

    (one,) = attempts(delivery)
    assert (one.status, one.error) == (500, "")
    assert f"webhook-id: {delivery.event_id}" in one.request
    assert "webhook-signature: v1,***" in one.request
    assert "x-request: 7" in one.response
    assert '"error": "no"' in one.response
    assert "segredo" not in one.response
    assert secret.reveal() not in one.request + one.response


def test_a_long_answer_is_cut(receive):
    _, subscription = receive(
        plain(b"<html>" * 10_000, headers="Content-Type: text/html\r\n")
    )
    delivery = make.delivery(subscription)

    drain()

    (one,) = attempts(delivery)
    assert state(delivery)[0] == "delivered"
    assert len(one.response) < 5000


def test_a_secret_that_cannot_be_opened_is_told(receive):
    server, subscription = receive(plain())
    rows(SigningSecret).filter(subscription=subscription).update(sealed="nonsense")
    delivery = make.delivery(subscription)

    drain()

    assert state(delivery) == ("due", "unreadable_secret", 1)
    assert server.requests == []


# --- by hand ------------------------------------------------------------------------
def test_one_and_many_are_posted_again_under_their_ids(receive, world):
    server, subscription = receive(plain())
    who = Who(world.owner, timezone.now())
    done = make.delivery(subscription, state="delivered", tries=1, attempts=1)
    old = make.delivery(subscription, number=2, state="failed", created_at=LONG_AGO)
    new = make.delivery(
        subscription, number=3, state="failed", created_at=timezone.now(), tries=10
    )
    other = make.delivery(make.subscription(world.workspace, name="BI"), number=4)

    assert subscriptions.deliver_again(subscription, [done.key, other.key], by=who) == 1
    since = timezone.now() - timedelta(days=1)
    assert subscriptions.deliver_failed_again(subscription, since=since, by=who) == 1
    drain()

    assert state(done) == ("delivered", "", 2)
    assert state(new) == ("delivered", "", 1)
    assert state(old)[0] == "failed"
    assert len(server.requests) == 2
    assert f"webhook-id: {done.event_id}".encode() in server.requests[0]


def test_what_waits_for_its_next_attempt_has_it_now(receive, world):
    _server, subscription = receive(plain())
    later = timezone.now() + timedelta(hours=5)
    waiting = make.delivery(subscription, next_at=later, tries=5)
    rows(Subscription).filter(pk=subscription.pk).update(next_turn_at=later)
    who = Who(world.owner, timezone.now())

    assert subscriptions.deliver_again(subscription, [waiting.key], by=who) == 1
    drain()

    assert state(waiting)[0] == "delivered"


def test_nothing_is_posted_again_while_it_is_off(world):
    subscription = make.subscription(world.workspace, is_active=False)
    failed = make.delivery(subscription, state="failed")
    who = Who(world.owner, timezone.now())

    assert subscriptions.deliver_again(subscription, [failed.key], by=who) == 0


# --- without hints ------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_hint_that_is_lost_costs_until_the_next_sweep(receive, world, monkeypatch):
    """As when the process dies between its commit and the hint, or Redis is away."""
    server, _ = receive(plain())
    asked = []

    def away(*args, **kwargs):
        asked.append(args)
        raise ConnectionError

    monkeypatch.setattr("whatsapp.queue.current_app.send_task", away)
    tickets.open_ticket(
        world.workspace, title="Pão", by=By(world.agent), now=timezone.now()
    )
    assert len(asked) == 1

    with as_app():
        tasks.deliver_events()
        tasks.deliver_events()

    assert len(server.requests) == 1


def test_what_is_old_goes_and_what_waits_stays(world):
    subscription = make.subscription(world.workspace)
    old = make.delivery(subscription, number=1, state="delivered", created_at=LONG_AGO)
    make.attempt(old)
    waiting = make.delivery(subscription, number=2, created_at=LONG_AGO)
    new = make.delivery(
        subscription, number=3, state="failed", created_at=timezone.now()
    )
    source = make.source(world.workspace)
    make.told(source, received_at=timezone.now() - timedelta(days=91))
    kept = make.told(source, event_id="e2", received_at=timezone.now())

    with as_app():
        gone = event_upkeep.prune(world.workspace, now=timezone.now())

    assert gone == 2
    assert set(rows(EventDelivery)) == {waiting, new}
    assert list(rows(IncomingEvent)) == [kept]
    assert not rows(DeliveryAttempt).exists()
