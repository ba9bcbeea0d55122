"""Taking, closing, reopening and reading a conversation: once each, audited, by right."""

import uuid

import pytest

from accounts.models import AuditEvent
from tests.factories import accounts as make_people
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.services import handling


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


@pytest.fixture
def conversation(world, channel):
    return make.conversation(
        make.lead(world.workspace), channel, message_count=3, unread_count=2
    )


def _url(conversation, query=""):
    return f"/w/padaria/conversations/{conversation.key}/{query}"


def _audited(world):
    events = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    return list(events.values_list("action", "target", "details"))


def test_an_agent_takes_a_conversation_once(world, conversation, signed_in):
    client = signed_in(world.agent)

    for _ in range(2):
        answer = client.post(
            _url(conversation, "?tab=mine"), {"act": "assign", "assignee": "me"}
        )

    assert answer.headers["Location"].endswith(f"/{conversation.key}/?tab=mine")
    conversation.refresh_from_db()
    assert conversation.assignee == world.agent
    assert _audited(world) == [
        (
            "conversation.assigned",
            str(conversation.key),
            {"from": None, "to": world.agent.pk},
        )
    ]


def test_a_conversation_is_handed_over_and_let_go(world, conversation, signed_in):
    client = signed_in(world.agent)

    client.post(_url(conversation), {"act": "assign", "assignee": world.owner.pk})
    conversation.refresh_from_db()
    assert conversation.assignee == world.owner
    client.post(_url(conversation), {"act": "assign", "assignee": ""})
    conversation.refresh_from_db()
    assert conversation.assignee is None


@pytest.mark.parametrize("told", ["outsider", "viewer", "0", "-1", "x", "9" * 18])
def test_only_those_who_may_answer_are_given_conversations(
    world, conversation, signed_in, told
):
    viewer = make_people.user(email="viewer@example.com")
    make_people.membership(world.workspace, viewer, role="viewer")
    ids = {"outsider": world.outsider.pk, "viewer": viewer.pk}

    page = signed_in(world.agent).post(
        _url(conversation),
        {"act": "assign", "assignee": ids.get(told, told)},
        follow=True,
    )

    conversation.refresh_from_db()
    assert conversation.assignee is None
    assert "notice--error" in page.content.decode()


def test_closing_and_reopening_happen_once_each(world, conversation, signed_in):
    client = signed_in(world.agent)

    for act in ("close", "close", "reopen", "reopen"):
        client.post(_url(conversation), {"act": act})

    conversation.refresh_from_db()
    assert conversation.state == "open"
    assert [action for action, _, _ in _audited(world)] == [
        "conversation.closed",
        "conversation.reopened",
    ]


def test_reopening_leads_to_the_newer_open_one(world, channel, conversation, signed_in):
    handling.close(conversation, actor=world.agent)
    newer = make.conversation(conversation.lead, channel)

    answer = signed_in(world.agent).post(_url(conversation), {"act": "reopen"})

    assert str(newer.key) in answer.headers["Location"]
    conversation.refresh_from_db()
    assert conversation.state == "closed"


def test_opening_a_page_marks_nothing_and_its_button_does(
    world, conversation, signed_in
):
    client = signed_in(world.agent)

    page = client.get(_url(conversation)).content.decode()
    conversation.refresh_from_db()
    assert conversation.unread_count == 2
    assert "data-marks-read" in page
    client.post(_url(conversation), {"act": "read", "seen": "3"})
    conversation.refresh_from_db()
    assert conversation.unread_count == 0


@pytest.mark.parametrize("seen", ["2", "", "x", "-3", "9" * 30])
def test_what_came_after_the_page_stays_unread(world, conversation, signed_in, seen):
    signed_in(world.agent).post(_url(conversation), {"act": "read", "seen": seen})

    conversation.refresh_from_db()
    assert conversation.unread_count == 2


@pytest.mark.parametrize("act", ["assign", "close", "reopen", "read"])
def test_viewers_look_only(world, conversation, signed_in, act):
    viewer = make_people.user(email="viewer@example.com")
    make_people.membership(world.workspace, viewer, role="viewer")
    client = signed_in(viewer)

    page = client.get(_url(conversation)).content.decode()

    assert 'name="act"' not in page
    assert client.post(_url(conversation), {"act": act}).status_code == 403


def test_an_unknown_act_is_refused_and_foreign_ones_are_not_there(
    world, conversation, signed_in
):
    agent, outsider = signed_in(world.agent), signed_in(world.outsider)
    foreign = f"/w/oficina/conversations/{conversation.key}/"
    missing = f"/w/oficina/conversations/{uuid.uuid4()}/"

    assert agent.post(_url(conversation), {"act": "burn"}).status_code == 400
    assert outsider.post(_url(conversation), {"act": "close"}).status_code == 404
    assert outsider.post(foreign, {"act": "close"}).status_code == 404
    assert outsider.post(missing, {"act": "close"}).status_code == 404
    conversation.refresh_from_db()
    assert conversation.state == "open"


def test_who_comes_second_does_not_take_it_away(world, conversation, signed_in):
    form = {"act": "assign", "assignee": "me", "was": "0"}
    signed_in(world.owner).post(_url(conversation), form)

    page = signed_in(world.agent).post(_url(conversation), form, follow=True)

    conversation.refresh_from_db()
    assert conversation.assignee == world.owner
    html = page.content.decode()
    assert "notice--warning" in html
    assert world.owner.email in html
    assert len(_audited(world)) == 1
    # With the newest page before their eyes they may.
    form["was"] = str(world.owner.pk)
    signed_in(world.agent).post(_url(conversation), form)
    conversation.refresh_from_db()
    assert conversation.assignee == world.agent


def test_the_same_click_twice_is_no_conflict(world, conversation, signed_in):
    client = signed_in(world.agent)
    form = {"act": "assign", "assignee": "me", "was": "0"}

    pages = [client.post(_url(conversation), form, follow=True) for _ in range(2)]

    assert "notice--warning" not in pages[1].content.decode()
    assert len(_audited(world)) == 1


@pytest.mark.parametrize(("act", "state"), [("close", "closed"), ("reopen", "open")])
def test_what_somebody_else_did_already_is_said(
    world, conversation, signed_in, act, state
):
    conversation.state = state
    conversation.save()

    page = signed_in(world.agent).post(_url(conversation), {"act": act}, follow=True)

    assert "notice--info" in page.content.decode()
    assert _audited(world) == []
