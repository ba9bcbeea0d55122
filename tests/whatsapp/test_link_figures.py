"""What links brought: what counts, in which period, in which order, and as files."""

import csv
import io
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import AuditEvent
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp import tokens
from whatsapp.models import FunnelStages, Touch
from whatsapp.selectors import funnel, links, periods

LIST = "/w/padaria/links/"
ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
IN_MARCH = "from=2026-03-01&to=2026-03-31"


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace, display_name="Vendas")


@pytest.fixture
def link(channel):
    return make.link(channel, slug="vitrine", prefilled_text="Oi!")


@pytest.fixture
def owner(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def clicked(link, *, at=make.NOON, lead=None, **fields):
    values = {"kind": "link", "link": link, "occurred_at": at, "lead": lead} | fields
    return Touch.objects.create(
        workspace=link.workspace, **{"token": tokens.new_token()} | values
    )


def brought(link, *, at=make.NOON, stage="", talks=1, **fields):
    """Somebody who clicked, wrote, and stands at a stage now."""
    lead = make.lead(link.workspace, stage=stage)
    make.attribution(lead, touch=clicked(link, at=at, lead=lead, **fields))
    for number in range(talks):
        make.conversation(
            lead,
            link.channel,
            state="open" if number == 0 else "closed",
            created_at=at + timedelta(days=number),
        )
    return lead


def march():
    return periods.read(MARCH, now=NOW, zone=ZONE)


def total_of(link):
    found = funnel.read(link, period=march(), workspace=link.workspace)
    return found.total


# --- what counts ------------------------------------------------------------------
def test_clicks_carry_their_conversation_and_their_sale_along(link):
    brought(link, stage="Ganho")
    brought(link, stage="Proposta", talks=2)
    clicked(link)
    clicked(link)

    total = total_of(link)

    assert (total.clicks, total.conversations, total.won) == (4, 2, 1)
    assert (total.conversation_rate, total.won_rate) == (50.0, 50.0)


def test_what_is_named_by_hand_is_no_click_but_what_it_brought_counts(link):
    brought(link, token=None)

    assert total_of(link).clicks == 0
    assert total_of(link).conversations == 1
    assert total_of(link).conversation_rate is None


def test_a_test_counts_in_no_figure(link):
    lead = make.lead(link.workspace, stage="Ganho")
    test = clicked(link, kind="test", lead=lead)
    test.link = None
    test.save()
    make.attribution(lead, touch=test)
    make.conversation(lead, link.channel)

    assert total_of(link) == funnel.Figures()


def test_a_lead_counts_only_where_its_click_is_its_origin_now(link):
    lead = brought(link)
    make.attribution(lead)
    merged = brought(link, stage="Ganho")
    merged.merged_into = lead
    merged.save()

    total = total_of(link)

    assert (total.clicks, total.conversations, total.won) == (2, 0, 0)


def test_a_day_is_a_day_of_the_workspace(link):
    """Two in the morning of the first of April in UTC is still March in São Paulo."""
    clicked(link, at=datetime(2026, 4, 1, 2, 30, tzinfo=UTC))
    clicked(link, at=datetime(2026, 3, 1, 2, 30, tzinfo=UTC))

    found = funnel.read(link, period=march(), workspace=link.workspace)

    assert found.total.clicks == 1
    assert found.bars[-1].first == date(2026, 3, 31)
    assert found.bars[-1].figures.clicks == 1
    assert found.bars[-1].heights == (100, 0, 0)


def test_the_bars_sum_up_to_the_total_in_every_step(link):
    for days in (0, 1, 40, 200, 300):
        brought(link, at=make.NOON - timedelta(days=days), stage="Ganho")
    for told in ({"period": "7"}, {"period": "90"}, {"period": "365"}):
        period = periods.read(told, now=NOW, zone=ZONE)
        found = funnel.read(link, period=period, workspace=link.workspace)
        days = (NOW - make.NOON).days
        inside = [one for one in (0, 1, 40, 200, 300) if one + days < period.days]

        assert found.total.clicks == len(inside)
        assert sum(bar.figures.won for bar in found.bars) == len(inside)
        assert found.bars[0].first == period.first
        assert found.bars[-1].last == period.last


def test_a_click_that_was_passed_on_to_many_shows_all_of_them_page_by_page(link):
    first = brought(link)
    touch = first.attribution.touch
    for _ in range(4):
        lead = make.lead(link.workspace)
        make.attribution(lead, touch=touch)
        make.conversation(lead, link.channel)

    found: list[uuid.UUID] = []
    before: str | None = ""
    while before is not None:
        page = links.list_brought(link, period=march(), before=before, size=2)
        found += [row.lead_key for row in page.rows]
        before = page.older

    total = total_of(link)
    assert len(found) == len(set(found)) == total.conversations == 5
    assert (total.clicks, total.conversation_rate, total.besides) == (1, 100.0, 4)


def test_each_number_is_as_many_rows_as_it_opens(owner, link):
    brought(link, stage="Ganho")
    brought(link, talks=2)
    clicked(link)
    clicked(link, at=make.NOON - timedelta(days=60))
    page = owner.get(f"{LIST}{link.key}/?{IN_MARCH}").content.decode()

    for rows, numbers in (("clicks", 3), ("conversations", 2), ("won", 1)):
        address = f"{LIST}{link.key}/{rows}/?{IN_MARCH}"
        assert f'href="{address.replace("&", "&amp;")}">{numbers}</a>' in page
        listed = owner.get(address).content.decode()
        assert listed.count('<th scope="row">') == numbers
        assert "America/Sao_Paulo" in listed


# --- the period -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "ignored"),
    [
        ({"period": "0"}, ("period",)),
        ({"period": "x" * 500}, ("period",)),
        ({"from": "2026-02-30"}, ("from",)),
        ({"from": "20260301"}, ("from",)),
        ({"from": "0001-01-01"}, ("from",)),
        ({"to": "9999-12-31"}, ("to",)),
        ({"from": "2026-03-02", "to": "2026-03-01"}, ("from", "to")),
        ({"from": "2020-01-01", "to": "2026-01-01"}, ("from", "to")),
        ({"from": "\0", "to": "2026-03-01"}, ("from",)),
    ],
)
def test_a_period_that_cannot_be_is_left_out_and_told(owner, link, told, ignored):
    assert periods.read(told, now=NOW, zone=ZONE).ignored == ignored

    for address in (LIST, f"{LIST}{link.key}/", f"{LIST}{link.key}/clicks/"):
        page = owner.get(address, told)
        assert page.status_code == 200
        assert "could not be understood" in page.content.decode()


