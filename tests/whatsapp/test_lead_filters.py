"""The lead list's filters, which live in the address, and the same list as CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient

from accounts import spreadsheets
from accounts.models import AuditEvent
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_owner
from whatsapp.models import Attribution, Lead, Touch, TrackedLink
from whatsapp.selectors import lead_export, lead_filters, leads
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.services import links

LIST = "/w/padaria/leads/"


@pytest.fixture
def crowd(world):
    """Four leads: by link, by ad, by a rescued token, and one nobody knows anything of."""
    channel = make_room_1.channel(world.workspace)
    by_link = make.lead(world.workspace, name="Ana Conceição", stage="proposta")
    make.identity(by_link, value="5511987654321")
    link = make.link(channel, slug="vitrine")
    make.attribution(by_link, touch=make.touch(by_link, link=link))
    by_ad = make.lead(
        world.workspace, name="Bruno", created_at=make.NOON + timedelta(days=1)
    )
    make.attribution(by_ad, touch=make.touch(by_ad, kind="ad"), rule="referral")
    rescued = make.lead(world.workspace, name="Caio")
    make.attribution(
        rescued,
        touch=make.touch(rescued, link=link),
        rule="token_rescue",
        confidence="probable",
    )
    make.attribution(make.lead(world.workspace, name="Dora", stage="fechado"))
    foreign = make.lead(world.other_workspace, name="Ana de fora", stage="proposta")
    make.attribution(foreign)


@pytest.mark.parametrize("text", ["5215512345678", "+52 1 55 12", "+52 55 1234 5678"])
def test_a_mexican_is_found_in_both_notations(crowd, world, signed_in, text):
    lead = make.lead(world.workspace, name="Lupita")
    make.identity(lead, value="5215512345678", match_key="p:525512345678")

    assert _names(signed_in(world.agent), q=text) == {"Lupita"}


def test_a_link_is_found_by_the_address_it_had_when_the_page_was_kept(
    crowd, world, signed_in
):
    link = TrackedLink.objects.for_workspace(world.workspace).get(slug="vitrine")
    links.change_tracked_link(
        link,
        channel=link.channel,
        slug="vitrine-nova",
        prefilled_text="",
        utm={},
        now=make.NOON,
    )
    client = signed_in(world.agent)

    assert _names(client, link="vitrine") == {"Ana Conceição", "Caio"}
    assert _names(client, link="vitrine-nova") == {"Ana Conceição", "Caio"}


def _names(client, **filters):
    return {row.person.name for row in client.get(LIST, filters).context["page"].rows}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {"Ana Conceição", "Bruno", "Caio", "Dora"}),
        ({"rule": "referral"}, {"Bruno"}),
        ({"link": "vitrine"}, {"Ana Conceição", "Caio"}),
        ({"link": "vitrine", "confidence": "probable"}, {"Caio"}),
        ({"confidence": "none"}, {"Dora"}),
        ({"stage": "proposta"}, {"Ana Conceição"}),
        ({"since": "2026-03-11"}, {"Bruno"}),
        ({"until": "2026-03-10"}, {"Ana Conceição", "Caio", "Dora"}),
        ({"since": "2026-03-10", "until": "2026-03-11", "rule": "referral"}, {"Bruno"}),
        ({"q": "conceicao"}, {"Ana Conceição"}),
        ({"q": "(11) 98765"}, {"Ana Conceição"}),
        ({"q": "ana", "stage": "fechado"}, set()),
        ({"q": "???"}, set()),
        ({"q": "' OR 1=1 --%s"}, set()),
    ],
)
def test_filters_narrow_the_list_together(crowd, world, signed_in, filters, found):
    assert _names(signed_in(world.agent), **filters) == found


@pytest.mark.parametrize(
    "impossible",
    [
        {"rule": "x"},
        {"link": "nenhum"},
        {"stage": "outra"},
        {"since": "ontem"},
        {"since": "2026-03-11", "until": "2026-03-10"},
        {"q": "x" * 201},
        {"q": "a\0b"},
    ],
)
def test_an_impossible_filter_is_named(crowd, world, signed_in, impossible):
    page = signed_in(world.agent).get(LIST, impossible)

    assert page.status_code == 200
    assert 'class="field__errors"' in page.content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_end_of_time_do_no_harm(crowd, world, signed_in, day):
    client = signed_in(world.agent)

    assert client.get(LIST, {"since": day}).status_code == 200
    assert client.get(LIST, {"until": day}).status_code == 200


def test_a_day_is_a_day_of_the_workspace(world, signed_in):
    """22:30 in São Paulo is the next day in UTC."""
    make.lead(
        world.workspace, name="Ana", created_at=datetime(2026, 3, 11, 1, 30, tzinfo=UTC)
    )
    client = signed_in(world.agent)

    assert _names(client, until="2026-03-10") == {"Ana"}
    assert _names(client, since="2026-03-11") == set()


def test_pages_of_a_filtered_list_keep_the_filter(world, signed_in, monkeypatch):
    monkeypatch.setattr(leads.list_leads, "__kwdefaults__", _small(leads.list_leads))
    for number in range(5):
        make.lead(
            world.workspace,
            name=f"Ana {number}",
            stage="novo & bom",
            created_at=make.NOON + timedelta(minutes=number),
        )
        make.lead(world.workspace, name=f"Bia {number}")
    client = signed_in(world.agent)

    first = client.get(LIST, {"stage": "novo & bom"})
    older = first.context["page"].older
    second = client.get(LIST, {"stage": "novo & bom", "before": older})

    assert f"?stage=novo+%26+bom&amp;before={older}" in first.content.decode()
    names = [
        row.person.name for page in (first, second) for row in page.context["page"].rows
    ]
    assert names == [f"Ana {number}" for number in (4, 3, 2, 1, 0)]
    assert second.context["page"].older is None


def _small(function):
    return function.__kwdefaults__ | {"size": 3}


def test_the_list_costs_the_same_few_or_many(
    crowd, world, signed_in, django_assert_num_queries
):
    client = signed_in(world.agent)
    for _ in range(2):
        with django_assert_num_queries(
            9
        ):  # session, person, memberships, alerts, then 5
            client.get(LIST, {"confidence": "none"})
        for _ in range(10):
            make.attribution(make.lead(world.workspace))


@pytest.mark.parametrize("extra", [0, 1])
def test_few_and_many_leads_of_a_verdict_are_found_alike(world, extra):
    """A list of many is read another way than one of few; one more makes it many."""
    channel = make_room_1.channel(world.workspace)
    link = make.link(channel, slug="vitrine")
    count = lead_filters.FEW + extra
    people = Lead.objects.bulk_create(
        Lead(
            workspace=world.workspace,
            created_at=make.NOON + timedelta(seconds=place),
            updated_at=make.NOON,
            name=f"Pessoa {place}",
        )
        for place in range(count)
    )
    touches = Touch.objects.bulk_create(
        Touch(
            workspace=world.workspace,
            kind="link",
            lead=one,
            link=link,
            occurred_at=make.NOON,
        )
        for one in people
    )
    verdicts = Attribution.objects.bulk_create(
        Attribution(
            workspace=world.workspace,
            lead=touch.lead,
            touch=touch,
            rule="token",
            confidence="certain",
            decided_at=make.NOON,
        )
        for touch in touches
    )
    for one, verdict in zip(people, verdicts, strict=True):
        one.attribution = verdict
    # The newest one has been corrected since: only the verdict that counts is asked.
    make.attribution(people[-1], rule="manual", confidence="none")
    Lead.objects.for_workspace(world.workspace).bulk_update(
        people[:-1], ["attribution"]
    )

    for asked in (
        LeadFilter(link="vitrine"),
        LeadFilter(rule="token"),
        LeadFilter(confidence="certain"),
    ):
        page = leads.list_leads(world.workspace, filters=asked, size=3)
        names = [row.person.name for row in page.rows]
        assert names == [f"Pessoa {count - 2 - place}" for place in range(3)]


def _csv(response):
    text = b"".join(response.streaming_content).decode("utf-8")
    assert text.startswith(spreadsheets.BOM)
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";"))


def test_the_export_is_the_filtered_list_and_is_noted(crowd, world, signed_in):
    response = signed_in(world.agent).get(
        f"{LIST}export.csv", {"link": "vitrine", "confidence": "certain"}
    )

    heading, *rows = _csv(response)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert any("America/Sao_Paulo" in cell for cell in heading)
    [row] = rows
    assert row[:2] == ["Ana Conceição", "'+55 11 98765-4321"]
    assert "vitrine" in row
    assert "2026-03-10 12:00:00" in row  # noon there, 15:00 UTC
    [entry] = AuditEvent.objects.for_workspace(world.workspace)
    assert entry.action == "lead.exported"
    assert entry.details == {"filters": ["link", "confidence"]}


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", 'a"b,c\nd']
)
def test_a_cell_never_becomes_a_formula(world, name):
    make.lead(world.workspace, name=name)

    text = "".join(lead_export.write(world.workspace, filters=LeadFilter()))

    [_, row] = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    is_formula = name[0] in "=+-@\t\r"
    assert row[0] == (f"'{name}" if is_formula else name)


def test_the_export_goes_on_past_one_batch(world):
    for number in range(5):
        make.lead(world.workspace, name=f"Lead {number}")

    pieces = list(lead_export.write(world.workspace, filters=LeadFilter(), batch=2))

    assert len(pieces) == 4  # the heading, then 2, 2 and 1
    assert {f"Lead {number}" in "".join(pieces) for number in range(5)} == {True}


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_the_export_comes_piece_by_piece():
    client, key = await _prepared()

    response = await client.get(f"{LIST}export.csv")

    pieces = [piece async for piece in response.streaming_content]
    assert len(pieces) == 2
    assert str(key) in pieces[1].decode()
    await sync_to_async(connections.close_all)()  # those of the thread it ran in


async def _prepared():
    @as_owner()
    def prepare():
        workspace = make_room_0.workspace(slug="padaria")
        user = make_room_0.user(email="a@example.com")
        make_room_0.membership(workspace, user)
        lead = make.lead(workspace)
        client = AsyncClient()
        client.force_login(user)
        return client, lead.key

    return await sync_to_async(prepare)()


def test_export_is_only_read(world, signed_in):
    client = signed_in(world.agent)

    assert client.post(f"{LIST}export.csv").status_code == 405
    assert client.head(f"{LIST}export.csv").status_code == 405
    assert not AuditEvent.objects.for_workspace(world.workspace).exists()


@pytest.fixture
def namesakes(world, monkeypatch):
    """Four of one name, of whom a search looks at the two newest first."""
    monkeypatch.setattr(lead_filters, "NEWEST_FOUND", 2)
    for hours in range(4):
        make.lead(
            world.workspace,
            name=f"Maria {hours}",
            created_at=make.NOON + timedelta(hours=hours),
            stage="Ganho" if hours < 2 else "",
        )


def _people_on(page):
    return [row.person.name for row in page.rows]


def test_a_search_with_other_filters_finds_those_older_than_the_newest_of_the_name(
    namesakes, world
):
    won = leads.list_leads(
        world.workspace, filters=LeadFilter(text="maria", stage="Ganho")
    )

    assert _people_on(won) == ["Maria 1", "Maria 0"]


def test_a_search_goes_on_page_by_page_past_the_newest(namesakes, world):
    maria, seen = LeadFilter(text="maria"), []
    before: str | None = ""
    while before is not None:
        page = leads.list_leads(world.workspace, filters=maria, before=before, size=1)
        seen += _people_on(page)
        before = page.older

    assert seen == [f"Maria {number}" for number in (3, 2, 1, 0)]


@pytest.mark.parametrize("batch", [None, 1, 3])
def test_the_export_of_a_search_is_complete(namesakes, world, batch):
    pieces = lead_export.write(
        world.workspace, filters=LeadFilter(text="maria"), batch=batch
    )

    lines = "".join(pieces).splitlines()
    assert [line.partition(";")[0] for line in lines[1:]] == [
        f"Maria {number}" for number in (3, 2, 1, 0)
    ]


def test_a_search_by_number_lists_the_newest_whatever_their_numbers(world, namesakes):
    for place in range(4):
        lead = make.lead(
            world.workspace,
            name=f"Ana {place}",
            created_at=make.NOON + timedelta(days=1, hours=place),
        )
        make.identity(lead, value=f"551198888000{place}")

    page = leads.list_leads(
        world.workspace, filters=LeadFilter(text="+55 11 98888"), size=2
    )

    assert _people_on(page) == ["Ana 3", "Ana 2"]
