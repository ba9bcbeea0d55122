"""How long something lasted, written out: for outages, in pages, mails and files."""

from datetime import timedelta

from django.utils.translation import gettext, ngettext


def full(length: timedelta) -> str:
    """In its largest unit, days and hours with the next one beside:
    `2 days and 3 hours`, `45 minutes`, `20 seconds`."""
    seconds = max(0, int(length.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return _joined(_days(days), _hours(hours) if hours else "")
    if hours:
        return _joined(_hours(hours), _minutes(minutes) if minutes else "")
    if minutes:
        return _minutes(minutes)
    told = ngettext("%(count)s second", "%(count)s seconds", seconds)
    return told % {"count": seconds}


def _joined(one: str, other: str) -> str:
    if not other:
        return one
    return gettext("%(one)s and %(other)s") % {"one": one, "other": other}


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}


def _hours(count: int) -> str:
    return ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}


def _minutes(count: int) -> str:
    return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
