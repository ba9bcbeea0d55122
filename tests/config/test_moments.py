"""Times and lengths are written as Django would write them, and as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from config import moments
from tests.config.rendering import rendered

MOMENTS = [
    datetime(2026, 3, 10, 15, 4, 5, 123, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(999, 1, 2, 3, 4, 5, tzinfo=UTC),
]


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
        assert moments.exact(moment).startswith(day)


def test_the_day_is_told_when_it_is_neither_today_nor_yesterday():
    old = timezone.now() - timedelta(days=9)

    with translation.override("en"), timezone.override("UTC"):
        assert moments.list_time(old) == f"{old:%m/%d/%Y}"


def test_a_wait_is_short_long_or_nobodys():
    with translation.override("en"):
        told = [moments.wait(timedelta(seconds=one)) for one in (5, 60, 7200)]

    assert told == ["< 1 min", "1 min", "2 h"]
    assert moments.wait(None) == "–"  # noqa: RUF001  # as pages write nothing
