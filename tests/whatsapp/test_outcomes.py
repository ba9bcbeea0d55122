"""What a bubble tells of a message that waits, failed or is unconfirmed, and the ways on."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import whatsapp as make
from tests.whatsapp.test_replies import conversation as conversation  # noqa: PLC0414  # a fixture
from tests.whatsapp.test_replies import page, promised, send, words
from whatsapp.models import Message, OutboxEntry


@pytest.fixture
def client(world, signed_in):
    world.agent.language = "en"
    world.agent.save()
    return signed_in(world.agent)


@pytest.fixture
def entry(world, conversation, client) -> OutboxEntry:
    send(client, conversation, "Segue o preço")
    [made] = promised(world)
    return made


def becomes(
    entry: OutboxEntry, status: str, *, code: str = "", **fields: Any
) -> Message:
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.save()
    message = Message.objects.for_workspace(entry.workspace).get(pk=entry.message_id)
    message.status, message.error_code = status, code
    message.save()
    return message


@pytest.mark.parametrize(
    ("status", "code", "fields", "told", "offers", "lacks"),
    [
        ("queued", "", {}, "Queued", (), ("again", "drop")),
        ("sending", "", {"state": "submitting"}, "Sending", (), ("again", "drop")),
        ("queued", "", {"reason": "paused"}, "it waits", ("drop",), ("again",)),
        (
            "queued",
            "",
            {"reason": "connect_failed"},
            "could not be reached",
            ("drop",),
            ("again",),
        ),
        (
            "failed",
            "131026",
            {"state": "accepted"},
            "not on WhatsApp",
            ("again", "edit"),
            ("drop",),
        ),
        (
            "failed",
            "window_closed",
            {"state": "failed", "reason": "window_closed"},
            "24 hours have passed",
            ("again",),
            ("drop",),
        ),
        (
            "failed",
            "429",
            {"state": "failed", "reason": "gave_up:429"},
            "times and gave up",
            ("again",),
            ("drop",),
        ),
        (
            "failed",
            "dropped",
            {"state": "dropped", "reason": "dropped"},
            "dropped it",
            ("again",),
            ("drop",),
        ),
        (
            "unconfirmed",
            "",
            {"state": "uncertain", "reason": "answer_timeout"},
            "It may have arrived",
            ("again", "drop"),
            ("edit",),
        ),
        (
            "unconfirmed",
            "",
            {"state": "uncertain", "reason": "worker_gone"},
            "Recado was stopped",
            ("again", "drop"),
            (),
        ),
    ],
)
def test_a_bubble_tells_why_and_offers_what_can_be_done(
    conversation, client, entry, status, code, fields, told, offers, lacks
):
    becomes(entry, status, code=code, **fields)

    shown = client.get(page(conversation))

    assert told in words(shown)
    html = shown.content.decode()
    assert [name for name in offers if f'name="{name}"' not in html] == []
    assert [name for name in lacks if f'name="{name}"' in html] == []


def test_the_provider_s_own_words_are_told(conversation, client, entry):
    becomes(entry, "failed", code="999", state="failed", detail="Too many cooks")

    assert "Too many cooks" in words(client.get(page(conversation)))


def test_a_failed_message_is_sent_again_once(world, conversation, client, entry):
    failed = becomes(entry, "failed", code="131026", state="accepted")

    for _ in range(2):
        answer = client.post(page(conversation, "sends/"), {"again": failed.pk})
        assert answer["Location"].endswith("#latest")

    first, second = promised(world)
    assert (first, second.payload["content"]["body"]) == (entry, "Segue o preço")
    assert "It was sent again." in words(client.get(page(conversation)))


def test_sending_again_is_checked_as_any_answer(world, conversation, client, entry):
    failed = becomes(entry, "failed", code="131047", state="accepted")
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    answer = client.post(
        page(conversation, "sends/"), {"again": failed.pk}, follow=True
    )

    assert "24 hours have passed" in words(answer)
    assert promised(world) == [entry]


def test_what_waits_is_dropped(world, conversation, client, entry):
    client.post(page(conversation, "sends/"), {"drop": entry.message_id})

    entry.refresh_from_db()
    message = Message.objects.for_workspace(world.workspace).get(pk=entry.message_id)
    assert (entry.state, message.status) == ("dropped", "failed")


@pytest.mark.parametrize("state", ["accepted", "submitting"])
def test_what_is_on_its_way_is_not_dropped(conversation, client, entry, state):
    becomes(entry, "sending", state=state)

    answer = client.post(page(conversation, "sends/"), {"drop": entry.message_id})

    entry.refresh_from_db()
    assert (answer.status_code, entry.state) == (302, state)


@pytest.mark.parametrize("values", [{}, {"again": "x"}, {"again": "1", "drop": "1"}])
def test_a_button_names_one_message(conversation, client, values):
    assert client.post(page(conversation, "sends/"), values).status_code == 400


def test_a_message_of_another_conversation_is_not_touched(
    world, conversation, client, entry
):
    failed = becomes(entry, "failed", code="131026", state="failed")
    other = make.conversation(
        make.lead(world.workspace),
        conversation.channel,
        last_inbound_at=timezone.now(),
    )

    client.post(page(other, "sends/"), {"again": failed.pk})
    client.post(page(other, "sends/"), {"drop": failed.pk})

    assert promised(world) == [entry]
    entry.refresh_from_db()
    assert entry.state == "failed"


def test_a_failed_text_comes_back_to_be_changed(conversation, client, entry):
    failed = becomes(entry, "failed", code="131026", state="failed")

    shown = client.get(f"{page(conversation)}?edit={failed.pk}").content.decode()

    assert ">Segue o preço</textarea>" in shown


def test_an_open_thread_hears_of_every_change(conversation, client, entry):
    def poll(etag: str = ""):
        headers = {"HX-Request": "true"} | ({"If-None-Match": etag} if etag else {})
        return client.get(page(conversation), {"live": "open-0"}, headers=headers)

    seen = [poll().headers["ETag"]]
    for status, fields in (
        ("queued", {"reason": "connect_failed"}),
        ("sending", {"state": "submitting", "reason": ""}),
        ("accepted", {"state": "accepted"}),
        ("delivered", {}),
        ("failed", {}),
    ):
        becomes(entry, status, **fields)
        answer = poll(seen[-1])
        assert answer.status_code == 200
        seen.append(answer.headers["ETag"])

    assert poll(seen[-1]).status_code == 304
    assert len(set(seen)) == 6
