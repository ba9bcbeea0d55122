"""The figures of the home page: what they count, and that each opens exactly its rows."""

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts import spreadsheets
from accounts.models import AuditEvent
from tests import walls
from tests.factories import accounts as make_people
from tests.factories import integrations as make_numbers
from tests.factories import tickets as make_tickets
from tests.factories import whatsapp as make
from tests.factories.whatsapp import NOON
from tickets.models import TicketStatus
from whatsapp.selectors import activity, first_answers

HOME, CSV = "/w/padaria/", "/w/padaria/figures.csv"
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_COUNT = re.compile(r'class="count" href="([^"]+)"[^>]*>([\d.,]+)</a>')


@pytest.fixture
def channel(world):
    return make_numbers.meta_number(world.workspace)


@pytest.fixture
def month(world, channel):
    """A March with messages, sends, leads and tickets, a February, and a foreign shop."""
    shop(world.workspace, channel, at=NOON)
    shop(world.workspace, channel, at=NOON - 20 * DAY, people=1)
    other = make_numbers.channel(world.other_workspace, phone="+5511900000000")
    talk(other, at=NOON, waited=MINUTE)
    make.send(other, at=NOON)
    make_tickets.ticket(world.other_workspace, first_response_at=NOON + MINUTE)


def shop(workspace, channel, *, at, people=3):
    for place in range(people):
        talk(
            channel,
            at=at + place * DAY,
            waited=[10 * MINUTE, 2 * HOUR, None][place],
            source=["instagram", "", None][place],
        )
        state, reason = [("accepted", ""), ("failed", "131047"), ("due", "paused")][
            place
        ]
        make.send(channel, at=at + place * HOUR, state=state, reason=reason)
        number = at.month * 100 + place
        make_tickets.ticket(
            workspace,
            number=number,
            status=["open", "resolved", "closed"][place],
            created_at=at - place * DAY,
            first_response_at=[at + HOUR, at + 3 * HOUR, None][place],
            resolved_at=[None, at + DAY, at + 2 * DAY][place],
        )


def talk(channel, *, at, waited, source=None):
    lead = make.lead(channel.workspace, created_at=at)
    touch = None if source is None else make.touch(lead, utm_source=source)
    make.attribution(lead, touch=touch)
    thread = make.conversation(
        lead,
        channel,
        created_at=at,
        first_inbound_at=at,
        answered_at=at + waited if waited else None,
        last_message_at=at,
    )
    make.message(thread, provider_at=at)
    make.message(thread, provider_at=at + MINUTE, kind="reaction")
    if waited:
        make.message(thread, provider_at=at + waited, direction="outbound")
    return thread


def figures(client, **asked):
    return client.get(HOME, asked or MARCH).context


def test_each_figure_is_of_the_period_and_of_this_workspace(month, world, signed_in):
    told = figures(signed_in(world.agent))

    counted = [told["traffic"]["received"], told["traffic"]["sent"]]
    assert [(one.count, one.earlier) for one in counted] == [(6, 2), (5, 2)]
    answers = told["answers"]
    assert (answers["begun"].count, answers["begun"].earlier) == (3, 1)
    assert (answers["unanswered"].count, answers["unanswered"].earlier) == (1, 0)
    waits = answers["answered"].waits
    assert (waits.number, waits.mean, waits.median) == (2, 65 * MINUTE, 65 * MINUTE)
    assert waits.most == 109 * MINUTE
    assert answers["answered"].earlier_median == 10 * MINUTE
    assert (told["sends"]["total"].count, told["sends"]["total"].earlier) == (3, 1)
    assert {(one.note, one.count) for one in told["sends"]["reasons"]} == {
        ("131047", 1),
        ("paused", 1),
    }
    leads = told["leads"]
    assert [leads[name].count for name in ("every", "found", "without")] == [3, 2, 1]
    assert [leads[name].earlier for name in ("every", "found", "without")] == [1, 1, 0]
    tickets = told["tickets"]
    assert (tickets["opened"].count, tickets["opened"].earlier) == (3, 1)
    assert tickets["answered"].waits.mean == (HOUR + 27 * HOUR) / 2
    assert tickets["answered"].earlier_median == HOUR
    assert tickets["resolved"].waits.median == 3 * DAY
    assert not told["is_blank"]


@pytest.mark.parametrize(
    "asked",
    [MARCH, {"from": "2026-03-10", "to": "2026-03-10"}, {"from": "2025-06-01"}],
)
def test_every_number_opens_exactly_its_rows(month, world, signed_in, asked):
    client = signed_in(world.agent)
    asked = asked | {"to": asked.get("to", "2026-04-30")}

    page = client.get(HOME, asked)

    numbers = _COUNT.findall(page.content.decode())
    assert len(numbers) > 12
    for address, number in numbers:
        rows = client.get(html.unescape(address))
        assert rows.context["form"].errors == {}, address
        assert not rows.context.get("ignored"), address
        assert len(rows.context["page"].rows) == int(number), address


def test_pages_of_the_lists_go_on_where_they_ended(month, world, signed_in):
    """Several rows of one moment stand on either side of the cut."""
    since, until = NOON - 40 * DAY, NOON + 40 * DAY
    lead = make.lead(world.workspace, name="Igual")
    for _ in range(3):
        thread = make.conversation(
            lead,
            make_numbers.channel(world.workspace, phone=f"+55118{_}0000000"),
            first_inbound_at=NOON,
        )
        make.message(thread, provider_at=NOON)

    def walk(ask):
        found, before = [], ""
        while True:
            page = ask(before)
            found += page.rows
            if page.older is None:
                return found
            before = page.older

    messages = walk(
        lambda before: activity.list_messages(
            world.workspace,
            direction="inbound",
            before=before,
            size=2,
            since=since,
            until=until,
        )
    )
    begun = walk(
        lambda before: first_answers.list_begun(
            world.workspace, before=before, size=2, since=since, until=until
        )
    )

    assert len({one.id for one in messages}) == len(messages) == 11
    assert len({one.key for one in begun}) == len(begun) == 7
    assert [one.at for one in messages] == sorted(one.at for one in messages)[::-1]


