"""Who may listen, what they hear, and that a break loses nothing. Real Redis, real rows."""

import asyncio
import time

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts import broadcast
from accounts.broadcast import EVERY_KEY, KEPT, Kind
from accounts.models import BrowserSession, Membership
from accounts.sso import sessions as browser_sessions
from tests.factories import tickets as make
from tests.walls import as_owner
from tests.webhooks.streams.pages import PATIENCE, Page
from tickets.services import client_links, tickets
from tickets.services.tickets import By
from webhooks.streams import admission, application, hub

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def impatient(monkeypatch):
    """Asks again within a second, not within half a minute."""
    monkeypatch.setattr(admission, "ASK_AGAIN_SECONDS", (0.1, 0.2))
    monkeypatch.setattr(admission, "UNCONFIRMED_SECONDS", 3.0)


def owned(function):
    return sync_to_async(as_owner()(function))


# --- who may listen ---------------------------------------------------------
async def test_a_member_hears_what_changes_in_their_workspace(live):
    async with live.page() as page:
        ready = await page.hears("ready")
        await live.tell("a", "b")
        heard = await page.hears("change")

    assert page.status == 200
    assert heard.news == {"ticket": ["a", "b"]}
    assert heard.id > ready.id
    assert page.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert page.headers["cache-control"] == "no-store, no-transform"
    assert page.headers["x-accel-buffering"] == "no"
    assert b"retry: " in page.raw


@pytest.mark.parametrize(
    ("who", "slug", "status"),
    [
        ("nobody", "padaria", 401),
        ("outsider", "padaria", 404),
        ("owner", "oficina", 404),
        ("owner", "no-such-place", 404),
    ],
)
async def test_others_hear_nothing(live, who, slug, status):
    async with live.page(who, slug) as page:
        await page.ends()

    assert page.status == status
    assert page.headers["content-type"] == "application/json"


async def test_a_foreign_workspace_and_a_missing_one_are_answered_alike(live):
    async with live.page("owner", "oficina") as foreign:
        await foreign.ends()
    async with live.page("owner", "nirgendwo") as missing:
        await missing.ends()

    assert (foreign.status, foreign.raw) == (missing.status, missing.raw)


@pytest.mark.parametrize(
    "path",
    ["/live/", "/live/w/padaria", "/live/w/Padaria/", "/live/w/a/../b/", "/live/x/"],
)
async def test_other_addresses_are_not_found(live, path):
    async with Page(live.streams, path, session=live.sessions["owner"]) as page:
        await page.ends()

    assert page.status == 404


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "DELETE"])
async def test_only_get_is_answered(live, method):
    async with live.page(method=method) as page:
        await page.ends()

    assert page.status == 405
    assert page.headers["allow"] == "GET"


@pytest.mark.parametrize("session", ["x" * 32, "../../etc", "a b", "é" * 10])
async def test_a_session_that_is_none_is_refused(live, session):
    async with Page(live.streams, "/live/w/padaria/", session=session) as page:
        await page.ends()

    assert page.status == 401


async def test_another_workspace_is_never_heard(live):
    async with live.page("outsider", "oficina") as theirs, live.page() as ours:
        await theirs.hears("ready")
        await ours.hears("ready")
        await live.tell("a")
        await ours.hears("change")
        await theirs.hears_nothing()


async def test_who_is_removed_loses_the_stream(live, impatient):
    members = Membership.objects.for_workspace(live.world.workspace)
    async with live.page("agent") as page, live.page() as other:
        await page.hears("ready")
        await owned(members.filter(user=live.world.agent).delete)()
        await page.ends(6)
        async with live.page("agent") as again:
            await again.ends()

        assert not other.is_over
    assert again.status == 404


async def test_who_signs_out_loses_every_stream_of_that_browser(live, impatient):
    async with live.page("agent") as first, live.page("agent") as second:
        await first.hears("ready")
        await second.hears("ready")
        mine = BrowserSession.objects.filter(user=live.world.agent)
        await owned(browser_sessions.end)(mine, "revoked", now=timezone.now())
        await first.ends(6)
        await second.ends(6)