def test_a_period_is_whole_days_and_the_usual_one_is_thirty():
    period = periods.read({}, now=NOW, zone=ZONE)

    assert (period.first, period.last) == (date(2026, 2, 19), date(2026, 3, 20))
    assert period.since == datetime(2026, 2, 19, 3, tzinfo=UTC)
    assert period.until == datetime(2026, 3, 21, 3, tzinfo=UTC)
    assert (period.days, period.step) == (30, "day")


def test_one_day_alone_is_read_as_the_other_end_allows():
    since = periods.read({"from": "2026-03-18"}, now=NOW, zone=ZONE)
    until = periods.read({"to": "2026-03-18"}, now=NOW, zone=ZONE)
    ahead = periods.read({"from": "2026-03-25"}, now=NOW, zone=ZONE)

    assert (since.first, since.last) == (date(2026, 3, 18), date(2026, 3, 20))
    assert (until.first, until.last) == (date(2026, 2, 17), date(2026, 3, 18))
    assert ahead.first == ahead.last == date(2026, 3, 25)


# --- the comparison ---------------------------------------------------------------
def test_links_are_compared_in_the_order_of_the_address(owner, channel):
    busy, good, idle = (make.link(channel, slug=slug) for slug in ("a", "b", "c"))
    for _ in range(3):
        clicked(busy)
    brought(good, stage="Ganho")

    def order(sort):
        page = owner.get(f"{LIST}?{IN_MARCH}&sort={sort}").content.decode()
        return sorted("abc", key=lambda slug: page.index(f"/r/{slug}<"))

    assert order("clicks") == ["a", "b", "c"]
    assert order("-clicks") == ["c", "b", "a"]
    assert order("won")[0] == order("conversations")[0] == order("rate")[0] == "b"
    assert order("name") == ["a", "b", "c"]
    assert order("-name") == order("newest") == ["c", "b", "a"]
    assert idle.slug == "c"


