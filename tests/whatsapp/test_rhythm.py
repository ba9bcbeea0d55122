"""A number that is quiet when it never is: its own weeks, hour by hour, and what ends it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations import gateway
from integrations.models import Channel, Episode, Session
from tests.factories import integrations as make_numbers
from tests.factories import whatsapp as make
from tests.walls import as_app
from whatsapp.models import ChannelHour
from whatsapp.services import silence
from whatsapp.tasks import check_silence

# A Wednesday, half past three in the afternoon.
NOW = datetime(2026, 3, 11, 15, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
OPENING_HOURS = range(9, 19)


@pytest.fixture
def channel(world) -> Channel:
    return make_numbers.channel(world.workspace)


@pytest.fixture
def session(channel) -> Session:
    return make_numbers.session(channel, connected_at=NOW - 26 * WEEK)


def heard(channel, *, until=NOW, weeks=5.0, each=3, hours=OPENING_HOURS, but=()):
    """`each` messages in these hours of every day, up to `until` and without it."""
    last = until.replace(minute=0)
    span = range(1, int(weeks * 7 * 24) + 1)
    rows = [
        ChannelHour(
            workspace=channel.workspace, channel=channel, hour=hour, inbound=each
        )
        for hour in (last - back * HOUR for back in span)
        if hour.hour in hours and hour.date() not in but
    ]
    ChannelHour.objects.bulk_create(rows)


def check(channel, *, now=NOW, zone=UTC):
    with as_app():
        return silence.check(channel.workspace_id, zone=zone, now=now)[channel.pk]


def fresh(session) -> Session:
    found: Session = Session.objects.unscoped("test").get(pk=session.pk)
    return found


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, 30, tzinfo=UTC)


# --- the judgement ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("weeks", "silent"),
    [
        ([], False),
        ([90, 90], False),  # too young
        ([8, 8, 0], True),  # one week may have had a holiday
        ([8, 7, 0], False),
        ([90, 90, 0, 0], False),  # two did not
        ([8, 8, 8, 8], True),
    ],
)
def test_all_weeks_but_the_quietest_had_messages_in_these_hours(weeks, silent):
    assert silence.is_silent(weeks) is silent


def test_a_busy_number_is_missed_after_its_usual_hours(channel, session):
    heard(channel, until=at(11, 12))  # nothing since noon

    assert check(channel, now=at(11, 14)) is None  # six messages are missing, not eight
    since = check(channel, now=at(11, 15))

    assert since == at(11, 12).replace(minute=0)
    after = fresh(session)
    assert (after.state, after.signal, after.silent_since) == (
        "degraded",
        "silence",
        since,
    )
    assert Episode.objects.unscoped("test").get().opened_at == since


def test_a_night_is_quiet_in_every_week(channel, session):
    heard(channel, until=at(10, 19))

    for hour in (21, 23):
        assert check(channel, now=at(10, hour)) is None
    assert check(channel, now=at(11, 8)) is None
    assert check(channel, now=at(11, 13)) is not None
    assert fresh(session).silent_since == at(10, 19).replace(minute=0)


def test_a_number_with_few_messages_is_not_judged_on_hours(channel, session):
    heard(channel, until=at(10, 12), each=1, hours=(10, 16))

    assert check(channel, now=at(11, 15)) is None


@pytest.mark.parametrize(("weeks", "silent"), [(2.5, False), (3.5, True)])
def test_a_young_number_has_no_rhythm_yet(channel, session, weeks, silent):
    heard(channel, until=at(11, 9), weeks=weeks)

    assert (check(channel, now=at(11, 15)) is not None) is silent


@pytest.mark.parametrize("quiet_weeks", [1, 2])
def test_one_holiday_week_changes_nothing_and_two_do(channel, session, quiet_weeks):
    week = {(NOW - (number + 7) * DAY).date() for number in range(-3, 4)}
    weeks = week | {day - 7 * DAY for day in week}
    heard(channel, until=at(11, 9), but=week if quiet_weeks == 1 else weeks)

    assert (check(channel, now=at(11, 15)) is not None) is (quiet_weeks == 1)


def test_a_number_that_was_connected_a_moment_ago_is_missing_nothing(channel, session):
    heard(channel, until=at(10, 12))
    Session.objects.unscoped("test").update(connected_at=at(11, 15) - HOUR / 6)

    assert check(channel, now=at(11, 15)) is None
    assert check(channel, now=at(11, 18)) is None  # six messages since, not eight


def test_what_was_missed_in_an_outage_is_not_missed_again(channel, session):
    heard(channel, until=at(11, 9))
    make_numbers.outage(
        channel, opened_at=at(11, 9), closed_at=at(11, 14), end="recovered"
    )

    assert check(channel, now=at(11, 15)) is None
    assert check(channel, now=at(11, 18)) == at(11, 14)


def test_a_number_that_is_down_is_not_called_silent_too(channel, session):
    heard(channel, until=at(11, 9))
    Session.objects.unscoped("test").update(
        state="disconnected", probe_state="disconnected", probe_since=at(11, 9)
    )

    check(channel, now=at(11, 15))

    assert fresh(session).silent_since is None


@pytest.mark.parametrize(
    ("month", "day", "opens"),
    [(11, 2, 14), (3, 9, 13)],  # the Monday after; at nine, by UTC
)
def test_where_clocks_change_people_write_by_the_clock(
    channel, session, month, day, opens
):
    zone = ZoneInfo("America/New_York")
    monday = datetime(2026, month, day, opens, tzinfo=UTC)
    Session.objects.unscoped("test").update(connected_at=monday - 26 * WEEK)
    rows = [
        ChannelHour(workspace=channel.workspace, channel=channel, hour=hour, inbound=9)
        for hour in (monday - back * HOUR for back in range(1, 36 * 24))
        if hour.astimezone(zone).hour in OPENING_HOURS
    ]
    ChannelHour.objects.bulk_create(rows)

    assert check(channel, now=monday + HOUR / 2, zone=zone) is None
    assert check(channel, now=monday + HOUR * 3 / 2, zone=zone) is not None


# --- how it lasts and ends ----------------------------------------------------------
def test_who_is_silent_for_months_is_not_well_for_lack_of_history(channel, session):
    heard(channel, until=at(11, 9), weeks=8)
    since = check(channel, now=at(11, 15))
    assert since is not None

    for days in (1, 7, 20, 22, 28, 35, 60):
        assert check(channel, now=at(11, 15) + days * DAY) == since

    assert fresh(session).silent_since == since
    assert Episode.objects.unscoped("test").get().closed_at is None


def test_what_is_older_than_the_weeks_before_the_last_message_is_forgotten(
    world, channel, session
):
    quiet = make_numbers.channel(world.workspace)
    stranger = make_numbers.channel(world.other_workspace)
    heard(channel, weeks=9)
    heard(quiet, until=NOW - 12 * WEEK, weeks=9)
    heard(stranger, until=NOW - 12 * WEEK, weeks=9)

    check(channel)

    def first_of(one):
        rows = ChannelHour.objects.unscoped("test").filter(channel=one)
        return rows.earliest("hour").hour

    assert NOW - silence.KEPT - DAY < first_of(channel) < NOW - silence.KEPT + DAY
    kept_from = NOW - 12 * WEEK - silence.KEPT
    assert kept_from - DAY < first_of(quiet) < kept_from + DAY
    assert first_of(stranger) < kept_from - 2 * WEEK


def test_the_next_message_ends_it_whoever_notices_first(world, channel, session):
    heard(channel, until=at(11, 9))
    assert check(channel, now=at(11, 15)) is not None
    talk = make.conversation(make.lead(world.workspace), channel)
    make.message(talk, stored_at=at(11, 16) - HOUR / 4)

    assert check(channel, now=at(11, 17)) is None

    assert fresh(session).silent_since is None
    assert fresh(session).state == "connected"
    assert Episode.objects.unscoped("test").get().end == "recovered"


def test_a_message_that_came_in_ends_it_before_the_next_judgement(channel, session):
    heard(channel, until=at(11, 9))
    check(channel, now=at(11, 15))

    with as_app():
        gateway.note_news(
            gateway.News(signs={channel.pk}), workspace_id=channel.workspace_id
        )

    assert fresh(session).silent_since is None


def test_only_what_people_write_live_is_counted(world, channel, session):
    talk = make.conversation(make.lead(world.workspace), channel)
    make.message(talk, stored_at=at(11, 13))
    make.message(talk, stored_at=at(11, 13) + HOUR / 4)
    make.message(talk, stored_at=at(11, 13), direction="outbound")
    make.message(talk, stored_at=at(11, 13), origin="history")

    for _ in range(2):
        check(channel, now=at(11, 15))

    counted = ChannelHour.objects.unscoped("test").get()
    assert (counted.hour, counted.inbound) == (at(11, 13).replace(minute=0), 2)


def test_the_task_asks_in_every_workspace(world, channel, session):
    other = make_numbers.channel(world.other_workspace)
    theirs = make_numbers.session(other, connected_at=NOW - 26 * WEEK)
    now = datetime.now(UTC)
    for one in (channel, other):
        heard(one, until=now - DAY, hours=range(24))

    with as_app():
        check_silence()

    assert fresh(session).silent_since == fresh(theirs).silent_since is not None


def test_one_workspace_that_cannot_be_judged_stops_no_other(
    world, channel, session, caplog
):
    other = make_numbers.channel(world.other_workspace)
    theirs = make_numbers.session(other, connected_at=NOW - 26 * WEEK)
    heard(other, until=datetime.now(UTC) - DAY, hours=range(24))
    type(world.workspace).objects.filter(pk=world.workspace.pk).update(time_zone="no")

    with as_app():
        check_silence()

    assert fresh(theirs).silent_since is not None
    assert "silence not judged" in caplog.messages
