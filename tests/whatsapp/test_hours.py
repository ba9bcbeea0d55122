"""Hours on the wall, whatever the clocks do; and the days that are an exception."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp import closed_days, hours
from whatsapp.closed_days import Calendar, NotADay
from whatsapp.hours import DAY, Hours, Overlapping, Unclear

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
WORKDAYS = (OFFICE,) * 5 + ((),) * 2


def never(day: date) -> str | None:
    return None


def office(zone: ZoneInfo = SAO_PAULO, **fields: object) -> Hours:
    values = {"week": WORKDAYS, "closed_on": never} | fields
    return Hours(zone, **values)  # type: ignore[arg-type]  # of a test


def local(text: str, zone: ZoneInfo = SAO_PAULO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("at", "is_open", "opens"),
    [
        ("2026-11-30T08:59", False, "2026-11-30T09:00"),
        ("2026-11-30T09:00", True, None),
        ("2026-11-30T12:00", False, "2026-11-30T13:00"),
        ("2026-11-30T17:59", True, None),
        ("2026-11-30T18:00", False, "2026-12-01T09:00"),
        ("2026-12-04T18:00", False, "2026-12-07T09:00"),
        ("2026-12-05T10:00", False, "2026-12-07T09:00"),
    ],
)
def test_several_spans_a_day(at: str, is_open: bool, opens: str | None) -> None:
    found = office().standing(local(at))

    assert found.is_open is is_open
    if opens is not None:
        assert found.opens_at == local(opens)


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    bar = ((), (), (), (), ((20 * 60, DAY + 180),), ((20 * 60, DAY + 180),), ())
    week = office(week=bar)

    assert week.standing(local("2026-12-05T02:59")).is_open  # still Friday's
    assert not week.standing(local("2026-12-05T03:00")).is_open
    assert week.standing(local("2026-12-06T02:00")).is_open
    assert not week.standing(local("2026-12-07T02:00")).is_open

    no_saturday = office(
        week=bar, closed_on=lambda day: "X" if day == date(2026, 12, 5) else None
    )
    assert no_saturday.standing(local("2026-12-05T02:00")).is_open
    assert not no_saturday.standing(local("2026-12-05T21:00")).is_open
    assert not no_saturday.standing(local("2026-12-06T02:00")).is_open


def test_the_hour_that_is_left_out_and_the_one_that_comes_twice() -> None:
    nights = office(NEW_YORK, week=(((60, 5 * 60),),) * 7)  # one to five

    # 8 March 2026: two o'clock is three o'clock. Three hours long, in fact.
    begins = local("2026-03-08T01:00", NEW_YORK).astimezone(UTC)
    assert nights.standing(begins).is_open
    assert nights.standing(begins + timedelta(hours=2, minutes=59)).is_open
    assert not nights.standing(begins + timedelta(hours=3)).is_open
    # 1 November 2026: one o'clock comes twice. Five hours long.
    begins = local("2026-11-01T01:00", NEW_YORK).astimezone(UTC)
    assert nights.standing(begins).is_open
    assert nights.standing(begins + timedelta(hours=4, minutes=59)).is_open
    assert not nights.standing(begins + timedelta(hours=5)).is_open


def test_nine_is_nine_on_both_sides_of_a_change() -> None:
    shop = office(NEW_YORK, week=(OFFICE,) * 7)

    for day in ("2026-03-07", "2026-03-08", "2026-10-31", "2026-11-01"):
        assert shop.standing(local(f"{day}T09:00", NEW_YORK)).is_open
        assert not shop.standing(local(f"{day}T08:59", NEW_YORK)).is_open
    found = shop.standing(local("2026-03-07T20:00", NEW_YORK)).opens_at
    assert found is not None
    assert (found.hour, found.utcoffset()) == (9, timedelta(hours=-4))


def test_a_holiday_is_named_and_passed_over() -> None:
    found = office(closed_on=Calendar(place="BR").closed_on(unnamed="-")).standing(
        local("2026-12-25T10:00")
    )

    assert (found.is_open, found.holiday) == (False, "Natal")
    assert found.opens_at == local("2026-12-28T09:00")


def test_who_never_opens_has_no_next_opening() -> None:
    assert office(week=hours.NEVER).standing(local("2026-12-01T10:00")).opens_at is None
    always_closed = office(closed_on=lambda day: "Closed for good")
    assert always_closed.standing(local("2026-12-01T10:00")).opens_at is None


def test_around_the_clock_is_never_closed() -> None:
    always = office(week=(((0, DAY),),) * 7)
    start = local("2026-10-30T00:00", NEW_YORK)

    assert all(
        always.standing(start + timedelta(minutes=17 * step)).is_open
        for step in range(500)
    )


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("9-12, 13:30-18h", "09:00\u201312:00, 13:30\u201318:00"),
        ("8h30-12h e 13h30-18h", "08:30\u201312:00, 13:30\u201318:00"),
        ("das 9 às 18", "09:00\u201318:00"),
        ("9 AM to 5 pm", "09:00\u201317:00"),
        ("12am-12pm", "00:00\u201312:00"),
        ("22:00\u201302:00", "22:00\u201302:00"),
        ("24h", "00:00\u201324:00"),
        ("Fechado", ""),
        ("  ", ""),
    ],
)
def test_hours_are_read_as_people_type_them(typed: str, shown: str) -> None:
    spans = hours.read_day(typed)

    assert hours.write_day(spans) == shown
    assert hours.read_day(shown) == spans


@pytest.mark.parametrize(
    "typed", ["9-", "25-26", "9-12-13", "9:75-10", "nove", "9h 18x"]
)
def test_what_are_no_hours_is_said(typed: str) -> None:
    with pytest.raises(Unclear):
        hours.read_day(typed)


def test_spans_of_a_day_do_not_overlap() -> None:
    with pytest.raises(Overlapping):
        hours.read_day("9-18, 17-19")


@given(st.text(max_size=80))
def test_any_text_is_hours_or_refused(typed: str) -> None:
    try:
        spans = hours.read_day(typed)
    except Unclear:
        return
    assert all(0 <= begin < end <= begin + DAY for begin, end in spans)


@given(st.integers(min_value=0, max_value=2 * 365 * DAY))
def test_the_next_opening_is_open_and_the_moment_before_is_not(minutes: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    shop = office(NEW_YORK, closed_on=Calendar(place="US").closed_on(unnamed="-"))
    found = shop.standing(at)

    if not found.is_open:
        assert found.opens_at is not None
        assert found.opens_at > at
        assert shop.standing(found.opens_at).is_open
        assert not shop.standing(found.opens_at - timedelta(seconds=1)).is_open


# --- days ------------------------------------------------------------------------------
def test_a_state_has_holidays_of_its_own() -> None:
    day = date(2026, 7, 9)

    assert Calendar(place="BR-SP").holiday(day) is not None
    assert Calendar(place="BR-RJ").holiday(day) is None
    assert Calendar().holiday(date(2026, 12, 25)) is None
    assert Calendar(place="ZZ-9").holiday(date(2026, 12, 25)) is None


def test_optional_days_are_kept_only_where_one_wants() -> None:
    carnival = date(2026, 2, 17)

    assert Calendar(place="BR").holiday(carnival) is None
    assert Calendar(place="BR", with_optional=True).holiday(carnival) is not None


def test_own_days_come_before_the_calendar() -> None:
    calendar = Calendar(
        place="BR",
        closed_days=tuple(closed_days.read_days("24/12 Recesso\n2026-06-05")),
        open_days=tuple(closed_days.read_days("20/11")),
    )
    name_of = calendar.closed_on(unnamed="closed")

    assert name_of(date(2031, 12, 24)) == "Recesso"
    assert name_of(date(2026, 6, 5)) == "closed"
    assert name_of(date(2027, 6, 5)) is None
    assert name_of(date(2026, 11, 20)) is None
    assert name_of(date(2026, 12, 25)) == "Natal"


def test_days_are_written_as_they_are_read() -> None:
    typed = "24/12 Recesso de fim de ano\n05/06/2026"

    days = closed_days.read_days(typed)

    assert closed_days.write_days(days) == typed
    assert closed_days.of_stored(closed_days.stored(days)) == days


@pytest.mark.parametrize("line", ["31/02", "amanhã", "2026-13-01", "12/24/2026"])
def test_what_is_no_day_is_named(line: str) -> None:
    with pytest.raises(NotADay) as caught:
        closed_days.read_days(f"24/12\n{line}")

    assert caught.value.line == line


def test_states_are_offered_by_name() -> None:
    assert ("SP", "São Paulo") in closed_days.subdivisions("BR")
    assert all(code for code, _ in closed_days.subdivisions("BR"))
