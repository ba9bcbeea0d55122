"""Requests of one number leave apart, however the threads that carry them bunch."""

import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from integrations import gateway
from integrations.providers.base.outgoing import OutgoingMessage, Text
from integrations.providers.base.types import Party
from tests.threads import together
from tests.whatsapp.counter import Counter
from whatsapp.services import outbox_files, pacing
from whatsapp.services.pacing import Pacer

RATE = 50.0


def busiest(moments: list[float], within: float) -> int:
    ordered = sorted(moments)
    return max(
        sum(start <= one < start + within for one in ordered) for start in ordered
    )


def test_threads_that_come_at_once_leave_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    # All in one moment, and none wakes late, as it would on a busy machine.
    clock = SimpleNamespace(monotonic=lambda: 100.0, sleep=slept.append)
    monkeypatch.setattr(pacing, "time", clock)
    pacer = Pacer(RATE)

    waited = sorted(together(*[pacer.wait] * 20))

    assert waited[0] == 0
    assert sorted(slept) == waited[1:]
    gaps = [later - earlier for earlier, later in pairwise(waited)]
    assert all(1 / RATE <= gap < 1.05 / RATE for gap in gaps)


def test_a_lifted_limit_waits_for_nobody() -> None:
    pacer = Pacer(None)
    begun = time.monotonic()

    assert sum(pacer.wait() for _ in range(1000)) == 0
    assert time.monotonic() - begun < 0.5


def test_a_new_rate_counts_from_the_next_turn() -> None:
    pacer = Pacer(2.0)
    pacer.wait()
    pacer.set_rate(None)

    assert pacer.wait() == 0


@pytest.mark.django_db(transaction=True)
def test_the_turn_is_awaited_when_the_connection_stands(counter: Counter) -> None:
    """And what it takes is not taken off the time that the provider has to answer."""
    assert counter.channel.integration is not None
    line = gateway.open_line(
        counter.channel.integration, channel_id=counter.channel.pk, deadline=1.0
    )
    message = OutgoingMessage(
        recipient=Party(wa_id="5511987654321"), content=Text("Bom dia")
    )
    waited: list[int] = []

    def turn() -> float:
        waited.append(len(counter.provider.taken))
        time.sleep(1.2)
        return 1.2

    result = gateway.send(counter.channel, message, line=line, turn=turn)

    assert result.external_id.startswith("wamid.")
    assert waited == [0]


@pytest.mark.django_db(transaction=True)
def test_messages_that_were_late_do_not_reach_the_provider_in_a_bunch(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.channel.limits = {"per_second": 20}
    counter.channel.save()
    for number in range(30):
        counter.enqueue(f"n{number}", to=f"55119{number:08d}")
    kept = outbox_files.attach

    def slow(message: OutgoingMessage, *rest: Any) -> OutgoingMessage:
        """The first ones are held up, as by a file that goes before them."""
        if int(str(message.content.body)[1:]) < 15:  # type: ignore[union-attr]
            time.sleep(0.4)
        ready: OutgoingMessage = kept(message, *rest)
        return ready

    monkeypatch.setattr(outbox_files, "attach", slow)
    counter.drain()

    moments = [at for _, _, at in counter.provider.taken]
    assert len(moments) == 30
    # Twice as many come in a bunch; a busy machine moves one or the other.
    assert busiest(moments, 0.5) <= 20 * 0.5 + 4