@pytest.mark.parametrize(
    "query", ["sort=x", "page=0", "page=%00", "page=" + "9" * 40, "check=x", "sort=-"]
)
def test_an_order_that_is_none_is_told(owner, link, query):
    page = owner.get(f"{LIST}?{query}")

    assert page.status_code == 200
    assert "could not be understood" in page.content.decode()


def test_many_links_come_in_pages_that_follow_each_other(world, channel):
    for number in range(5):
        make.link(channel, slug=f"link-{number}")

    found = [
        links.rank(world.workspace, period=march(), sort="name", page=page, size=2)
        for page in (1, 2, 3, 4)
    ]

    shown = [row.link.slug for one in found[:3] for row in one.rows]
    assert shown == [f"link-{number}" for number in range(5)]
    assert [one.page for one in found] == [1, 2, 3, 3]


# --- what counts as won -------------------------------------------------------------
def test_stages_named_so_count_as_won_until_somebody_chooses(owner, world, link):
    for stage in ("Ganho", "Ganho", "Fechou", "Proposta"):
        brought(link, stage=stage)
    assert total_of(link).won == 2

    form = owner.get(f"{LIST}won/").content.decode()
    answer = owner.post(f"{LIST}won/", {"won": ["Fechou", "Proposta"]})

    assert form.count("checked") == 1
    assert answer.status_code == 302
    assert total_of(link).won == 2
    assert funnel.won_stages(world.workspace) == ("Fechou", "Proposta")
    owner.post(f"{LIST}won/", {})
    assert total_of(link).won == 0
    events = AuditEvent.objects.for_workspace(world.workspace)
    assert events.filter(action="link.won_stages_chosen").count() == 2


@pytest.mark.parametrize(
    ("stage", "counts"),
    [("GANHA", 1), (" vendido ", 1), ("Sold!", 1), ("não ganho", 0), ("wonder", 0)],
)
def test_a_stage_counts_by_its_whole_name(link, stage, counts):
    brought(link, stage=stage)

    assert total_of(link).won == counts


def test_a_stage_nobody_has_is_refused_and_agents_choose_nothing(
    owner, world, signed_in, link
):
    brought(link, stage="Ganho")
    page = owner.post(f"{LIST}won/", {"won": ["Inventada"]})

    assert page.status_code == 200
    assert not FunnelStages.objects.for_workspace(world.workspace).exists()
    assert signed_in(world.agent).get(f"{LIST}won/").status_code == 403


def test_stages_in_use_are_each_found_once(world, link):
    for stage in ("b", "a", "b", "", "c"):
        make.lead(world.workspace, stage=stage)
    make.lead(world.other_workspace, stage="z")

    assert funnel.stages_in_use(world.workspace) == ["a", "b", "c"]


# --- files ------------------------------------------------------------------------
def lines(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_both_files_hold_what_the_pages_show_and_no_formula(owner, world, link):
    brought(link, stage="Ganho")
    world_channel = link.channel
    world_channel.display_name = "=cmd()"
    world_channel.save()

    over_time = lines(owner.get(f"{LIST}{link.key}/funnel.csv?{IN_MARCH}"))
    compared = lines(owner.get(f"{LIST}export.csv?{IN_MARCH}"))

    assert len(over_time) == 1 + 31
    assert over_time[10] == [
        "2026-03-10",
        "2026-03-10",
        "1",
        "1",
        "100.0%",
        "1",
        "100.0%",
    ]
    assert compared[1][:2] == ["vitrine", "'=cmd()"]
    assert compared[1][4:7] == ["1", "1", "100.0%"]


def test_foreign_and_missing_links_are_the_same_404(owner, world):
    foreign = make.link(make_room_1.channel(world.other_workspace), slug="deles")
    for rest in (
        "",
        "won/",
        "clicks/",
        "conversations/",
        "funnel.csv",
        "check/",
        "test/",
    ):
        answers = [
            owner.get(f"{LIST}{key}/{rest}") for key in (foreign.key, uuid.uuid4())
        ]
        assert [one.status_code for one in answers] == [404, 404]
