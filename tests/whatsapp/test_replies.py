"""Answers: checked before anything is promised, sent once, refused with a reason."""

import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Channel, Integration
from integrations.providers.base.outgoing import Text
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import (
    Conversation,
    Message,
    OptOutScope,
    OutboxEntry,
)
from whatsapp.selectors import recipients
from whatsapp.services import handling, opt_outs, pauses, replies

HOUR = timedelta(hours=1)
HTMX = {"HX-Request": "true"}
WROTE = "5511987654321"


@pytest.fixture
def conversation(world):
    """Ana wrote an hour ago, to a number that is connected."""
    number = make_room_1.sandbox_number(world.workspace, state="connected")
    return talk_on(number)


def talk_on(number: Channel, *, heard: timedelta = HOUR) -> Conversation:
    lead = make.lead(number.workspace)
    make.identity(lead, kind="wa_id", value=WROTE)
    at = timezone.now() - heard
    talk = make.conversation(lead, number, last_inbound_at=at)
    make.message(talk, peer_key=f"p:{WROTE}", external_id="in-1", provider_at=at)
    return talk


def waha_number(workspace: Any) -> Channel:
    """Of a gateway that knows no window."""
    return make_room_1.channel(
        workspace,
        provider="waha",
        state="connected",
        integration=make_room_1.integration(workspace, provider="waha"),
    )


def page(talk: Conversation, act: str = "") -> str:
    return f"/w/padaria/conversations/{talk.key}/{act}"


def send(client: Client, talk: Conversation, text: str = "Bom dia", **fields: Any):
    headers = fields.pop("headers", {})
    values = {"text": text, "draft": str(uuid.uuid4())} | fields
    return client.post(page(talk, "reply/"), values, headers=headers)


def promised(world) -> list[OutboxEntry]:
    return list(OutboxEntry.objects.for_workspace(world.workspace).order_by("pk"))


