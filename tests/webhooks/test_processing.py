from datetime import UTC, datetime

import pytest

from tests.factories import cloud_api as cloud
from webhooks import processing
from whatsapp.models import (
    Attribution,
    Conversation,
    Lead,
    MediaAsset,
    Message,
    Touch,
    WaitingStatus,
)


def snapshot(shop):
    return [
        list(shop.rows(model).order_by("pk").values())
        for model in (Lead, Conversation, Message, Attribution, Touch)
    ]


def test_a_first_message_makes_lead_conversation_message_and_verdict(shop):
    (row,) = shop.process(cloud.body(cloud.message("Bom dia")))

    assert row.error == ""
    lead = shop.rows(Lead).get()
    conversation = shop.rows(Conversation).get()
    message = shop.rows(Message).get()
    assert row.state == "done"
    assert row.outcome == {"messages": 1}
    assert (lead.name, lead.is_anonymous) == ("Ana", True)
    assert lead.attribution.rule == "anonymous"
    assert conversation.lead == lead
    assert (conversation.preview, conversation.unread_count) == ("Bom dia", 1)
    assert conversation.last_inbound_at == datetime.fromtimestamp(1_760_000_000, UTC)
    assert (message.text, message.direction, message.origin) == (
        "Bom dia",
        "inbound",
        "live",
    )
    assert message.raw_webhook_id == row.pk


def test_the_first_message_shows_that_the_number_works(shop):
    assert shop.channel.state == "new"

    shop.process(cloud.body(cloud.message()))

    shop.channel.refresh_from_db()
    assert shop.channel.state == "connected"


def test_a_message_posted_twice_is_stored_once(shop):
    body = cloud.body(cloud.message("Oi", id_="wamid.same"))

    first, second = shop.process(body, body)
    (third,) = shop.process(body)

    assert shop.rows(Message).count() == 1
    assert shop.rows(Conversation).get().message_count == 1
    assert first.outcome == {"messages": 1}
    assert second.outcome == third.outcome == {"duplicates": 1}


def test_what_was_said_within_one_second_stays_in_the_order_it_came_in(shop):
    said = [("Primeiro", "wamid.9"), ("Segundo", "wamid.10"), ("Terceiro", "wamid.1")]

    shop.process(*(cloud.body(cloud.message(text, id_=id_)) for text, id_ in said))

    told = shop.rows(Message).order_by("provider_at", "pk")
    assert [one.text for one in told] == ["Primeiro", "Segundo", "Terceiro"]
    assert shop.rows(Conversation).get().preview == "Terceiro"


def test_an_echo_makes_no_lead_and_waits_for_the_person(shop):
    (row,) = shop.process(cloud.echo("Podemos ajudar?"))

    assert row.outcome == {"messages": 1}
    assert not shop.rows(Lead).exists()
    echo = shop.rows(Message).get()
    assert (echo.conversation, echo.direction, echo.origin) == (
        None,
        "outbound",
        "echo",
    )

    shop.process(cloud.body(cloud.message("Sim", at=1_760_000_500)))

    echo.refresh_from_db()
    conversation = shop.rows(Conversation).get()
    assert echo.conversation == conversation
    assert (conversation.message_count, conversation.unread_count) == (2, 1)


def test_an_echo_to_a_known_person_opens_no_window(shop):
    shop.process(cloud.body(cloud.message("Oi", at=1_760_000_000)))

    shop.process(cloud.echo("Olá!", at=1_760_009_000))

    conversation = shop.rows(Conversation).get()
    assert conversation.last_inbound_at == datetime.fromtimestamp(1_760_000_000, UTC)
    assert (conversation.last_direction, conversation.preview) == ("outbound", "Olá!")
    assert conversation.unread_count == 1


def test_history_makes_no_lead_and_a_live_copy_takes_over(shop):
    message = cloud.message("Oi", id_="wamid.h")
    shop.process(cloud.history(message))
    assert not shop.rows(Lead).exists()

    shop.process(cloud.body(message))

    stored = shop.rows(Message).get()
    assert (stored.origin, stored.conversation.lead.name) == ("live", "Ana")
    assert shop.rows(Conversation).get().unread_count == 1


