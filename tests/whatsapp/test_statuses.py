"""The shown status: the rule in Python and the same rule in SQL, for any news in any order."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import Channel
from integrations.providers.base.types import (
    DeliveryStatus,
    Direction,
    NumberRef,
    StatusEvent,
)
from tests.conftest import World
from tests.factories import integrations as make
from whatsapp import models
from whatsapp.services import statuses
from whatsapp.services.statuses import News

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
_runs = itertools.count(1)

# Few moments, so that many fall together: a tie between failed and delivered matters.
one_status = st.tuples(st.sampled_from(DeliveryStatus), st.integers(0, 4))
# The news about one message, in pieces as separate webhooks bring them.
told = st.lists(one_status, max_size=10)
# How much of it comes before the message itself does.
case = st.tuples(told, st.integers(0, 10))


@pytest.fixture
def channel(world: World) -> Channel:
    return make.channel(world.workspace)


def news(channel: Channel, message_id: str, status: DeliveryStatus, at: int) -> News:
    event = StatusEvent(
        number=NumberRef(),
        external_id=message_id,
        status=status,
        provider_at=START + timedelta(seconds=at),
        error_code=str(100 + at) if status == DeliveryStatus.FAILED else None,
    )
    return News(event, channel.pk, START, 1)


def sent(channel: Channel, ids: list[str]) -> list[int]:
    """Messages of ours, before any news about them."""
    rows = models.Message.objects.bulk_create(
        models.Message(
            workspace=channel.workspace,
            channel=channel,
            direction=Direction.OUTBOUND,
            external_id=id_,
            kind="text",
            provider_at=START,
            received_at=START,
            stored_at=START,
        )
        for id_ in ids
    )
    return [row.pk for row in rows]


def expected_code(events: list[tuple[DeliveryStatus, int]], shown: str) -> str:
    """A failure that stands says why."""
    if shown != DeliveryStatus.FAILED:
        return ""
    return max(str(100 + at) for status, at in events if status == shown)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cases=st.lists(case, min_size=1, max_size=40), rounds=st.integers(1, 4))
def test_the_rule_in_sql_is_the_rule_in_python(channel, cases, rounds):
    run = next(_runs)
    ids = [f"wamid.{run}.{number}" for number in range(len(cases))]
    early = [
        news(channel, id_, status, at)
        for id_, (events, cut) in zip(ids, cases, strict=True)
        for status, at in events[:cut]
    ]
    late = [
        news(channel, id_, status, at)
        for id_, (events, cut) in zip(ids, cases, strict=True)
        for status, at in events[cut:]
    ]
    workspace = channel.workspace_id

    statuses.apply(workspace, early)
    statuses.join_waiting(sent(channel, ids))
    for part in range(rounds):
        statuses.apply(workspace, late[part::rounds])
    repeated = statuses.apply(workspace, [*late, *early])

    stored = models.Message.objects.for_workspace(workspace).filter(external_id__in=ids)
    found = {row.external_id: (row.status, row.error_code) for row in stored}
    wanted = {}
    for id_, (events, _) in zip(ids, cases, strict=True):
        moments = [
            (status.value, START + timedelta(seconds=at)) for status, at in events
        ]
        shown = statuses.shown(moments)
        wanted[id_] = (shown, expected_code(events, shown))
    assert found == wanted
    assert repeated == 0
    waiting = models.WaitingStatus.objects.for_workspace(workspace)
    assert not waiting.filter(external_id__in=ids).exists()


@given(events=told)
def test_neither_order_nor_repetition_matters(events):
    moments = [(status.value, START + timedelta(seconds=at)) for status, at in events]

    assert statuses.shown(moments[::-1]) == statuses.shown(moments)
    assert statuses.shown(moments * 2) == statuses.shown(moments)


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ([], ""),
        ([("sent", 1)], "sent"),
        ([("read", 1), ("delivered", 2)], "read"),
        ([("failed", 2), ("sent", 3)], "failed"),
        ([("failed", 2), ("delivered", 2)], "failed"),
        ([("failed", 2), ("delivered", 1)], "failed"),
        ([("failed", 2), ("delivered", 3)], "delivered"),
        ([("failed", 2), ("read", 1), ("delivered", 3)], "read"),
        ([("failed", 2), ("delivered", 3), ("failed", 4)], "failed"),
        ([("played", 1), ("read", 2)], "played"),
    ],
)
def test_the_ladder(events, shown):
    moments = [(status, START + timedelta(seconds=at)) for status, at in events]

    assert statuses.shown(moments) == shown


# --- providers that know a message by two ids ----------------------------------
@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize(
    ("ids_of_message", "ids_of_status"),
    [
        (("a", None), ("a", None)),
        (("a", None), ("b", "a")),
        (("a", "b"), ("b", None)),
        (("a", "b"), ("c", "b")),
    ],
)
def test_either_id_of_a_message_is_enough(
    channel, ids_of_message, ids_of_status, is_early
):
    workspace = channel.workspace_id
    external_id, second_id = ids_of_status
    event = StatusEvent(
        number=NumberRef(),
        external_id=external_id,
        second_id=second_id,
        status=DeliveryStatus.READ,
        provider_at=START,
    )
    told = [News(event, channel.pk, START, 1)]
    if is_early:
        assert statuses.apply(workspace, told) == 1

    (message_id,) = sent(channel, [ids_of_message[0]])
    messages = models.Message.objects.for_workspace(workspace)
    messages.filter(pk=message_id).update(second_id=ids_of_message[1])
    statuses.join_waiting([message_id])
    statuses.apply(workspace, told)

    assert messages.get(pk=message_id).status == "read"
    assert not models.WaitingStatus.objects.for_workspace(workspace).exists()