def test_somebody_who_is_no_lead_is_named_by_the_number(world, channel, signed_in):
    make.echo(channel, "5511955556666", at=NOON)

    page = signed_in(world.agent).get(
        "/w/padaria/conversations/messages/",
        {"direction": "outbound", "since": "2026-03-01T00:00"},
    )

    assert "+55 11 95555-6666" in page.content.decode()


def test_an_hour_is_an_hour_of_the_workspace(world, channel, signed_in):
    talk(channel, at=datetime(2026, 3, 11, 1, 30, tzinfo=UTC), waited=None)

    told = figures(signed_in(world.agent), **{"from": "2026-03-10", "to": "2026-03-10"})

    bars = told["traffic"]["bars"]
    assert len(bars) == 24
    assert [place for place, bar in enumerate(bars) if bar.received.count] == [22]
    assert told["traffic"]["step"] == "hour"
    assert figures(signed_in(world.agent))["traffic"]["step"] == "day"


def test_tickets_stand_by_status_and_age(world, signed_in):
    here = ZoneInfo(world.workspace.time_zone)
    today = datetime.now(here).replace(hour=12, minute=0)
    for number, days in enumerate([0, 1, 2, 3, 6, 7, 29, 30, 400]):
        make_tickets.ticket(
            world.workspace, number=number, created_at=today - days * DAY
        )
    make_tickets.ticket(world.workspace, number=99, status="waiting", created_at=today)
    client = signed_in(world.agent)

    told = client.get(HOME).context["tickets"]

    rows = {row.status: row for row in told["rows"]}
    assert [one.count for one in rows["open"].ages] == [1, 2, 2, 2, 2]
    assert [one.count for one in rows["waiting"].ages] == [1, 0, 0, 0, 0]
    assert rows["closed"].total.count == 0
    assert set(rows) == set(TicketStatus.values)
    for row in rows.values():
        for one in (row.total, *row.ages):
            assert len(client.get(one.url).context["page"].rows) == one.count


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({}, 7),
        ({"period": "today"}, 1),
        ({"period": "30"}, 30),
        ({"period": "yesterday"}, 1),
        ({"period": "month"}, None),
        ({"period": "90"}, 7),
        ({"from": "2020-01-01", "to": "2026-01-01"}, 7),
        ({"from": "nonsense"}, 7),
    ],
)
def test_what_is_no_period_is_told_and_left_out(world, channel, signed_in, asked, days):
    talk(channel, at=datetime.now(UTC), waited=None)

    page = signed_in(world.agent).get(HOME, asked)

    period = page.context["period"]
    if days is None:
        assert period.first.day == 1
    else:
        assert period.days == days
    is_odd = not period.asked and bool(asked)
    assert bool(page.context["ignored"]) == is_odd
    assert ("não foi entendida" in page.content.decode()) == is_odd
    assert page.context["earlier"].days == period.days
    assert page.context["earlier"].last == period.first - DAY


def test_it_is_in_the_teams_words_and_says_its_zone(month, world, signed_in):
    page = signed_in(world.agent).get(HOME, MARCH).content.decode()

    assert "TMR" in page
    assert "TMA" in page
    assert "America/Sao_Paulo" in page


def test_a_viewer_reads_it_all_and_an_outsider_nothing(month, world, signed_in):
    viewer = make_people.user(email="viewer@example.com")
    make_people.membership(world.workspace, viewer, role="viewer")

    for address in (HOME, CSV):
        assert signed_in(viewer).get(address, MARCH).status_code == 200
        assert signed_in(world.outsider).get(address, MARCH).status_code == 404


def test_it_costs_the_same_however_many_rows(month, world, channel, signed_in):
    client = signed_in(world.agent)
    client.get(HOME, MARCH)
    with walls.asked() as few:
        client.get(HOME, MARCH)
    for place in range(4):
        shop(world.workspace, channel, at=NOON.replace(month=4 + place))

    with walls.asked() as many:
        client.get(HOME, {"from": "2026-01-01", "to": "2026-12-31"})

    assert len(many) == len(few)


def test_the_file_holds_what_the_page_shows(month, world, signed_in):
    answer = signed_in(world.agent).get(CSV, MARCH)

    text = b"".join(answer.streaming_content).decode()
    rows = list(
        csv.reader(io.StringIO(text.removeprefix(spreadsheets.BOM)), delimiter=";")
    )
    told = {
        (section, name): (value, earlier) for section, name, _, value, earlier in rows
    }
    assert told["Mensagens", "Recebidas"] == ("6", "2")
    assert told["Leads", "Com origem"] == ("2", "1")
    assert told["Chamados", "Abertos"] == ("3", "1")
    assert ("Mensagens no tempo", "Recebidas") in told
    assert {len(row) for row in rows} == {5}
    assert (
        'filename="figures-2026-03-01-2026-03-31.csv"' in answer["Content-Disposition"]
    )
    exported = AuditEvent.objects.for_workspace(world.workspace).filter(
        action="workspace.figures_exported"
    )
    assert exported.count() == 1
