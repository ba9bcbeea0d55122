"""Moments and lengths of time as pages write them: filters, which `config.ui` takes in."""

from datetime import datetime, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, gettext, gettext_noop, ngettext

from whatsapp import windows

# Django's Portuguese catalogue writes months with a capital letter, Brazilians do not; our
# catalogue comes first.
_MONTHS = (
    gettext_noop("January"),
    gettext_noop("February"),
    gettext_noop("March"),
    gettext_noop("April"),
    gettext_noop("May"),
    gettext_noop("June"),
    gettext_noop("July"),
    gettext_noop("August"),
    gettext_noop("September"),
    gettext_noop("October"),
    gettext_noop("November"),
    gettext_noop("December"),
)
# Formats of Django that strftime knows by another letter.
_LETTERS = {
    "d": "%d",
    "m": "%m",
    "Y": "%Y",
    "H": "%H",
    "g": "%-I",
    "i": "%M",
    "A": "%p",
}


def _written(local: datetime, name: str) -> str:
    """As `date_format`, at a tenth of its cost where strftime can write it."""
    pattern = _pattern(name, get_language())
    if pattern is None or local.year < 1000:  # strftime does not fill years up
        return date_format(local, name)
    return local.strftime(pattern)


@lru_cache
def _pattern(name: str, language: str | None) -> str | None:
    letters = get_format(name, language)
    if any((one.isalpha() and one not in _LETTERS) or one == "\\" for one in letters):
        return None
    return "".join(_LETTERS.get(one, one) for one in letters)


def iso(moment: datetime) -> str:
    """What a `datetime` attribute holds."""
    return timezone.localtime(moment).isoformat()


def iso_day(moment: datetime) -> str:
    return timezone.localtime(moment).date().isoformat()


def clock(moment: datetime) -> str:
    return _written(timezone.localtime(moment), "TIME_FORMAT")


def list_time(moment: datetime) -> str:
    """The hour today, then the day: what a list has room for."""
    local, now = timezone.localtime(moment), timezone.localtime()
    if local.date() == now.date():
        return _written(local, "TIME_FORMAT")
    if local.date() == now.date() - timedelta(days=1):
        return gettext("Yesterday")
    return _written(local, "SHORT_DATE_FORMAT")


def day_name(moment: datetime) -> str:
    local, now = timezone.localtime(moment), timezone.localtime()
    if local.date() == now.date():
        return gettext("Today")
    if local.date() == now.date() - timedelta(days=1):
        return gettext("Yesterday")
    return date_format(local, "DATE_FORMAT")


def service_window(last_inbound_at: datetime | None) -> windows.Window:
    """The 24 hours after the person's last message, as they stand now."""
    return windows.window_of(last_inbound_at, now=timezone.now())


def span(length: timedelta) -> str:
    """A length in its largest unit, short: `45 min`, `3 h`, `2 days`."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return gettext("%(count)s min") % {"count": minutes}
    if minutes < 48 * 60:
        return gettext("%(count)s h") % {"count": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def wait(length: timedelta | None) -> str:
    """As `span`, of a wait that may be shorter than its least unit, or that nobody had."""
    if length is None:
        return "–"  # noqa: RUF001  # as pages write nothing
    return gettext("< 1 min") if length < timedelta(minutes=1) else span(length)


def between(end: datetime, begin: datetime) -> str:
    """How long it was from `begin` to `end`, short."""
    return span(end - begin)


def time_since(moment: datetime) -> str:
    return span(timezone.now() - moment)


def exact(moment: datetime) -> str:
    """To the second, with the zone of the workspace: what a hover over a time shows."""
    local = timezone.localtime(moment)
    offset = local.isoformat()[-6:]
    day = _written(local, "SHORT_DATE_FORMAT")
    return f"{day} {seconds(moment)} UTC{offset if offset != '+00:00' else ''}"


def seconds(moment: datetime) -> str:
    """The time of day to the second, as the reader's language writes it."""
    local, pattern = timezone.localtime(moment), _pattern("TIME_FORMAT", get_language())
    if pattern is None:
        return date_format(local, get_format("TIME_FORMAT").replace("i", "i:s"))
    return local.strftime(pattern.replace("%M", "%M:%S"))
