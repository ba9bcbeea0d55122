"""An open thread asks whether something is new: cheaply, and told only when it is."""

from datetime import timedelta

import pytest

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def conversation(world):
    channel = make_room_1.channel(world.workspace, display_name="Vendas")
    lead = make.lead(world.workspace, name="Ana Lima")
    make.identity(lead)
    conversation = make.conversation(lead, channel)
    make.message(conversation, text="Oi", external_id="m1")
    return conversation


@pytest.fixture
def poll(world, conversation, signed_in):
    client = signed_in(world.agent)

    def ask(etag="", *, live="open-0", client=client, slug="padaria"):
        headers = HTMX | ({"If-None-Match": etag} if etag else {})
        url = f"/w/{slug}/conversations/{conversation.key}/"
        return client.get(url, {"live": live}, headers=headers)

    return ask


def _later(minutes=1):
    return make.NOON + timedelta(minutes=minutes)


def test_nothing_new_is_304_without_a_body(poll):
    first = poll()
    again = poll(first.headers["ETag"])

    assert first.status_code == 200
    assert "Oi" in first.content.decode()
    assert "<main" not in first.content.decode()
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_poll_without_news_reads_little(poll, django_assert_num_queries):
    etag = poll().headers["ETag"]

    with django_assert_num_queries(5):  # session, person, memberships, then 2
        poll(etag)


def _arrives(conversation):
    make.message(conversation, text="Ainda tem?", provider_at=_later())


def _is_read(conversation):
    conversation.messages.filter(external_id="m1").update(
        status="read", status_at=_later()
    )


def _reacts(conversation):
    make.message(
        conversation, kind="reaction", text="❤️", target_id="m1", provider_at=_later()
    )


def _edits(conversation):
    make.message(
        conversation, kind="edit", text="Olá!", target_id="m1", provider_at=_later()
    )


def _fetches(conversation):
    [message] = conversation.messages.all()
    make.media(message, state="stored")


@pytest.mark.parametrize(
    ("happens", "shown"),
    [
        (_arrives, "Ainda tem?"),
        (_is_read, "status-tick--read"),
        (_reacts, "❤️"),
        (_edits, "Olá!"),
        (_fetches, "media--document"),
    ],
)
def test_what_changes_the_page_changes_the_answer(
    world, conversation, poll, happens, shown
):
    conversation.messages.update(direction="outbound")
    before = poll()
    happens(conversation)

    after = poll(before.headers["ETag"])

    assert shown not in before.content.decode()
    assert after.status_code == 200
    assert shown in after.content.decode()


def test_every_bubble_and_day_can_be_told_apart_in_page_and_poll(
    world, conversation, poll, signed_in
):
    second = make.message(conversation, text="2", provider_at=_later(60 * 24))
    url = f"/w/padaria/conversations/{conversation.key}/"

    page = signed_in(world.agent).get(url).content.decode()

    for html in (page, poll().content.decode()):
        assert f'id="message-{second.pk}"' in html
        assert 'id="day-2026-03-10"' in html
        assert 'id="day-2026-03-11"' in html
    assert 'data-live-thread="open-0"' in page
    assert 'role="log" aria-live="polite"' in page


def test_who_closed_or_took_it_meanwhile_is_told(world, conversation, poll):
    etag = poll().headers["ETag"]
    conversation.assignee = world.owner
    conversation.save()

    taken = poll(etag).content.decode()
    conversation.state = "closed"
    conversation.save()
    closed = poll(etag).content.decode()
    seen = poll(etag, live=f"closed-{world.owner.pk}").content.decode()

    assert "owner@example.com" in taken
    assert "data-thread-moved" in taken
    assert "data-thread-moved" in closed
    assert taken != closed
    assert "data-thread-moved" not in seen


def test_what_arrived_before_the_eyes_can_be_marked_as_read(conversation, poll):
    assert "data-marks-read" not in poll().content.decode()
    conversation.unread_count, conversation.message_count = 1, 7
    conversation.save()

    html = poll().content.decode()

    assert "data-marks-read" in html
    assert 'name="seen" value="7"' in html


def test_earlier_pages_do_not_poll_and_without_htmx_it_is_the_page(
    world, conversation, signed_in
):
    client = signed_in(world.agent)
    url = f"/w/padaria/conversations/{conversation.key}/"

    assert (
        "data-live-thread" not in client.get(url, {"earlier": "1-1"}).content.decode()
    )
    assert "<main" in client.get(url, {"live": "open-0"}).content.decode()


def test_outsiders_poll_nothing(world, poll, signed_in):
    outsider = signed_in(world.outsider)

    assert poll(client=outsider).status_code == 404
    assert poll(client=outsider, slug="oficina").status_code == 404


@pytest.mark.parametrize("live", ["", "x", "\0", "9" * 2000])
def test_a_strange_question_gets_an_answer(poll, live):
    assert poll(live=live).status_code == 200


def test_the_list_tells_news_once(world, conversation, signed_in):
    client = signed_in(world.agent)
    url = "/w/padaria/conversations/"

    def news(**query):
        return client.get(url, {"after": "0-0", **query}, headers=HTMX)

    first = news()
    assert first.status_code == 200
    assert 'name="shown" value="1"' in first.content.decode()
    assert news(shown="1").status_code == 204
    assert news(tab="closed").status_code == 204
    # What was told is taken back when it is no longer so.
    back = news(tab="closed", shown="1")
    assert back.status_code == 200
    assert "arrivals__link" not in back.content.decode()
