"""Sending again and dropping from the pages: asked first, done once, told in words."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from integrations.models import Channel
from tests.conftest import World
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from whatsapp.models import Conversation, OutboxEntry, OutboxState
from whatsapp.views import send_acts

LIST = "/w/padaria/sends/"
ACT = f"{LIST}act/"
Sign = Callable[[User], Client]


@pytest.fixture
def channel(world: World) -> Channel:
    return make.meta_number(world.workspace, display_name="Balcão", state="connected")


@pytest.fixture
def client(world: World, signed_in: Sign) -> Client:
    world.agent.language = "en"
    world.agent.save()
    return signed_in(world.agent)


def thread(channel: Channel, *, hours: int = 1) -> Conversation:
    """Of a person who wrote so long ago."""
    lead = rows.lead(channel.workspace)
    heard = timezone.now() - timedelta(hours=hours)
    return rows.conversation(lead, channel, last_inbound_at=heard)


def failed(channel: Channel, **fields: Any) -> OutboxEntry:
    values: dict[str, Any] = {
        "state": "failed",
        "reason": "131026",
        "at": timezone.now() - timedelta(hours=1),
        "thread": fields.get("thread") or thread(channel),
    } | fields
    return rows.send(channel, **values)


def copies(channel: Channel) -> int:
    entries = OutboxEntry.objects.for_workspace(channel.workspace)
    return entries.filter(business_key__startswith="again:").count()


def page_of(response: Any) -> str:
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def do(client: Client, act: str, *keys: Any, **more: str) -> Any:
    told = {"act": act, "key": ",".join(map(str, keys)), "step": "do"} | more
    return client.post(ACT, told, follow=True)


def test_nothing_happens_before_it_is_confirmed(
    client: Client, channel: Channel
) -> None:
    entry = failed(channel)

    page = page_of(client.post(ACT, {"act": "again", "key": entry.key}))

    assert "Send 1 message again?" in page
    assert copies(channel) == 0


def test_what_may_have_arrived_is_said_before(client: Client, channel: Channel) -> None:
    sure, doubtful = failed(channel), failed(channel, state="uncertain")

    page = page_of(
        client.post(ACT, {"act": "again", "key": f"{sure.key},{doubtful.key}"})
    )

    assert "may get the message twice" in page
    one = page_of(client.post(ACT, {"act": "again", "key": sure.key}))
    assert "twice" not in one


def test_sent_again_it_is_a_send_of_its_own_once(
    client: Client, channel: Channel, world: World
) -> None:
    entry = failed(channel, state="uncertain", reason="http_500")

    response = do(client, "again", entry.key)
    again = do(client, "again", entry.key)

    assert response.redirect_chain[-1][0] == f"{LIST}{entry.key}/"
    assert "goes out again" in page_of(response)
    assert "see what became of the copy" in page_of(response)
    assert "sent again already" in page_of(again)
    assert copies(channel) == 1
    entry.refresh_from_db()
    assert (entry.state, entry.reason) == ("dropped", "sent_again")
    [event] = AuditEvent.objects.for_workspace(world.workspace).filter(
        action="send.repeated"
    )
    assert event.actor_id == world.agent.pk


def test_what_cannot_go_out_now_is_explained_and_left(
    client: Client, channel: Channel
) -> None:
    entry = failed(channel, thread=thread(channel, hours=30))

    page = page_of(client.post(ACT, {"act": "again", "key": entry.key}))
    response = do(client, "again", entry.key)

    assert "24 hours have passed" in page
    assert 'value="again"' not in page
    assert "24 hours have passed" in page_of(response)
    assert copies(channel) == 0


def test_what_waits_is_dropped_and_never_sent(
    client: Client, channel: Channel, world: World
) -> None:
    entry = failed(channel, state="due", reason="", status="queued")

    page = page_of(do(client, "drop", entry.key))

    assert "will not be sent" in page
    entry.refresh_from_db()
    assert entry.state == OutboxState.DROPPED
    assert entry.message.status == "failed"
    assert AuditEvent.objects.for_workspace(world.workspace).filter(
        action="send.dropped"
    )


def test_what_has_arrived_meanwhile_is_left_alone(
    client: Client, channel: Channel
) -> None:
    entry = failed(channel, state="accepted", reason="", delivery="delivered")

    page = page_of(client.post(ACT, {"act": "drop", "key": entry.key}))
    response = do(client, "drop", entry.key)

    assert "None of these sends" in page
    assert "known meanwhile" in page_of(response)
    entry.refresh_from_db()
    assert entry.shown == "delivered"


def test_many_are_done_piece_by_piece_with_a_summary(
    client: Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_acts, "PIECE", 2)
    open_, closed = thread(channel), thread(channel, hours=30)
    entries = [failed(channel, thread=open_) for _ in range(4)]
    entries.append(failed(channel, thread=closed))
    confirm = page_of(client.post(ACT, {"act": "again", "range": "1"}))
    fields = fields_of(confirm)
    assert "Send 5 messages again?" in confirm

    first = page_of(client.post(ACT, fields | {"act": "again"}))
    assert "2 of 5" in first
    assert copies(channel) == 2
    second = page_of(client.post(ACT, fields_of(first), headers={"HX-Request": "true"}))
    assert "4 of 5" in second
    assert "<html" not in second
    third = page_of(client.post(ACT, fields_of(second)))

    assert "5 of 5" in third
    assert "4 go out again" in third
    assert "24 hours have passed" in third
    assert "Go on" not in third
    assert copies(channel) == 4


def fields_of(page: str) -> dict[str, str]:
    """What the page's form posts."""
    main = page[page.find("<main") :] if "<main" in page else page
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', main)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def test_all_that_match_keeps_the_filters(client: Client, channel: Channel) -> None:
    failed(channel)
    wanted = failed(channel, reason="131047")

    page = page_of(client.post(ACT, {"act": "again", "range": "1", "reason": "131047"}))

    assert fields_of(page)["key"] == wanted.key.hex


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"act": "again"},
        {"act": "explode", "key": "0" * 32},
        {"act": "again", "key": "x,y,%00"},
        {"act": "again", "range": "1", "since": "never"},
        {"act": "again", "key": "0" * 32, "step": "do", "done": "-9", "kept": "x"},
    ],
)
def test_what_makes_no_sense_changes_nothing(
    client: Client, channel: Channel, told: dict[str, str]
) -> None:
    failed(channel)

    response = client.post(ACT, told, follow=True)

    assert response.status_code == 200
    assert copies(channel) == 0


def test_sends_of_others_are_nobodys(
    channel: Channel, world: World, signed_in: Sign
) -> None:
    entry = failed(channel)
    outsider = signed_in(world.outsider)

    response = outsider.post(
        "/w/oficina/sends/act/", {"act": "again", "key": entry.key, "step": "do"}
    )

    assert response.status_code in (200, 302)
    assert copies(channel) == 0


def test_what_cannot_be_read_any_more_is_told_and_left(
    client: Client, channel: Channel
) -> None:
    entry = failed(channel, reason="broken")
    OutboxEntry.objects.for_workspace(channel.workspace).filter(pk=entry.pk).update(
        payload={"content": "?"}
    )

    page = page_of(client.post(ACT, {"act": "again", "key": entry.key}))

    assert "could not read its own note" in page
    assert "could not read its own note" in page_of(do(client, "again", entry.key))
    assert copies(channel) == 0
