"""What a view says reaches the reader: on the page, or after a fragment has been swapped."""

from typing import Any

import pytest
from django.contrib import messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpResponse, HttpResponseRedirect
from django_htmx.middleware import HtmxMiddleware

from config.notices import LateNotices
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make


@pytest.fixture
def answer(rf):
    def ask(response, *, says=("Feito <b>.",), headers=None):
        request = rf.get("/", headers=headers or {"HX-Request": "true"})
        request.session = {}
        request._messages = FallbackStorage(request)

        def view(asked):
            for one in says:
                messages.warning(asked, one)
            return response

        answered: Any = HtmxMiddleware(LateNotices(view))(request)
        return answered.content.decode(), len(request._messages._queued_messages)

    return ask


def test_a_fragment_brings_what_its_view_said(answer):
    html, _ = answer(HttpResponse("<ul></ul>"))

    assert html.startswith("<ul></ul>")
    assert 'hx-swap-oob="beforeend:[data-notices]"' in html
    assert '<p role="alert">Feito &lt;b&gt;.</p>' in html


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(status=204),
        HttpResponse(status=304),
        HttpResponseRedirect("/"),
        HttpResponse("{}", content_type="application/json"),
    ],
    ids=["empty", "unchanged", "redirect", "data"],
)
def test_other_answers_leave_it_for_the_next_page(answer, response):
    html, waiting = answer(response)

    assert "data-notice" not in html
    assert waiting == 1


def test_a_silent_fragment_and_a_whole_page_get_nothing_more(answer):
    assert answer(HttpResponse("a"), says=()) == ("a", 0)
    assert answer(HttpResponse("a"), headers={"X": "1"}) == ("a", 1)


def test_a_page_shows_notices_as_banners_that_are_heard(world, signed_in):
    conversation = make.conversation(
        make.lead(world.workspace), make_room_1.channel(world.workspace)
    )
    client = signed_in(world.agent)
    url = f"/w/padaria/conversations/{conversation.key}/"

    good = client.post(url, {"act": "close"}, follow=True).content.decode()
    bad = client.post(
        url, {"act": "assign", "assignee": "x"}, follow=True
    ).content.decode()
    plain = client.get(url).content.decode()

    assert '<p role="status">' in good.split("data-notices>")[1]
    assert '<p role="alert">' in bad
    # Its button needs a script, which shows it.
    assert 'class="notice__close" type="button" hidden' in bad
    assert "data-notices" in plain
    assert "data-notice>" not in plain
