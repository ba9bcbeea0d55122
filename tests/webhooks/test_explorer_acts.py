"""What the webhook explorer does with requests: replayed, parked, and those of nobody."""

import pytest

from tests.factories import cloud_api as cloud
from tests.factories import webhooks as make
from tests.webhooks.exploring import BROKEN, URL, actions, shown
from webhooks.models import RawWebhook
from whatsapp.models import Message


@pytest.fixture
def owner(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


@pytest.fixture
def agent(world, signed_in):
    world.agent.language = "en"
    world.agent.save()
    return signed_in(world.agent)


@pytest.fixture
def platform_admin(world, signed_in):
    world.outsider.is_platform_admin = True
    world.outsider.language = "en"
    world.outsider.save()
    return signed_in(world.outsider)


# --- replay and park ----------------------------------------------------------
def test_a_replay_is_tried_first_and_changes_nothing_until_confirmed(
    shop, world, owner
):
    (row,) = shop.process(cloud.body(cloud.message()))
    shop.rows(Message).delete()

    tried = shown(owner.post(f"{URL}replay/", {"row": row.key}))
    row.refresh_from_db()
    assert "1 new message" in tried
    assert row.state == "done"
    assert not shop.rows(Message).exists()

    for _ in range(2):  # a double submit does it once
        owner.post(f"{URL}replay/", {"row": row.key, "step": "do"})
    row.refresh_from_db()
    assert row.state == "received"
    assert actions(world.workspace) == ["inbox.replayed"]


def test_a_range_takes_what_the_filter_shows_and_nothing_newer(shop, owner):
    done, parked = shop.process(cloud.body(cloud.message()), BROKEN)
    tried = owner.post(f"{URL}replay/", {"range": "1", "state": "parked"})
    fields = dict(tried.context["fields"])
    later = make.raw_webhook(shop.workspace, body=BROKEN, state="parked")

    owner.post(f"{URL}replay/", fields | {"step": "do"})

    states = {row.pk: row.state for row in RawWebhook.objects.all()}
    assert states == {done.pk: "done", parked.pk: "received", later.pk: "parked"}


def test_rows_that_stop_again_are_told(shop, owner):
    (row,) = shop.process(BROKEN)

    assert "These would stop again" in shown(
        owner.post(f"{URL}replay/", {"row": row.key})
    )


def test_a_range_with_a_broken_filter_replays_nothing(shop, owner):
    (row,) = shop.process(BROKEN)

    for fields in ({"range": "1", "state": "nonsense"}, {}, {"row": "nonsense"}):
        answer = owner.post(f"{URL}replay/", fields | {"step": "do"})
        assert answer.status_code == 302
    row.refresh_from_db()
    assert row.state == "parked"


def test_rows_of_others_are_never_replayed_from_here(shop, world, owner):
    rows = [
        make.raw_webhook(workspace, state="parked", body=BROKEN)
        for workspace in (world.other_workspace, None)
    ]

    owner.post(f"{URL}replay/", {"row": [row.key for row in rows], "step": "do"})
    owner.post(f"{URL}replay/", {"range": "1", "step": "do"})

    assert {row.state for row in RawWebhook.objects.all()} == {"parked"}


def test_parking_asks_for_a_reason(shop, world, owner):
    row = make.raw_webhook(shop.workspace)

    empty = shown(owner.post(f"{URL}{row.key}/park/", {"reason": " "}))
    owner.post(f"{URL}{row.key}/park/", {"reason": "número em troca"})

    row.refresh_from_db()
    assert "field__errors" in empty
    assert (row.state, row.error) == ("parked", "by hand: número em troca")
    assert actions(world.workspace) == ["inbox.parked"]


def test_who_may_not_operate_the_inbox_is_offered_nothing_and_refused(shop, agent):
    (row,) = shop.process(BROKEN)

    assert '<form method="post" action="/w/padaria/webhooks' not in shown(
        agent.get(f"{URL}{row.key}/")
    )
    assert 'type="checkbox"' not in shown(agent.get(URL))
    assert agent.post(f"{URL}replay/", {"row": row.key}).status_code == 403
    assert agent.post(f"{URL}{row.key}/park/", {"reason": "x"}).status_code == 403


def test_what_changes_things_takes_no_get(shop, owner):
    row = make.raw_webhook(shop.workspace)

    for path in (
        "replay/",
        f"{row.key}/content/",
        f"{row.key}/raw/",
        f"{row.key}/park/",
    ):
        assert owner.get(f"{URL}{path}").status_code == 405


# --- the platform -------------------------------------------------------------
def test_the_platform_shows_rows_of_nobody_to_its_admins_alone(
    shop, world, owner, platform_admin, client
):
    nobodys = make.raw_webhook(None, state="unrouted", error="names number 1")
    own = make.raw_webhook(shop.workspace, state="parked")

    html = shown(platform_admin.get("/platform/webhooks/"))
    page = shown(platform_admin.get(f"/platform/webhooks/{nobodys.key}/"))

    assert str(nobodys.key) in html
    assert str(own.key) not in html
    assert "Connect that number" in page
    assert platform_admin.get(f"/platform/webhooks/{own.key}/").status_code == 404
    assert owner.get("/platform/webhooks/").status_code == 404
    assert owner.post("/platform/webhooks/replay/", {"range": "1"}).status_code == 404
    assert client.get("/platform/webhooks/").status_code == 302


def test_a_platform_replay_leaves_workspaces_alone(shop, platform_admin):
    nobodys = make.raw_webhook(None, state="unrouted")
    own = make.raw_webhook(shop.workspace, state="parked", body=BROKEN)

    tried = platform_admin.post("/platform/webhooks/replay/", {"range": "1"})
    platform_admin.post(
        "/platform/webhooks/replay/",
        {"row": [nobodys.key, own.key], "step": "do"},
    )

    nobodys.refresh_from_db()
    own.refresh_from_db()
    assert tried.status_code == 200
    assert (nobodys.state, own.state) == ("received", "parked")


def test_work_on_rows_of_nobody_is_in_the_log(platform_admin, caplog):
    row = make.raw_webhook(None, state="unrouted")

    with caplog.at_level("INFO"):
        opened = platform_admin.post(f"/platform/webhooks/{row.key}/content/")
        platform_admin.post(f"/platform/webhooks/{row.key}/raw/")

    assert opened.status_code == 200
    told = [one.message for one in caplog.records if one.name == "webhooks.views.acts"]
    assert told == ["inbox.content_shown", "inbox.content_downloaded"]


# --- how far a replay has come ------------------------------------------------
def test_a_replay_tells_how_far_it_has_come_and_ends(world, owner):
    rows = [make.raw_webhook(world.workspace, state="done") for _ in range(3)]
    choice = {"row": [row.key for row in rows], "step": "do"}

    answer = owner.post(f"{URL}replay/", choice)
    address = answer.headers["Location"]
    begun = shown(owner.get(address))
    later = make.raw_webhook(world.workspace)  # came in since, no part of it
    RawWebhook.objects.exclude(pk__in=[rows[0].pk, later.pk]).update(state="done")
    underway = shown(owner.get(address, headers={"HX-Request": "true"}))
    RawWebhook.objects.exclude(pk=later.pk).update(state="done")
    ended = shown(owner.get(address, headers={"HX-Request": "true"}))

    assert address == f"{URL}?replayed=3-{rows[-1].pk}"
    assert "0 of 3" in begun
    assert "2 of 3" in underway
    assert 'hx-trigger="every 2s"' in underway
    assert "3 of 3" in ended
    assert 'hx-trigger="every' not in ended


@pytest.mark.parametrize("told", ["", "0-1", "3", "-", "3-x", "9" * 40 + "-1"])
def test_nonsense_about_a_replay_is_left_out(agent, told):
    assert "webhook-progress" not in shown(agent.get(URL, {"replayed": told}))
