"""The sends page: what it lists, counts, exports and explains, and to whom."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.providers.base.outgoing import Template
from tests.conftest import World
from tests.factories import accounts as people
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from whatsapp.models import Breaker, ChannelPace, OutboxFence
from whatsapp.selectors.send_filters import SendFilter
from whatsapp.selectors.sends import list_sends

LIST = "/w/padaria/sends/"
Sign = Callable[[User], Client]


@pytest.fixture
def channel(world: World) -> Channel:
    return make.meta_number(world.workspace, display_name="Balcão", state="connected")


@pytest.fixture
def client(world: World, signed_in: Sign) -> Client:
    world.agent.language = "en"
    world.agent.save()
    return signed_in(world.agent)


def ago(**span: int) -> Any:
    return timezone.now() - timedelta(**span)


def body(client: Client, path: str = LIST, **asked: str) -> str:
    response = client.get(path, asked)
    assert response.status_code == 200
    return response.content.decode()


def told(client: Client, **asked: str) -> list[str]:
    """The texts of the rows that are listed, in their order."""
    return re.findall(r"<bdi>(n\d+)</bdi>", body(client, **asked))


# --- the list ------------------------------------------------------------------
def test_nothing_sent_yet_is_explained(client: Client) -> None:
    page = body(client)

    assert "Nothing was sent in these days" in page
    assert "Export" not in page


def test_newest_first_with_state_reason_and_person(
    client: Client, channel: Channel, world: World
) -> None:
    lead = rows.lead(world.workspace, name="Ana Lima")
    rows.identity(lead, value="5511987654321")
    thread = rows.conversation(lead, channel)
    rows.send(channel, text="n1", at=ago(hours=2), thread=thread, delivery="read")
    rows.send(channel, text="n2", at=ago(hours=1), state="failed", reason="131026")

    page = body(client)

    assert told(client) == ["n2", "n1"]
    assert "Ana Lima" in page
    assert f"/w/padaria/conversations/{thread.key}/" in page
    assert "Failed" in page
    assert "131026" in page


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"state": "failed"}, ["n3", "n2"]),
        ({"state": "unconfirmed"}, ["n4"]),
        ({"reason": "131047"}, ["n3"]),
        ({"template": "aviso"}, ["n5"]),
        ({"q": "n4"}, ["n4"]),
        ({"q": "(11) 97777-0005"}, ["n5"]),
        ({"q": "11 9666"}, ["n1"]),
        ({"q": "Beatriz"}, ["n1"]),
        ({"q": "Beatriz", "state": "failed"}, []),
        ({"q": "ninguém"}, []),
        ({"q": "%%%"}, []),
        ({"period": "day"}, ["n5", "n4", "n3", "n2", "n1"]),
        ({"period": "month"}, ["n5", "n4", "n3", "n2", "n1", "n0"]),
        ({"state": "nonsense"}, ["n5", "n4", "n3", "n2", "n1"]),
        ({"before": "nonsense"}, ["n5", "n4", "n3", "n2", "n1"]),
        ({"since": "yesterday"}, ["n5", "n4", "n3", "n2", "n1"]),
    ],
)
def test_each_filter_narrows_the_list(
    client: Client,
    channel: Channel,
    world: World,
    asked: dict[str, str],
    expected: list[str],
) -> None:
    lead = rows.lead(world.workspace, name="Beatriz Souza")
    rows.identity(lead, value="5511966660001")
    thread = rows.conversation(lead, channel)
    rows.send(channel, text="n0", at=ago(days=12))
    rows.send(channel, text="n1", at=ago(minutes=9), thread=thread, to="5511966660001")
    rows.send(channel, text="n2", at=ago(minutes=8), delivery="failed", reason="131026")
    rows.send(channel, text="n3", at=ago(minutes=7), state="failed", reason="131047")
    rows.send(channel, text="n4", at=ago(minutes=6), state="uncertain")
    rows.send(
        channel,
        text="n5",
        at=ago(minutes=5),
        to="5511977770005",
        content=Template("aviso", "pt_BR"),
    )

    assert told(client, **asked) == expected


def test_one_number_of_several(client: Client, channel: Channel, world: World) -> None:
    other = make.channel(world.workspace, display_name="Entregas")
    rows.send(channel, text="n1", at=ago(hours=1))
    rows.send(other, text="n2", at=ago(hours=2))

    assert told(client, number=str(other.key)) == ["n2"]


def test_pages_follow_each_other_while_new_sends_come(
    client: Client, channel: Channel
) -> None:
    for number in range(60):
        rows.send(channel, text=f"n{number}", at=ago(minutes=60 - number))
    first = body(client, period="day")
    [older] = re.findall(r'rel="next" href="\?([^"]*)"', first)
    rows.send(channel, text="n60", at=ago(seconds=1))

    asked = {name: one for name, [one] in parse_qs(older.replace("&amp;", "&")).items()}

    assert told(client, **asked) == [f"n{number}" for number in range(9, -1, -1)]


def test_sends_of_one_moment_stand_on_one_page_each(
    client: Client, channel: Channel
) -> None:
    moment = ago(hours=1)
    for number in range(60):
        rows.send(channel, text=f"n{number}", at=moment)
    first = body(client)
    [older] = re.findall(r'rel="next" href="\?([^"]*)"', first)

    seen = re.findall(r"<bdi>(n\d+)</bdi>", first) + told(
        client, before=older.partition("before=")[2]
    )

    assert len(seen) == len(set(seen)) == 60


# --- figures --------------------------------------------------------------------
def test_every_number_opens_its_rows(client: Client, channel: Channel) -> None:
    for number, at in enumerate((5, 50, 70, 130, 3000)):
        rows.send(channel, text=f"n{number}", at=ago(minutes=at), delivery="delivered")
    rows.send(channel, text="n5", at=ago(minutes=75), state="failed", reason="131026")
    rows.send(channel, text="n6", at=ago(minutes=76), state="uncertain", reason="fault")
    page = body(client, table="1")

    counted = re.findall(r'<a[^>]* href="/w/padaria/sends/\?([^"]+)">(\d+)</a>', page)

    assert len(counted) > 10
    for query, number in counted:
        asked = {
            name: one for name, [one] in parse_qs(query.replace("&amp;", "&")).items()
        }
        assert len(told(client, **asked)) == int(number), query


def test_figures_add_up_and_say_their_period(client: Client, channel: Channel) -> None:
    for at in (1, 2, 26):
        rows.send(channel, at=ago(hours=at), delivery="read")

    page = body(client, period="day")

    assert "2 sends" in page
    assert "America/Sao_Paulo" in page
    assert "By the hour" in page
    assert "By the day" in body(client, period="month")


def test_what_a_search_finds_goes_on_over_pages(
    client: Client, channel: Channel, world: World
) -> None:
    """Many of one moment, as a mailing leaves them, and some that say another thing."""
    moment = ago(hours=1)
    for number in range(7):
        rows.send(channel, text=f"pedido n{number}", at=moment)
        rows.send(channel, text="outra coisa", at=moment)
    since, until = ago(days=1), ago()
    filters = SendFilter(since, until, text="pedido")
    listed, before = [], ""
    for size in (3, 3, 3):
        with workspace_transaction(world.workspace.pk):
            page = list_sends(world.workspace, filters, before=before, size=size)
        listed += [row.text for row in page.rows]
        before = page.older or ""

    assert listed == [f"pedido n{number}" for number in reversed(range(7))]
    assert before == ""


def test_a_search_is_listed_and_not_counted(client: Client, channel: Channel) -> None:
    rows.send(channel, text="n1", at=ago(hours=1))

    page = body(client, q="n1")

    assert "listed and not counted" in page
    assert "In figures" not in page


def test_the_home_page_counts_what_needs_somebody(
    client: Client, channel: Channel
) -> None:
    assert "Nothing at the moment" in body(client, "/w/padaria/")
    rows.send(channel, text="n1", at=ago(minutes=1), state="failed", reason="131026")
    rows.send(channel, text="n2", at=ago(minutes=1), state="uncertain")
    rows.send(channel, text="n3", at=ago(days=2), state="failed", reason="131026")

    page = body(client, "/w/padaria/")

    found = re.findall(r'href="(/w/padaria/sends/\?[^"]+)">(\d) send', page)
    assert [number for _, number in found] == ["1", "1"]
    for address, _ in found:
        query = urlsplit(address.replace("&amp;", "&")).query
        asked = {name: one for name, [one] in parse_qs(query).items()}
        assert len(told(client, **asked)) == 1


# --- what holds them back ----------------------------------------------------------
def test_a_paused_number_a_silent_provider_and_the_fence_are_told(
    client: Client, channel: Channel, world: World
) -> None:
    assert "Why sends are waiting" not in body(client)
    ChannelPace.objects.create(
        workspace=world.workspace,
        channel=channel,
        next_turn_at=timezone.now(),
        is_paused=True,
    )
    assert channel.integration is not None
    Breaker.objects.create(
        workspace=world.workspace,
        integration=channel.integration,
        failures=7,
        opened_at=ago(minutes=5),
        reason="connect_failed",
    )
    OutboxFence.objects.update_or_create(id=1, defaults={"closed_at": ago(hours=1)})

    page = body(client)

    assert "sending is paused" in page
    assert "has not answered for 5" in page
    assert "could not be reached" in page
    assert "manage.py outbox_fence" in page


# --- the file ---------------------------------------------------------------------
def test_the_file_has_every_page_of_the_filters_and_no_formula(
    client: Client, channel: Channel, world: World
) -> None:
    for number in range(55):
        rows.send(channel, text=f"n{number}", at=ago(minutes=number))
    rows.send(channel, text="=2+2", at=ago(minutes=1), state="failed", reason="131026")

    response = client.get(f"{LIST}export.csv")
    lines = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    assert len(lines) == 57
    [failed] = [line for line in lines if "Failed" in line]
    assert "'=2+2" in failed
    assert AuditEvent.objects.for_workspace(world.workspace).filter(
        action="send.exported"
    )


def test_the_file_keeps_the_filters(client: Client, channel: Channel) -> None:
    rows.send(channel, text="n1", at=ago(minutes=1), state="failed", reason="131026")
    rows.send(channel, text="n2", at=ago(minutes=1))

    response = client.get(f"{LIST}export.csv", {"state": "failed"})

    assert response.getvalue().decode().count("\r\n") == 2
    refused = client.get(f"{LIST}export.csv", {"state": "nonsense"})
    assert refused.status_code == 302


# --- who --------------------------------------------------------------------------
def test_a_viewer_reads_and_chooses_nothing(
    channel: Channel, world: World, signed_in: Sign
) -> None:
    viewer = people.user(email="viewer@example.com")
    people.membership(world.workspace, viewer, role="viewer")
    entry = rows.send(channel, at=ago(hours=1), state="failed", reason="131026")
    client = signed_in(viewer)

    page = client.get(LIST).content.decode()

    assert str(entry.key) in page
    assert "checkbox" not in page
    assert "sends/act" not in client.get(f"{LIST}{entry.key}/").content.decode()
    assert client.post(f"{LIST}act/", {"act": "again"}).status_code == 403


def test_others_see_nothing_of_it(
    channel: Channel, world: World, signed_in: Sign
) -> None:
    entry = rows.send(channel)
    outsider = signed_in(world.outsider)

    assert outsider.get(LIST).status_code == 404
    assert outsider.get(f"/w/oficina/sends/{entry.key}/").status_code == 404
    assert b"entrega" not in outsider.get("/w/oficina/sends/").content


def test_the_page_asks_as_much_for_many_rows_as_for_one(
    client: Client, channel: Channel, django_assert_num_queries: Any
) -> None:
    rows.send(channel, at=ago(hours=1), state="failed", reason="131026")
    client.get(LIST)
    with django_assert_num_queries(_QUERIES):
        client.get(LIST)
    for number in range(30):
        rows.send(channel, text=f"n{number}", at=ago(hours=1))
    with django_assert_num_queries(_QUERIES):
        client.get(LIST)


_QUERIES = 12