def test_a_group_message_is_kept_apart_from_the_persons_thread(shop):
    shop.process(cloud.body(cloud.message("no grupo", group_id="120@g.us")))
    assert not shop.rows(Lead).exists()

    shop.process(cloud.body(cloud.message("direto")))

    group, direct = shop.rows(Message).order_by("pk")
    assert (group.text, group.conversation) == ("no grupo", None)
    assert direct.conversation.message_count == 1


def test_statuses_climb_whatever_their_order(shop):
    shop.process(cloud.echo("Olá", id_="wamid.out"))

    shop.process(
        cloud.body(statuses=(cloud.status("wamid.out", "read", at=1_760_000_300),)),
        cloud.body(statuses=(cloud.status("wamid.out", "sent", at=1_760_000_100),)),
        cloud.body(
            statuses=(cloud.status("wamid.out", "delivered", at=1_760_000_200),)
        ),
    )

    message = shop.rows(Message).get()
    assert message.status == "read"
    told = set(message.status_events.values_list("status", flat=True))
    assert told == {"sent", "delivered", "read"}


def test_a_status_before_its_message_waits_for_it(shop):
    shop.process(cloud.body(statuses=(cloud.status("wamid.out", "delivered"),)))
    assert shop.rows(WaitingStatus).count() == 1

    shop.process(cloud.echo("Olá", id_="wamid.out"))

    assert shop.rows(Message).get().status == "delivered"
    assert not shop.rows(WaitingStatus).exists()


def test_a_failure_yields_only_to_a_later_delivery(shop):
    shop.process(cloud.echo("Olá", id_="wamid.out"))
    failed = cloud.status(
        "wamid.out", "failed", at=1_760_000_200, errors=[{"code": 131026, "title": "x"}]
    )

    shop.process(
        cloud.body(statuses=(failed,)),
        cloud.body(
            statuses=(cloud.status("wamid.out", "delivered", at=1_760_000_100),)
        ),
    )
    message = shop.rows(Message).get()
    assert (message.status, message.error_code) == ("failed", "131026")

    shop.process(
        cloud.body(statuses=(cloud.status("wamid.out", "read", at=1_760_000_900),))
    )
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("read", "")


def test_media_gets_an_asset_and_unknown_kinds_are_kept(shop):
    shop.process(
        cloud.body(
            cloud.message(
                type="image",
                image={"id": "m1", "mime_type": "image/jpeg", "caption": "foto"},
            ),
            cloud.message(type="hologram", hologram={"x": 1}),
        )
    )

    assert shop.rows(MediaAsset).get().external_id == "m1"
    kinds = set(shop.rows(Message).values_list("kind", flat=True))
    assert kinds == {"image", "unsupported"}


def test_broken_json_is_parked_with_a_reason(shop):
    row, good = shop.process(b'{"entry": [', cloud.body(cloud.message()))

    assert row.state == "parked"
    assert row.error
    assert bytes(row.body) == b'{"entry": ['
    assert good.state == "done"


@pytest.mark.parametrize(
    "body",
    [
        b"\x00",
        b"[" * 100_000,
        b'{"entry":' * 50_000,
        b'{"entry":[{"changes":[{"value":{"messages":[{"id":"\\ud800","from":"\\u0000"}]}}]}]}',
        b'{"object":' + b"9" * 10_000 + b"}",
        b'{"entry":1,"entry":[]}',
        b"\xff\xfe",
        b"null",
    ],
)
def test_garbage_never_stops_the_corridor(shop, body):
    row, good = shop.process(body, cloud.body(cloud.message()))

    assert row.state in {"parked", "done", "ignored", "unrouted"}
    assert bytes(row.body) == body
    assert good.state == "done"


def test_nul_and_surrogates_in_a_message_are_stored_readably(shop):
    text = cloud.body(cloud.message("a\x00b")).replace(b"Ana", b"A\\ud800")

    (row,) = shop.process(text)

    assert row.state == "done"
    assert shop.rows(Message).get().text.startswith("a")


def test_a_number_of_nobody_is_unrouted_with_a_reason(shop):
    (row,) = shop.process(cloud.body(cloud.message(), number="999"))

    assert row.state == "unrouted"
    assert "999" in row.error
    assert not shop.rows(Message).exists()