async def test_whom_nobody_confirms_loses_the_stream(live, impatient, monkeypatch):
    async with live.page() as page:
        await page.hears("ready")

        def broken(ask):
            raise OSError("the database is away")

        monkeypatch.setattr(admission, "_in_thread", broken)
        await page.ends(10)
        async with live.page("agent") as other:
            await other.ends()

    assert other.status == 503
    assert other.headers["retry-after"] == "5"


async def test_a_session_and_a_workspace_have_so_many_streams(live, settings):
    settings.LIVE_STREAMS_PER_SESSION = 2
    settings.LIVE_STREAMS_PER_WORKSPACE = 3
    async with live.page() as first, live.page() as second, live.page("agent") as third:
        for one in (first, second, third):
            await one.hears("ready")
        async with live.page() as too_many, live.page("agent") as no_room:
            await too_many.ends()
            await no_room.ends()

    assert (too_many.status, no_room.status) == (429, 429)
    assert too_many.headers["retry-after"] == "30"
    async with live.page() as again:
        await again.hears("ready")


# --- the client of a ticket -------------------------------------------------
@pytest.fixture
def ticket(world):
    client = make.client(world.workspace, oauth_id="usr_1")
    return make.ticket(world.workspace, client=client)


def link_of(ticket):
    return client_links.make(ticket).split("/t/")[1].rstrip("/")


async def test_a_client_hears_of_their_ticket_what_is_public(live, ticket):
    other = await owned(make.ticket)(live.world.workspace, number=2)
    comment = owned(tickets.comment)
    by, now = By(live.world.owner), timezone.now()
    async with Page(live.streams, f"/live/t/{link_of(ticket)}/") as page:
        await page.hears("ready")
        await comment(ticket, text="a", is_public=False, by=by, now=now)
        await comment(other, text="b", is_public=True, by=by, now=now)
        await sync_to_async(broadcast.flush)()
        await page.hears_nothing()
        await comment(ticket, text="c", is_public=True, by=by, now=now)
        heard = await page.hears("change")

    assert heard.news == {"public_ticket": [str(ticket.key)]}


async def test_a_link_that_is_none_or_withdrawn_opens_no_stream(
    live, ticket, impatient
):
    async with Page(live.streams, f"/live/t/{link_of(ticket)}x/") as forged:
        await forged.ends()
    async with Page(live.streams, f"/live/t/{link_of(ticket)}/") as page:
        await page.hears("ready")
        withdraw = owned(client_links.withdraw)
        await withdraw(ticket, actor=live.world.owner, now=timezone.now())
        await page.ends(6)

    assert forged.status == 404


# --- a break loses nothing --------------------------------------------------
async def test_who_comes_back_hears_what_was_missed(live):
    async with live.page() as page:
        ready = await page.hears("ready")
    await live.tell("a")
    await live.tell("b", kind=Kind.DELIVERY)

    async with live.page(last_event_id=ready.id) as again:
        await again.hears("ready")
        missed = await again.hears("change")
    async with live.page(query=f"last={missed.id}") as third:
        await third.hears("ready")
        await third.hears_nothing()

    assert missed.news == {"ticket": ["a"], "delivery": ["b"]}


async def test_a_page_hears_what_came_while_it_was_on_its_way(live):
    rendered = int(time.time() * 1000)
    await live.tell("a")

    async with live.page(query=f"since={rendered}") as page:
        heard = await page.hears("change")

    assert heard.news == {"ticket": ["a"]}


async def test_a_page_from_hours_ago_asks_for_everything(live):
    long_ago = int(time.time() * 1000) - 7 * 3600 * 1000

    async with live.page(query=f"since={long_ago}") as page:
        await page.hears("resync")


