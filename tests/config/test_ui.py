"""Filters and tags of pages that are written for speed say what Django's own would say."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.template import engines
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from config import ui

MOMENTS = [
    datetime(2026, 3, 10, 15, 4, 5, 123, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(999, 1, 2, 3, 4, 5, tzinfo=UTC),
]


def rendered(source, **values):
    return engines["django"].from_string("{% load ui %}" + source).render(values)


@pytest.mark.parametrize("language", ["pt-br", "en"])
@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "UTC"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_times_are_written_as_django_writes_them(moment, zone, language):
    to_the_second = {"pt-br": "H:i:s", "en": "g:i:s A"}[language]
    with translation.override(language), timezone.override(zone):
        pairs = [
            ("{{ moment|iso }}", "{{ moment|date:'c' }}"),
            ("{{ moment|iso_day }}", "{{ moment|date:'Y-m-d' }}"),
            ("{{ moment|clock }}", "{{ moment|date:'TIME_FORMAT' }}"),
            ("{{ moment|seconds }}", f"{{{{ moment|date:'{to_the_second}' }}}}"),
        ]
        for ours, theirs in pairs:
            assert rendered(ours, moment=moment) == rendered(theirs, moment=moment)
        day = date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")
        assert ui.exact(moment).startswith(day)


def test_the_day_is_told_when_it_is_neither_today_nor_yesterday():
    old = timezone.now() - timedelta(days=9)

    with translation.override("en"), timezone.override("UTC"):
        assert ui.list_time(old) == f"{old:%m/%d/%Y}"


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


def test_a_wait_is_short_long_or_nobodys():
    with translation.override("en"):
        told = [ui.wait(timedelta(seconds=one)) for one in (5, 60, 7200)]

    assert told == ["< 1 min", "1 min", "2 h"]
    assert ui.wait(None) == "–"  # noqa: RUF001  # as pages write nothing
