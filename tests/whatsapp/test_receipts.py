"""People see that they were read and that somebody writes, where a number is set to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from integrations import gateway
from integrations.models import ChannelLog
from integrations.providers import registry
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.errors import Refused
from tests.conftest import World
from tests.factories import accounts as make
from tests.factories import whatsapp as rows
from tests.walls import as_app
from tests.whatsapp.counter import Counter
from whatsapp import queue, tasks
from whatsapp.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def thread(counter: Counter) -> Conversation:
    conversation = counter.conversation(unread_count=2, message_count=2)
    rows.identity(conversation.lead, kind="wa_id")
    rows.message(conversation, external_id="wamid.old", text="Oi")
    rows.message(
        conversation,
        external_id="wamid.new",
        text="Tem pão?",
        provider_at=timezone.now(),
    )
    return conversation


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the provider was told, by operation and message."""
    known = registry.get("meta_cloud")
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(
        type(known),
        "mark_read",
        lambda self, one, *_: asked.append(("read", one.external_id)),
    )
    monkeypatch.setattr(
        type(known),
        "show_typing",
        lambda self, one, *_: asked.append(("typing", one.external_id)),
    )
    return asked


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints reach the worker at once; it has no broker here."""

    def run(name: str, ids: dict[str, int] | None = None, **_: object) -> None:
        found = {queue.SHOW_READ: tasks.show_read, queue.SHOW_TYPING: tasks.show_typing}
        if name in found:
            with as_app():
                found[name](**(ids or {}))

    monkeypatch.setattr(queue, "send", run)


def post(client: Client, thread: Conversation, **values: Any) -> Any:
    address = reverse(
        "whatsapp:conversation-detail",
        kwargs={"workspace_slug": thread.workspace.slug, "key": thread.key},
    )
    return client.post(address, values)


def allow(counter: Counter, **fields: bool) -> None:
    for name, value in fields.items():
        setattr(counter.channel, name, value)
    counter.channel.save()


SignIn = Callable[[User], Client]


def test_reading_shows_the_ticks_once_and_only_where_it_is_set(
    counter: Counter,
    thread: Conversation,
    world: World,
    signed_in: SignIn,
    told: list[tuple[str, str]],
    worker: None,
) -> None:
    client = signed_in(world.agent)
    post(client, thread, act="read", seen="2")
    assert told == []

    Conversation.objects.for_workspace(world.workspace).update(unread_count=1)
    allow(counter, marks_read=True)
    post(client, thread, act="read", seen="2")
    post(client, thread, act="read", seen="2")

    assert told == [("read", "wamid.new")]


def test_typing_is_told_once_in_twenty_seconds(
    counter: Counter,
    thread: Conversation,
    world: World,
    signed_in: SignIn,
    told: list[tuple[str, str]],
    worker: None,
) -> None:
    allow(counter, shows_typing=True)
    client = signed_in(world.agent)

    answers = {post(client, thread, act="typing").status_code for _ in range(3)}

    assert answers == {204}
    assert told == [("typing", "wamid.new")]
    thread.refresh_from_db()
    assert thread.attended_at is not None
    thread.attended_at -= timedelta(seconds=21)
    thread.save()
    post(client, thread, act="typing")
    assert len(told) == 2


def test_typing_holds_automatic_answers_back_even_where_nobody_sees_it(
    thread: Conversation,
    world: World,
    signed_in: SignIn,
    told: list[tuple[str, str]],
    worker: None,
) -> None:
    post(signed_in(world.agent), thread, act="typing")

    thread.refresh_from_db()
    assert thread.attended_at is not None
    assert told == []


def test_a_viewer_neither_reads_nor_writes(
    thread: Conversation, world: World, signed_in: SignIn
) -> None:

    viewer = make.user(email="viewer@example.com")
    make.membership(world.workspace, viewer, role="viewer")

    assert post(signed_in(viewer), thread, act="typing").status_code == 403


@pytest.mark.parametrize("state", ["disconnected", "removed"])
def test_a_number_that_is_off_shows_nothing(
    counter: Counter, thread: Conversation, told: list[tuple[str, str]], state: str
) -> None:
    allow(counter, marks_read=True)
    if state == "disconnected":
        counter.channel.state = "disconnected"
    else:
        counter.channel.integration = None
    counter.channel.save()

    with as_app():
        tasks.show_read(counter.workspace.pk, thread.pk)

    assert told == []


def test_a_provider_without_it_is_never_asked(
    counter: Counter,
    thread: Conversation,
    told: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow(counter, marks_read=True, shows_typing=True)
    known = registry.get("meta_cloud")
    without = known.capabilities - {Capability.MARK_READ, Capability.TYPING}
    monkeypatch.setattr(type(known), "capabilities", without)

    with as_app():
        tasks.show_read(counter.workspace.pk, thread.pk)
        tasks.show_typing(counter.workspace.pk, thread.pk)

    assert told == []


def test_what_goes_wrong_is_no_trouble_of_anybody(
    counter: Counter,
    thread: Conversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Refused("131030")

    allow(counter, marks_read=True)
    monkeypatch.setattr(gateway, "mark_read", refuse)

    with as_app():
        tasks.show_read(counter.workspace.pk, thread.pk)
        tasks.show_read(counter.workspace.pk, 10**9)


def test_the_log_of_it_names_the_message_and_not_the_person(
    counter: Counter, thread: Conversation
) -> None:
    allow(counter, marks_read=True)

    with as_app():
        tasks.show_read(counter.workspace.pk, thread.pk)

    row = ChannelLog.objects.for_workspace(counter.workspace).latest("pk")
    assert row.operation == "mark_read"
    assert "wamid.new" in row.request
    assert "5511987654321" not in row.request