@pytest.mark.parametrize("count", [400, 1000])
async def test_a_thousand_events_are_told_or_everything_is_asked_for(live, count):
    async with live.page() as page:
        ready = await page.hears("ready")
    client = hub._connect()
    topic = broadcast.workspace_topic(live.world.workspace.key)
    for number in range(count):
        await client.xadd(
            broadcast.ring_of(topic),
            {"news": f'{{"ticket": ["{number}"]}}'},
            maxlen=KEPT,
            approximate=True,
        )
    await client.aclose()

    async with live.page(last_event_id=ready.id) as again:
        if count < KEPT:
            heard = await again.hears("change")
            assert heard.news == {"ticket": [EVERY_KEY]}
        else:
            await again.hears("resync")


@pytest.mark.parametrize(
    "garbage", ["x", "0-0", "99999999999999-0", "$", "é", "1-1\r\nx: y", "-" * 3000]
)
async def test_a_garbled_position_is_answered_with_everything(live, garbage):
    await live.tell("a")

    async with live.page(last_event_id=garbage) as page:
        await page.hears("resync")

    assert b"x: y" not in page.raw
    assert set(page.headers) == {name.decode() for name, _ in application._HEADERS}


async def test_after_a_flush_who_comes_back_asks_for_everything(live, server):
    async with live.page() as page:
        ready = await page.hears("ready")
        server.flush()
        await live.tell("a")
        heard = await page.hears("change")  # who stayed has missed nothing

        assert heard.news == {"ticket": ["a"]}
    async with live.page(last_event_id=ready.id) as again:
        await again.hears("resync")


async def test_redis_killed_is_told_and_nothing_is_lost_when_it_is_back(live, server):
    async with live.page() as page:
        await page.hears("ready")
        server.kill()
        await page.hears("away")
        topic = broadcast.workspace_topic(live.world.workspace.key)
        await sync_to_async(broadcast.tell)(topic, Kind.TICKET, ["a"])
        async with live.page("agent") as late:
            await late.hears("away")
            server.start()
            await page.hears("resync")
            await late.hears("resync")
            # The teller kept it, too; it may have been quicker back than the ear.
            assert await sync_to_async(broadcast.flush)(PATIENCE)
            assert {"ticket": ["a"]} in server.kept(topic)


async def test_who_does_not_read_costs_little_and_asks_for_everything(live):
    async with live.page() as slow, live.page("agent") as quick:
        await slow.hears("ready")
        await quick.hears("ready")
        slow.may_read.clear()
        for number in range(hub.MOST_WAITING + 40):
            await live.tell(f"{number}")
        told = 0
        while told < hub.MOST_WAITING + 40:
            told += len((await quick.hears("change")).news["ticket"])
        (listener,) = (
            one for one in live.streams._admissions.listeners if one._is_behind
        )
        assert len(listener._frames) == 1
        slow.may_read.set()
        await slow.hears("resync")
        await live.tell("last")
        assert (await slow.hears("change")).news == {"ticket": ["last"]}


async def test_a_browser_that_takes_nothing_is_given_up(live, monkeypatch):
    monkeypatch.setattr(application, "SEND_SECONDS", 0.3)
    async with live.page() as page:
        await page.hears("ready")
        page.may_read.clear()
        await live.tell("a")
        await page.ends()

    assert live.streams._admissions.listeners == []


async def test_an_idle_stream_has_a_heartbeat(live, monkeypatch):
    monkeypatch.setattr(application, "HEARTBEAT_SECONDS", (0.05, 0.1))
    async with live.page() as page:
        await page.hears("ready")
        await asyncio.sleep(0.4)

    assert page.raw.count(b"\n\n:\n\n") >= 1


async def test_a_server_that_stops_ends_its_streams(live):
    async with live.page() as page:
        await page.hears("ready")
        began = time.monotonic()
        await live.streams.stop()
        await page.ends(1)

        assert time.monotonic() - began < 1
        async with live.page() as late:
            await late.ends()
    assert late.status == 503


async def test_a_page_that_goes_leaves_nothing_behind(live):
    async with live.page() as page:
        await page.hears("ready")

    assert live.streams._admissions.listeners == []
    assert live.streams._admissions._passes == {}
    assert live.streams._admissions._counts == {}
    assert live.streams._hub._listeners == {}
