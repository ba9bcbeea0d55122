"""Filters and tags of pages that are written for speed say what Django's own would say."""

import re
import uuid

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString

from config import ui
from tests.config.rendering import rendered


def test_a_safe_text_and_an_equal_one_that_is_not_are_rendered_apart():
    attack = "<b>bold</b>"

    safe = rendered('{% component "badge" label=label %}', label=SafeString(attack))
    other = rendered('{% component "badge" label=label %}', label=attack)

    assert attack in safe
    assert attack not in other
    assert "&lt;b&gt;bold&lt;/b&gt;" in other


def test_a_component_is_kept_for_each_language():
    seen: dict[str, set[str]] = {}
    for language in ("pt-br", "en", "pt-br"):
        with translation.override(language):
            seen.setdefault(language, set()).add(
                rendered('{% component "status_tick" status="failed" %}')
            )

    assert [len(one) for one in seen.values()] == [1, 1]
    assert seen["pt-br"] != seen["en"]


def test_a_long_text_is_cut_as_truncatechars_cuts_it():
    for text in ("curto", "x" * 80, "x" * 81, "e\u0301" * 80):
        ours = rendered("{{ text|shortened:80 }}", text=text)
        assert ours == rendered("{{ text|truncatechars:80 }}", text=text)


def test_the_address_of_a_conversation_is_the_one_of_the_url_table():
    key = uuid.uuid4()
    values = {"workspace_slug": "padaria", "key": key}

    assert ui.conversation_url(key, "padaria") == reverse(
        "whatsapp:conversation-detail", kwargs=values
    )


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("", "home"),
        ("tickets/", "tickets"),
        ("clients/", "clients"),
        ("settings/opt-out/", "settings"),
        ("settings/tokens/", "settings"),
        ("conversations/first-answers/", "conversations"),
        ("integrations/whatsapp/alerts/", "numbers"),
    ],
)
def test_the_navigation_shows_where_a_page_stands(world, signed_in, path, section):
    page = signed_in(world.owner).get(f"/w/padaria/{path}")

    assert page.status_code == 200, path
    nav = page.content.decode().partition('<nav class="nav"')[2].partition("</nav>")[0]
    current = re.findall(r'href="([^"]+)" aria-current="(?:page|true)"', nav)
    place = {"home": "", "numbers": "integrations/whatsapp"}.get(section, section)
    assert current == [f"/w/padaria/{place}/" if place else "/w/padaria/"]
