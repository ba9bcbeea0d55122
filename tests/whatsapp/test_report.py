"""The attribution report: what it counts, and that every number opens exactly its rows."""

import csv
import html
import io
import re
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient
from django.utils import timezone

from accounts import spreadsheets
from accounts.models import AuditEvent
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_owner
from whatsapp.models import Lead
from whatsapp.selectors import lead_figures, report
from whatsapp.services import funnel_stages

PAGE, CSV = "/w/padaria/leads/report/", "/w/padaria/leads/report.csv"
MARCH = {"since": "2026-03-01", "until": "2026-03-31"}
_COUNT = re.compile(r'class="count" href="([^"]+)"[^>]*>([\d.,]+)</a>')
_NOTHING = [{"step": "token", "looked_for": "a vm_token in the text", "found": None}]
_UNKNOWN = [{"step": "token", "looked_for": ["7KQ2M9XW4T"], "why": "no click"}]


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


@pytest.fixture
def month(world, channel):
    """Leads of March from everywhere, some of February, one merged away, one foreign."""
    window = make.link(channel, slug="vitrine")
    for place, (source, campaign, link, sure, stage) in enumerate(
        [
            ("instagram", "pascoa", window, "certain", "Ganho"),
            ("instagram", "pascoa", window, "probable", ""),
            ("instagram", "", window, "certain", "proposta"),
            ("google", "pascoa & cia", None, "certain", "vendido"),
            ("", "", window, "certain", ""),
        ]
    ):
        lead = _lead(world, place, stage=stage)
        make.conversation(lead, channel)
        touch = make.touch(lead, link=link, utm_source=source, utm_campaign=campaign)
        make.attribution(lead, touch=touch, confidence=sure)
    for place, (ad, headline) in enumerate([("77", "Bolo"), ("77", "Bolo"), ("", "")]):
        lead = _lead(world, place)
        touch = make.touch(lead, kind="ad", ad_id=ad, headline=headline)
        make.attribution(lead, touch=touch, rule="referral")
    for place, evidence in enumerate([_NOTHING, _NOTHING, _UNKNOWN]):
        lead = _lead(world, place, stage="ganho" if place == 0 else "")
        make.attribution(lead, evidence=evidence)
    known = _lead(world, 7)
    make.attribution(known, rule="identity", confidence="certain")
    _lead(world, 8)  # has no verdict
    before = _lead(world, 0, created_at=make.NOON - timedelta(days=20))
    make.attribution(before, touch=make.touch(before, kind="ad", ad_id="77"))
    stayed = Lead.objects.for_workspace(world.workspace).first()
    _lead(world, 9, merged_into=stayed)
    make.attribution(make.lead(world.other_workspace, name="De fora"))


def _lead(world, place, **fields):
    values = {"created_at": make.NOON + timedelta(hours=place)} | fields
    return make.lead(world.workspace, name=f"Pessoa {place}", **values)


def _groups(page):
    return {
        row["title"]: (row["group"].counts.leads, row["group"].counts.probable)
        for row in page.context["groups"]
    }


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (
            "origin",
            {
                "instagram": (3, 1),
                "google": (1, 0),
                "Tracked links without a source": (1, 0),
                "Click-to-WhatsApp ads": (3, 0),
            },
        ),
        (
            "campaign",
            {"pascoa": (2, 1), "pascoa & cia": (1, 0), "Without a campaign": (5, 0)},
        ),
        (
            "link",
            {"vitrine": (4, 1), "Without a link that is still there": (4, 0)},
        ),
        ("ad", {"Bolo": (2, 0), "Not from an ad that has an id": (6, 1)}),
    ],
)
def test_leads_stand_in_one_group_each(month, world, signed_in, by, groups):
    world.owner.language = "en"
    world.owner.save()

    page = signed_in(world.owner).get(PAGE, MARCH | {"by": by})

    assert _groups(page) == groups
    assert page.context["report"].total.leads == 13
    assert page.context["report"].found.leads == 8


@pytest.mark.parametrize("by", ["origin", "campaign", "link", "ad"])
def test_every_number_opens_exactly_its_rows(month, world, signed_in, by):
    client = signed_in(world.agent)

    _all_open_their_rows(client, client.get(PAGE, MARCH | {"by": by}))


def _all_open_their_rows(client, page):
    numbers = _COUNT.findall(page.content.decode())
    assert len(numbers) > 20
    for address, number in numbers:
        rows = client.get(html.unescape(address))
        assert rows.context["form"].errors == {}, address
        assert len(rows.context["page"].rows) == int(number), address


def test_reasons_add_up_to_the_leads_without_an_origin(month, world, signed_in):
    report = signed_in(world.owner).get(PAGE, MARCH).context["report"]

    assert {one.cause: one.counts.leads for one in report.reasons} == {
        "no_token": 2,
        "unknown": 1,
        "known": 1,
        "unheard": 1,
    }
    assert report.without.leads == 5
    assert report.without.certain == 0  # of the person, not of an origin
    assert [round(one.share) for one in report.reasons] == [40, 20, 20, 20]


