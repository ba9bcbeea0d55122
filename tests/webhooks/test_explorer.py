"""The webhook explorer: what is listed, what is found, what is masked, and for whom."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make_numbers
from tests.factories import webhooks as make
from tests.walls import asked
from tests.webhooks.exploring import BROKEN, URL, actions, shown
from whatsapp.models import Conversation

SECRET_TEXT = "receita do pão da casa"


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


# --- the list -----------------------------------------------------------------
def test_the_list_shows_rows_of_this_workspace_with_what_they_led_to(
    shop, world, agent
):
    (done, parked) = shop.process(cloud.body(cloud.message()), BROKEN)
    foreign = make.raw_webhook(world.other_workspace)
    nobodys = make.raw_webhook(None)

    html = shown(agent.get(URL))

    assert str(done.key) in html
    assert str(parked.key) in html
    assert str(foreign.key) not in html
    assert str(nobodys.key) not in html
    assert "1 message stored" in html
    assert "1 parked" in html
    assert "Recado could not make sense of it" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=parked", {"parked"}),
        ("kind=messages", {"done"}),
        ("period=day", {"done", "parked"}),
        ("until=2020-01-01T00:00", set()),
        ("since=2020-01-01T00:00&state=done", {"done", "old"}),
        ("period=day&state=done", {"done"}),
    ],
)
def test_filters_narrow_the_list(shop, agent, query, found):
    rows = dict(
        zip(
            ("done", "parked"),
            shop.process(cloud.body(cloud.message()), BROKEN),
            strict=True,
        )
    )
    rows["old"] = make.raw_webhook(
        shop.workspace, state="done", received_at=timezone.now() - timedelta(days=3)
    )

    html = shown(agent.get(f"{URL}?{query}"))

    assert {name for name, row in rows.items() if str(row.key) in html} == found


def test_an_integration_narrows_the_list_and_a_foreign_one_is_an_error(
    shop, world, make_shop_for, agent
):
    row = shop.receive(cloud.body(cloud.message()))
    without = make.raw_webhook(shop.workspace)
    other = make_shop_for(
        world.other_workspace, external_id="7", phone="+5511955556666"
    )

    own = shown(agent.get(f"{URL}?integration={shop.integration.key}"))
    foreign = shown(agent.get(f"{URL}?integration={other.integration.key}"))

    assert str(row.key) in own
    assert str(without.key) not in own
    assert str(row.key) not in foreign
    assert "field__errors" in foreign


@pytest.mark.parametrize(
    "query",
    [
        "state=nothing",
        "since=yesterday",
        "period=century",
        "integration=1",
        "since=2026-02-01T00:00&until=2026-01-01T00:00",
        "before=" + "9" * 30,
        "before=x",
        "before=%00&after=-1",
        "since=%00",
        "kind=%00",
    ],
)
def test_impossible_filters_are_told_and_break_nothing(shop, agent, query):
    make.raw_webhook(shop.workspace)

    assert agent.get(f"{URL}?{query}").status_code == 200


def test_pages_follow_each_other_while_new_rows_come_in(shop, agent):
    made = [make.raw_webhook(shop.workspace, state="done") for _ in range(60)]

    first = agent.get(f"{URL}?state=done")
    older = first.context["page"].older
    make.raw_webhook(shop.workspace, state="done")
    second = agent.get(f"{URL}?state=done&before={older}")

    keys = [one["row"].key for one in (*first.context["rows"], *second.context["rows"])]
    assert keys == [row.key for row in reversed(made)]
    assert f"?state=done&amp;before={older}" in first.content.decode()


def test_the_list_costs_the_same_for_few_and_for_many(shop, agent):
    counts = []
    for _ in range(2):
        for _ in range(10):
            make.raw_webhook(shop.workspace, integration=shop.integration)
        with asked() as queries:
            agent.get(URL)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 10


# --- live tail ----------------------------------------------------------------
def test_the_tail_is_off_until_asked_for_and_then_adds_what_is_newer(shop, agent):
    first = make.raw_webhook(shop.workspace)
    assert 'hx-trigger="every' not in shown(agent.get(URL))
    assert f"after={first.pk}" in shown(agent.get(f"{URL}?live=1"))

    quiet = agent.get(f"{URL}?after={first.pk}", headers={"HX-Request": "true"})
    newer = make.raw_webhook(shop.workspace)
    news = shown(agent.get(f"{URL}?after={first.pk}", headers={"HX-Request": "true"}))

    assert quiet.status_code == 204
    assert "1 new request" in news
    assert str(newer.key) in news
    assert str(first.key) not in news
    assert f"after={newer.pk}" in news


# --- one request --------------------------------------------------------------
def test_a_request_is_masked_until_somebody_who_may_asks(shop, world, owner, agent):
    audit.record(workspace=world.workspace, action="workspace.added")
    (row,) = shop.process(
        cloud.body(cloud.message(SECRET_TEXT, sender="5511912345678", name="Beatriz"))
    )

    hidden = shown(agent.get(f"{URL}{row.key}/"))
    refused = agent.post(f"{URL}{row.key}/content/")
    opened = shown(owner.post(f"{URL}{row.key}/content/"))

    for private in (SECRET_TEXT, "Beatriz", "5511912345678"):
        assert private not in hidden
        assert private in opened
    assert "5678" in hidden
    assert refused.status_code == 403
    assert actions(world.workspace) == ["workspace.added", "inbox.content_shown"]
    assert audit.verify(world.workspace).is_intact


def test_a_request_names_its_events_and_leads_to_their_conversation(shop, agent):
    (row,) = shop.process(cloud.body(cloud.message()))
    (again,) = shop.process(bytes(row.body))
    conversation = shop.rows(Conversation).get()

    html = shown(agent.get(f"{URL}{row.key}/"))
    repeated = shown(agent.get(f"{URL}{again.key}/"))

    assert f"/conversations/{conversation.key}/" in html
    assert "Stored by this request" in html
    assert "Stored by another request" in repeated
    assert "The sender was proven" in html


@pytest.mark.parametrize(
    "body",
    [
        BROKEN,
        b"",
        b"\xff\xfe\x00",
        b"[" * 5000,
        b'{"a": ' * 3000,
        b"1" * 5000,
        json.dumps(
            {"text": "\ud800", "\u202e" + "5" * 12: [None, True, 1e300]}
        ).encode(),
        cloud.body(cloud.message("a\u202eb\u0000", id_="x\u0000y")),
    ],
)
def test_a_body_of_any_form_has_a_page(shop, owner, body):
    row = make.raw_webhook(shop.workspace, body=body, state="parked")

    assert owner.get(f"{URL}{row.key}/").status_code == 200
    opened = shown(owner.post(f"{URL}{row.key}/content/"))
    assert "\u202e" not in opened


def test_a_provider_that_is_gone_leaves_its_requests_readable(shop, owner):
    row = make.raw_webhook(shop.workspace, provider="gone", state="parked")

    assert "ended with an error" in shown(owner.get(f"{URL}{row.key}/"))


def test_a_body_that_stopped_workers_is_not_opened(shop, owner):
    row = make.raw_webhook(shop.workspace, state="parked", attempts=5)

    assert "has stopped work before" in shown(owner.get(f"{URL}{row.key}/"))


def test_secrets_stay_masked_even_when_content_is_shown(shop, owner):
    body = json.dumps({"access_token": "EAAsecret", "Authorization": "Bearer b"})
    row = make.raw_webhook(
        shop.workspace, body=body.encode(), headers={"authorization": "Bearer c"}
    )

    html = shown(owner.post(f"{URL}{row.key}/content/"))

    assert "EAAsecret" not in html
    assert "Bearer" not in html


def test_the_bytes_come_as_a_file_and_that_is_audited(shop, world, owner, agent):
    body = b"<script>alert(1)</script>\xff"
    row = make.raw_webhook(shop.workspace, body=body)

    file = owner.post(f"{URL}{row.key}/raw/")

    assert file.content == body
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert agent.post(f"{URL}{row.key}/raw/").status_code == 403
    assert actions(world.workspace) == ["inbox.content_downloaded"]


def test_foreign_and_missing_requests_are_the_same_404(shop, world, owner):
    rows = [make.raw_webhook(world.other_workspace), make.raw_webhook(None)]
    keys = [row.key for row in rows] + [uuid.uuid4()]

    for key in keys:
        assert owner.get(f"{URL}{key}/").status_code == 404
        for act in ("content", "raw", "park"):
            assert owner.post(f"{URL}{key}/{act}/", {"reason": "x"}).status_code == 404
    assert actions(world.other_workspace) == []


# --- which number, and the way back ---------------------------------------------
def test_rows_of_one_number_are_those_whose_body_names_it(shop, agent):
    other = make_numbers.channel(
        shop.workspace, integration=shop.integration, display_name="Suporte"
    )
    of_shop = make.raw_webhook(shop.workspace, integration=shop.integration)
    of_other = make.raw_webhook(
        shop.workspace,
        integration=shop.integration,
        body=cloud.body(
            cloud.message(), number=str(other.external_id), phone="5511900"
        ),
    )

    html = shown(agent.get(f"{URL}?channel={other.key}"))

    assert "Suporte · +55" in html
    assert str(of_other.key) in html
    assert str(of_shop.key) not in html


def test_a_row_leads_back_to_the_list_it_was_found_in(world, owner):
    row = make.raw_webhook(world.workspace, state="parked", error="not JSON: x")

    listed = shown(owner.get(f"{URL}?state=parked&before=999999"))
    address = f"{URL}{row.key}/?from=state%3Dparked%26before%3D999999"
    page = shown(owner.get(address))

    assert f'href="{address}"' in listed
    assert f'class="crumb" href="{URL}?state=parked&amp;before=999999"' in page


@pytest.mark.parametrize("told", ["//evil.example", '"><script>', "x" * 2000])
def test_the_way_back_is_never_an_address(world, owner, told):
    row = make.raw_webhook(world.workspace)

    page = shown(owner.get(f"{URL}{row.key}/", {"from": told}))

    assert f'class="crumb" href="{URL}' in page
    assert 'href="//evil' not in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            "names number 123, which is not connected here",
            "The number 123 is not connected here",
        ),
        ("not JSON at character 11: Expecting value", "Not JSON from character 11 on"),
        ("5 workers took it and never came back", "5 workers took it"),
        ("by hand: waits for Monday", "Set aside by a person: waits for Monday"),
        ("nested too deeply", "nested too deeply"),
    ],
)
def test_the_reason_is_told_in_words(world, agent, error, told):
    make.raw_webhook(world.workspace, state="parked", error=error)

    assert told in shown(agent.get(URL))