def words(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def field(answer: Any) -> str:
    found = re.search(
        r"<textarea[^>]*>(.*?)</textarea>", answer.content.decode(), re.DOTALL
    )
    return unescape(found[1]).removeprefix("\n") if found else ""


def test_an_answer_is_promised_to_the_person_who_wrote(world, conversation, signed_in):
    answer = send(signed_in(world.agent), conversation, "Bom dia!\r\nTudo bem? 😀")

    assert answer.status_code == 302
    assert answer["Location"].endswith(f"{conversation.key}/#latest")
    [entry] = promised(world)
    assert entry.payload["recipient"]["wa_id"] == WROTE
    assert entry.payload["content"]["body"] == "Bom dia!\nTudo bem? 😀"
    message = Message.objects.for_workspace(world.workspace).get(pk=entry.message_id)
    assert (message.status, message.author) == ("queued", world.agent)


def test_a_form_that_is_sent_twice_is_one_message(world, conversation, signed_in):
    client, draft = signed_in(world.agent), str(uuid.uuid4())

    first = send(client, conversation, draft=draft)
    second = send(client, conversation, draft=draft)

    assert (first.status_code, second.status_code) == (302, 302)
    assert len(promised(world)) == 1


def test_a_form_sent_again_with_another_text_is_no_second_time(
    world, conversation, signed_in
):
    client, draft = signed_in(world.agent), str(uuid.uuid4())
    send(client, conversation, "Uma", draft=draft)

    again = send(client, conversation, "Duas", draft=draft)

    assert again.status_code == 422
    assert field(again) == "Duas"
    assert len(promised(world)) == 1
    fresh = re.search(r'name="draft" value="([^"]+)"', again.content.decode())
    assert fresh is not None
    assert fresh[1] != draft


def _close_window(talk: Conversation) -> None:
    talk.last_inbound_at = timezone.now() - timedelta(hours=24, seconds=1)
    talk.save()


def _disconnect(talk: Conversation) -> None:
    talk.channel.state = "disconnected"
    talk.channel.save()


def _remove(talk: Conversation) -> None:
    talk.channel.integration = None
    talk.channel.is_active = False
    talk.channel.save()


def _pause_account(talk: Conversation) -> None:
    Integration.objects.for_workspace(talk.workspace).update(status="paused")


def _fail_last(talk: Conversation) -> None:
    make.message(
        talk,
        direction="outbound",
        status="failed",
        error_code="131026",
        provider_at=timezone.now(),
    )


def _forget(talk: Conversation) -> None:
    talk.lead.identities.all().delete()


@pytest.mark.parametrize(
    ("text", "change", "told"),
    [
        ("", None, "Write a message first."),
        (" \n\t ", None, "Write a message first."),
        ("x" * 4097, None, "longer than 4096 characters"),
        ("Oi", _close_window, "24 hours have passed"),
        ("Oi", _disconnect, "This number is disconnected"),
        ("Oi", _remove, "not connected any more"),
        ("Oi", _pause_account, "paused"),
        ("Oi", _fail_last, "did not reach them"),
        ("Oi", _forget, "Nothing is known of this person"),
    ],
    ids=["empty", "blank", "long", "window", "down", "gone", "paused", "reach", "who"],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_what_cannot_be_sent_is_refused_with_the_reason(
    world, conversation, signed_in, text, change, told, headers
):
    world.agent.language = "en"
    world.agent.save()
    if change:
        change(conversation)

    answer = send(signed_in(world.agent), conversation, text, headers=headers)

    assert answer.status_code == 422
    assert told in words(answer)
    assert promised(world) == []
    assert ("<main" in answer.content.decode()) == (not headers)
    assert text.strip() in answer.content.decode()


def test_a_paused_number_takes_no_answer(world, conversation, signed_in):
    pauses.pause(conversation.channel, actor=world.owner, now=timezone.now())
    client = signed_in(world.agent)

    answer = send(client, conversation)

    assert answer.status_code == 422
    assert promised(world) == []
    assert "<textarea" not in client.get(page(conversation)).content.decode()


def test_who_wants_silence_is_answered_and_not_written_to(world, signed_in):
    number = waha_number(world.workspace)
    talk = talk_on(number, heard=timedelta(hours=30))
    opt_outs.note(
        world.workspace.pk,
        peer_key=f"p:{WROTE}",
        scope=OptOutScope.ALL,
        source="test",
        now=timezone.now(),
    )
    client = signed_in(world.agent)

    assert send(client, talk).status_code == 422
    assert promised(world) == []
    talk.last_inbound_at = timezone.now()
    talk.save()
    assert send(client, talk).status_code == 302


def test_a_gateway_without_a_window_shows_none(world, signed_in):
    world.agent.language = "en"
    world.agent.save()
    talk = talk_on(waha_number(world.workspace), heard=timedelta(days=3))

    shown = signed_in(world.agent).get(page(talk)).content.decode()

    assert "data-window" not in shown
    assert "Window closed" not in shown  # in the list beside
    assert "<textarea" in shown


def test_in_a_closed_window_nothing_is_picked_and_a_template_is_offered(
    world, conversation, signed_in
):
    _close_window(conversation)

    shown = signed_in(world.agent).get(page(conversation)).content.decode()

    assert "composer__closed" in shown
    assert "<textarea" not in shown
    assert "message__act" not in shown


def test_a_viewer_reads_and_does_not_answer(world, conversation, signed_in):
    viewer = make_room_0.user(email="viewer@example.com")
    make_room_0.membership(world.workspace, viewer, role="viewer")
    client = signed_in(viewer)

    shown = client.get(page(conversation)).content.decode()

    assert 'id="composer"' not in shown
    assert "message__act" not in shown
    assert send(client, conversation).status_code == 403
    assert client.post(page(conversation, "sends/"), {"again": 1}).status_code == 403
    assert promised(world) == []


def test_nobody_answers_for_another_workspace(world, conversation, signed_in):
    client = signed_in(world.outsider)
    assert send(client, conversation).status_code == 404
    own = f"/w/oficina/conversations/{conversation.key}/reply/"
    assert client.post(own, {"text": "Oi"}).status_code == 404
    assert promised(world) == []


def test_an_answer_quotes_a_message_of_its_conversation(world, conversation, signed_in):
    client = signed_in(world.agent)
    asked = Message.objects.for_workspace(world.workspace).get(external_id="in-1")
    elsewhere = make.conversation(make.lead(world.workspace), conversation.channel)
    foreign = make.message(elsewhere, external_id="in-2")

    assert (
        'name="reply_to"'
        in client.get(f"{page(conversation)}?reply={asked.pk}").content.decode()
    )
    send(client, conversation, reply_to=asked.pk)
    refused = send(client, conversation, reply_to=foreign.pk)

    [entry] = promised(world)
    assert entry.payload["reply_to"]["external_id"] == "in-1"
    assert refused.status_code == 422


def test_a_reaction_is_sent_and_taken_back(world, conversation, signed_in):
    client = signed_in(world.agent)
    target = Message.objects.for_workspace(world.workspace).get(external_id="in-1")

    def react(emoji: str):
        values = {"react": emoji, "target": target.pk, "draft": str(uuid.uuid4())}
        return client.post(page(conversation, "reply/"), values)

    answer = react("❤️")
    shown = client.get(f"{page(conversation)}?react={target.pk}").content.decode()
    react("")

    assert answer["Location"].endswith(f"#message-{target.pk}")
    assert 'value="❤️" aria-pressed="true"' in shown
    assert [entry.payload["content"].get("emoji", "") for entry in promised(world)] == [
        "❤️",
        "",
    ]
    assert react("<b>").status_code == 400
    assert len(promised(world)) == 2


def test_a_reaction_that_failed_is_not_shown_as_one(world, conversation, signed_in):
    client = signed_in(world.agent)
    target = Message.objects.for_workspace(world.workspace).get(external_id="in-1")
    values = {"react": "😂", "target": target.pk, "draft": str(uuid.uuid4())}
    client.post(page(conversation, "reply/"), values)
    assert "message__reaction" in client.get(page(conversation)).content.decode()

    Message.objects.for_workspace(world.workspace).filter(kind="reaction").update(
        status="failed", error_code="131047"
    )

    shown = client.get(page(conversation)).content.decode()
    assert "message__reaction" not in shown
    assert "message__outcome--failed" in shown


def test_an_answer_reopens_the_conversation(world, conversation, signed_in):
    handling.close(conversation, actor=world.owner)

    send(signed_in(world.agent), conversation)

    conversation.refresh_from_db()
    assert conversation.state == "open"


def test_an_answer_goes_to_the_conversation_that_is_open(
    world, conversation, signed_in
):
    handling.close(conversation, actor=world.owner)
    make.conversation(conversation.lead, conversation.channel)

    answer = send(signed_in(world.agent), conversation)

    assert answer.status_code == 422
    assert promised(world) == []


def test_an_earlier_conversation_keeps_the_window_open(world, conversation):
    handling.close(conversation, actor=world.owner)
    later = make.conversation(
        conversation.lead, conversation.channel, last_inbound_at=None
    )

    told = replies.reply(
        later,
        [Text("Oi")],
        draft_key=uuid.uuid4(),
        actor=world.agent,
        now=timezone.now(),
    )

    assert len(told) == 1


def test_several_contents_are_promised_in_order_or_not_at_all(world, conversation):
    values: dict[str, Any] = {"actor": world.agent, "now": timezone.now()}

    with pytest.raises(replies.ReplyRefused) as refused:
        replies.reply(
            conversation,
            [Text("Uma"), Text("x" * 5000)],
            draft_key=uuid.uuid4(),
            **values,
        )
    told = replies.reply(
        conversation, [Text("Uma"), Text("Duas")], draft_key=uuid.uuid4(), **values
    )

    assert (refused.value.field, refused.value.place) == ("text", 1)
    assert [entry.message_id for entry in promised(world)] == [
        one.message_id for one in told
    ]


def test_an_answer_goes_to_the_number_that_wrote(world, conversation):
    """The lead has another number too, since two people were merged into one."""
    make.identity(
        conversation.lead,
        kind="wa_id",
        value="5521900000000",
        last_seen_at=timezone.now(),
    )
    make.identity(conversation.lead, kind="bsuid", value="BR.9", match_key="b:BR.9")

    told = recipients.party_of(conversation)

    assert told is not None
    assert (told.wa_id, told.bsuid) == (WROTE, None)


def test_an_answer_names_the_person_by_all_we_know(world, conversation):
    make.identity(conversation.lead, kind="bsuid", value="BR.9", match_key="b:BR.9")

    told = recipients.party_of(conversation)

    assert told is not None
    assert (told.wa_id, told.bsuid) == (WROTE, "BR.9")


def test_without_a_page_load_the_form_comes_back_empty(world, conversation, signed_in):
    answer = send(signed_in(world.agent), conversation, headers=HTMX)

    assert answer.status_code == 200
    assert field(answer) == ""
    assert "<main" not in answer.content.decode()


def test_the_list_beside_stays_as_it_was_asked_for(world, conversation, signed_in):
    client = signed_in(world.agent)
    values = {"text": "Oi", "draft": str(uuid.uuid4())}

    answer = client.post(
        f"{page(conversation, 'reply/')}?tab=mine&reply=7&earlier=x", values
    )

    assert answer["Location"].endswith(f"{conversation.key}/?tab=mine#latest")
    assert client.get(page(conversation, "reply/") + "?reply=7")["Location"].endswith(
        f"{conversation.key}/?reply=7#composer"
    )