def test_sales_and_the_rate_are_of_the_same_row(month, world, signed_in):
    report = signed_in(world.owner).get(PAGE, MARCH).context["report"]

    instagram = next(one for one in report.groups if one.name == "instagram")
    assert instagram.counts.won == 1
    assert round(instagram.counts.rate, 1) == 33.3
    assert instagram.counts.talked == 3
    assert report.total.won == 3
    assert set(report.won_stages) == {"Ganho", "ganho", "vendido"}


def test_the_stages_that_count_are_those_of_the_links(month, world, signed_in):
    funnel_stages.choose(
        world.workspace, won=["proposta"], actor=world.owner, now=make.NOON
    )
    client = signed_in(world.owner)

    page = client.get(PAGE, MARCH)
    rows = client.get("/w/padaria/leads/", MARCH | {"won": "1"})

    assert page.context["report"].won_stages == ("proposta",)
    assert page.context["report"].total.won == len(rows.context["page"].rows) == 1


def test_without_a_stage_that_counts_it_leads_to_the_setting(world, signed_in):
    make.lead(world.workspace, created_at=make.NOON)
    way = 'href="/w/padaria/links/won/"'

    assert way in signed_in(world.owner).get(PAGE, MARCH).content.decode()
    told = signed_in(world.agent).get(PAGE, MARCH).content.decode()
    assert way not in told
    assert "O que conta como ganho" in told


@pytest.mark.parametrize("by", report.GROUPINGS)
def test_few_and_many_leads_are_counted_alike(month, world, signed_in, monkeypatch, by):
    """There are two ways to whoever talks; a small month takes that of a large one."""
    client = signed_in(world.owner)
    as_few = client.get(PAGE, MARCH | {"by": by}).context["report"]
    monkeypatch.setattr(report, "_TALKS_OF_FEW", report._TALKS_OF_MANY)

    assert client.get(PAGE, MARCH | {"by": by}).context["report"] == as_few
    assert as_few.total.talked == 5


@pytest.mark.parametrize("by", ["origin", "campaign", "link", "ad"])
def test_a_test_of_a_link_is_nobody(month, world, signed_in, channel, by):
    client = signed_in(world.owner)
    without = client.get(PAGE, MARCH | {"by": by}).context["report"]
    since = make.NOON - timedelta(days=1)
    days = {"since": since, "until": since + timedelta(days=9), "compared": since}
    new = lead_figures.count(world.workspace, **days)
    tried = _lead(world, 3, stage="Ganho")
    make.conversation(tried, channel)
    touch = make.touch(
        tried, kind="test", headline="vitrine", utm_source="x", utm_campaign="pascoa"
    )
    make.attribution(tried, touch=touch)

    page = client.get(PAGE, MARCH | {"by": by})

    assert page.context["report"] == without
    assert lead_figures.count(world.workspace, **days) == new
    assert new.every.leads > 0
    _all_open_their_rows(client, page)
    tests = client.get("/w/padaria/leads/", {"origin": "test", "campaign": "pascoa"})
    assert [row.person.name for row in tests.context["page"].rows] == [tried.name]


def test_the_period_before_has_as_many_days(month, world, signed_in):
    page = signed_in(world.owner).get(
        PAGE, {"since": "2026-03-01", "until": "2026-03-31", "by": "ad"}
    )

    assert [str(day) for day in page.context["earlier"]] == ["2026-01-29", "2026-02-28"]
    cake = next(one for one in page.context["groups"] if one["group"].name == "77")
    assert cake["counts"].earlier == 1
    assert cake["counts"].change == 1


def test_a_day_is_a_day_of_the_workspace(world, signed_in):
    """22:30 in São Paulo is the next day in UTC."""
    make.lead(world.workspace, created_at=datetime(2026, 3, 11, 1, 30, tzinfo=UTC))
    client = signed_in(world.agent)

    def leads(day):
        page = client.get(PAGE, {"since": day, "until": day})
        return page.context["report"].total.leads

    assert (leads("2026-03-10"), leads("2026-03-11")) == (1, 0)
    assert "America/Sao_Paulo" in client.get(PAGE, MARCH).content.decode()


def test_without_a_period_it_is_the_last_thirty_days(world, signed_in):
    make.lead(world.workspace, created_at=timezone.now() - timedelta(days=29))
    make.lead(world.workspace, created_at=timezone.now() - timedelta(days=31))

    page = signed_in(world.agent).get(PAGE)

    assert page.context["report"].total.leads == 1
    assert page.context["report"].total.earlier == 1
    assert page.context["preset"] == 30