def test_a_row_speaks_only_for_its_own_integration(shop, world, make_shop_for):
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )

    (row,) = shop.process(cloud.body(cloud.message(), number="777"))

    assert row.state == "unrouted"
    assert not other.rows(Message).exists()


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        ("+5511987654321", "551187654321"),
        ("+525512345678", "5215512345678"),
        ("+541123456789", "5491123456789"),
    ],
)
def test_our_number_is_known_in_each_of_its_forms(world, make_shop_for, ours, told):
    shop = make_shop_for(world.workspace, phone=ours, external_id=None)

    (row,) = shop.process(cloud.body(cloud.message(), number="1", phone=told))

    assert (row.state, row.outcome) == ("done", {"messages": 1})


def test_a_landline_is_not_taken_for_a_mobile_number(world, make_shop_for):
    shop = make_shop_for(world.workspace, phone="+5511933334444", external_id=None)

    (row,) = shop.process(cloud.body(cloud.message(), number="1", phone="551133334444"))

    assert row.state == "unrouted"


def test_a_body_for_several_workspaces_reaches_each(shop, world, make_shop_for):
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )
    for body in (
        cloud.body(cloud.message("aqui")),
        cloud.body(cloud.message("lá"), number="777"),
    ):
        shop.receive(body, workspace=None, integration=None)

    processing.drain(budget_seconds=10)

    assert shop.rows(Message).get().text == "aqui"
    assert other.rows(Message).get().text == "lá"


@pytest.mark.parametrize(
    "odd",
    [
        {"id_": "wamid." + "x" * 500},
        {"biz_opaque_callback_data": "y" * 512},
        {"recipient_id": "9" * 300},
        {"errors": [{"code": 10**30, "title": "t" * 5000, "message": "m" * 5000}]},
    ],
)
def test_a_status_with_oversized_fields_costs_only_itself(shop, odd):
    id_ = odd.pop("id_", "wamid.out")
    shop.process(cloud.echo("Olá", id_="wamid.out"))
    word = "failed" if "errors" in odd else "read"

    row, other = shop.process(
        cloud.body(
            statuses=(
                cloud.status(id_, word, **odd),
                cloud.status("wamid.out", "delivered"),
            )
        ),
        cloud.body(cloud.message()),
    )

    assert (row.state, row.errors) in {("done", 0), ("parked", 0)}
    assert "delivered" in shop.rows(Message).get(
        external_id="wamid.out"
    ).status_events.values_list("status", flat=True)
    assert other.state == "done"


@pytest.mark.parametrize(
    "odd",
    [
        {"id_": "wamid." + "x" * 500},
        {"sender": "9" * 300},
        {"name": "N" * 5000},
        {"context": {"id": "z" * 500}},
        {"referral": {"source_id": "1" * 900, "ctwa_clid": "c" * 2000}},
        {"text": {"body": "t" * 1_500_000}},
        {"type": "image", "image": {"id": "i" * 900, "mime_type": "m" * 900}},
        {"timestamp": "99999999999999999999"},
    ],
)
def test_a_message_with_oversized_fields_costs_only_itself(shop, odd):
    row, other = shop.process(
        cloud.body(cloud.message(**odd), cloud.message("neighbour")),
        cloud.body(cloud.message("other")),
    )

    assert (row.state, row.errors) in {("done", 0), ("parked", 0)}
    assert other.state == "done"
    assert shop.rows(Message).filter(text="neighbour").exists()


@pytest.mark.parametrize("told", ["5511987654321", "551187654321"])
def test_a_number_of_ours_without_an_id_is_known_in_either_notation(
    make_shop_for, world, told
):
    shop = make_shop_for(world.workspace, phone="+5511987654321", external_id=None)

    [row] = shop.process(cloud.body(cloud.message(), number="77001", phone=told))

    shop.channel.refresh_from_db()
    assert (row.state, shop.channel.external_id) == ("done", "77001")


@pytest.mark.parametrize("told", ["5511933334444", "551233334444", "5511833334444"])
def test_a_landline_of_ours_is_not_the_mobile_that_ends_alike(
    make_shop_for, world, told
):
    shop = make_shop_for(world.workspace, phone="+551133334444", external_id=None)

    [row] = shop.process(cloud.body(cloud.message(), number="77001", phone=told))

    assert row.state == "unrouted"