@pytest.mark.parametrize(
    "impossible",
    [
        {"since": "ontem"},
        {"until": "2026-02-30"},
        {"since": "2026-03-11", "until": "2026-03-10"},
        {"since": "9999-12-31"},
        {"until": "0001-01-01"},
        {"by": "weather"},
        {"page": "0"},
        {"page": "x"},
    ],
)
def test_what_is_impossible_is_named_and_nothing_counted(
    month, world, signed_in, impossible
):
    client = signed_in(world.owner)

    page = client.get(PAGE, impossible)
    file = client.get(CSV, impossible)

    assert page.status_code == 200
    told = page.content.decode()
    assert 'class="field__errors"' in told or "notice--warning" in told
    assert "report" not in page.context
    assert not _COUNT.findall(told)
    assert file.status_code == 302
    assert file["Location"].startswith(PAGE)
    exported = AuditEvent.objects.for_workspace(world.workspace)
    assert not exported.filter(action="lead.report_exported").exists()


@pytest.mark.parametrize(
    "edge", [{"since": "1900-01-01", "until": "9000-12-31"}, {"until": "1900-01-01"}]
)
def test_days_at_the_end_of_time_do_no_harm(month, world, signed_in, edge):
    assert signed_in(world.owner).get(PAGE, edge).status_code == 200


def test_the_file_has_every_group_and_no_formula(month, world, signed_in, channel):
    evil = make.lead(world.workspace, name="E", created_at=make.NOON)
    touch = make.touch(evil, utm_source="x", utm_campaign='=HYPERLINK("x")')
    make.attribution(evil, touch=touch)
    client = signed_in(world.owner)

    file = client.get(CSV, MARCH | {"by": "campaign"})
    text = b"".join(file.streaming_content).decode()

    assert text.startswith(spreadsheets.BOM)
    rows = list(
        csv.reader(io.StringIO(text.removeprefix(spreadsheets.BOM)), delimiter=";")
    )
    names = [row[0] for row in rows]
    assert '\'=HYPERLINK("x")' in names
    assert "pascoa" in names
    assert sum(int(row[3]) for row in rows[1:-1]) == int(rows[-1][3]) == 14
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert "origins-campaign-2026-03-01-2026-03-31.csv" in file["Content-Disposition"]
    event = AuditEvent.objects.for_workspace(world.workspace).get(
        action="lead.report_exported"
    )
    assert event.details == {"by": "campaign"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [CSV, "/w/padaria/leads/export.csv"])
async def test_a_file_is_whole_for_a_browser_that_takes_gzip(path):
    """Each piece was an archive of its own, of which browsers read the first."""
    client = await sync_to_async(_a_member)()

    file = await client.get(path, headers={"Accept-Encoding": "gzip"})
    body = b"".join([piece async for piece in file.streaming_content])
    await sync_to_async(connections.close_all)()

    if file["Content-Encoding"] == "gzip":
        body = zlib.decompressobj(wbits=31).decompress(body)  # as a browser does
    assert len(body.decode().splitlines()) > 1


@as_owner()
def _a_member():
    workspace = make_room_0.workspace(slug="padaria")
    user = make_room_0.user(email="a@example.com")
    make_room_0.membership(workspace, user)
    make.lead(workspace, created_at=timezone.now())
    client = AsyncClient()
    client.force_login(user)
    return client


def test_many_groups_stand_on_several_pages(world, signed_in, channel):
    for number in range(60):
        lead = make.lead(world.workspace, name=f"P{number}")
        touch = make.touch(lead, utm_campaign=f"c{number:02d}")
        make.attribution(lead, touch=touch)
    client = signed_in(world.owner)
    asked = MARCH | {"by": "campaign"}

    first = client.get(PAGE, asked)
    second = client.get(PAGE, asked | {"page": "2"})
    beyond = client.get(PAGE, asked | {"page": "900"})

    assert 'rel="next"' in first.content.decode()
    names = [
        row["group"].name for page in (first, second) for row in page.context["groups"]
    ]
    assert names == [f"c{number:02d}" for number in range(60)]
    assert 'rel="prev"' in second.content.decode()
    assert beyond.context["groups"] == second.context["groups"]


def test_an_empty_workspace_is_taught_what_to_do(world, signed_in):
    page = signed_in(world.owner).get(PAGE)

    assert 'class="empty-state"' in page.content.decode()
    assert "/w/padaria/links/" in page.content.decode()


def test_a_report_costs_the_same_few_or_many(
    month, world, signed_in, django_assert_num_queries
):
    client = signed_in(world.owner)
    client.get(PAGE, MARCH)
    for _ in range(2):
        # Session, person, memberships, two kinds of alerts, then 5.
        with django_assert_num_queries(9):
            client.get(PAGE, MARCH)
        for _ in range(10):
            make.attribution(make.lead(world.workspace))
