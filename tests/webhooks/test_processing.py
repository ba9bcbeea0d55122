from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import cloud_api as cloud
from webhooks import inbox, processing
from webhooks.models import RawWebhook
from whatsapp import tokens
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    MediaAsset,
    Message,
    Touch,
    WaitingStatus,
)


def rows(model, shop):
    return model.objects.for_workspace(shop.workspace)


def click(shop, *, token=None, at=None, lead=None):
    return Touch.objects.create(
        workspace=shop.workspace,
        kind="link",
        channel=shop.channel,
        token=token or tokens.new_token(),
        occurred_at=at or timezone.now(),
        lead=lead,
    )


def test_a_first_message_makes_lead_conversation_message_and_verdict(shop):
    (row,) = shop.process(cloud.body(cloud.message("Bom dia")))

    assert row.error == ""
    lead = rows(Lead, shop).get()
    conversation = rows(Conversation, shop).get()
    message = rows(Message, shop).get()
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

    assert rows(Message, shop).count() == 1
    assert rows(Conversation, shop).get().message_count == 1
    assert first.outcome == {"messages": 1}
    assert second.outcome == third.outcome == {"duplicates": 1}


def test_a_token_in_the_text_names_the_click(shop):
    touch = click(shop)

    shop.process(
        cloud.body(cloud.message(f"Quero saber mais *vm_token:{touch.token}*"))
    )

    lead = rows(Lead, shop).get()
    touch.refresh_from_db()
    assert (lead.attribution.rule, lead.attribution.confidence) == ("token", "certain")
    assert lead.attribution.touch == touch
    assert lead.first_touch_token == touch.token
    assert touch.lead == lead
    assert not lead.is_anonymous


def test_a_damaged_token_is_rescued_as_probable(shop):
    touch = click(shop)
    damaged = touch.token[1] + touch.token[0] + touch.token[2:]
    if damaged == touch.token:
        damaged = touch.token[:-1]

    shop.process(cloud.body(cloud.message(f"vm_token:{damaged}")))

    verdict = rows(Lead, shop).get().attribution
    assert (verdict.rule, verdict.confidence) == ("token_rescue", "probable")
    assert verdict.touch == touch


def test_a_damaged_token_of_an_old_click_is_not_rescued(shop):
    touch = click(shop, at=timezone.now() - timedelta(hours=73))

    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))

    verdict = rows(Lead, shop).get().attribution
    assert verdict.rule == "anonymous"
    assert any("72 hours" in step.get("refused", "") for step in verdict.evidence)


def test_an_intact_token_replaces_a_rescued_one_and_history_stays(shop):
    touch = click(shop)
    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))

    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token}")))

    lead = rows(Lead, shop).get()
    assert lead.attribution.rule == "token"
    assert [one.rule for one in lead.attributions.order_by("pk")] == [
        "token_rescue",
        "token",
    ]


def test_first_touch_is_never_overwritten_by_a_later_one(shop):
    first, later = click(shop), click(shop)
    shop.process(cloud.body(cloud.message(f"vm_token:{first.token}")))

    shop.process(cloud.body(cloud.message(f"vm_token:{later.token}")))

    lead = rows(Lead, shop).get()
    assert lead.attribution.touch == first
    assert lead.first_touch_token == first.token
    assert set(lead.touches.values_list("pk", flat=True)) == {first.pk, later.pk}


def test_a_token_that_was_passed_on_is_only_probable_for_the_second_person(shop):
    touch = click(shop)
    text = f"vm_token:{touch.token}"

    shop.process(
        cloud.body(cloud.message(text, sender="5511911110001")),
        cloud.body(cloud.message(text, sender="5511911110002")),
    )
    shop.process(cloud.body(cloud.message(text, sender="5511911110003")))

    confidences = [
        lead.attribution.confidence for lead in rows(Lead, shop).order_by("pk")
    ]
    assert (
        sorted(confidences) == ["certain", "probable", "probable"]
        or confidences[2] == "probable"
    )
    touch.refresh_from_db()
    assert touch.lead == rows(Lead, shop).order_by("pk").first()


def test_a_lead_that_waited_under_its_token_is_joined(shop):
    waiting = Lead.objects.create(
        workspace=shop.workspace,
        name="",
        email="ana@example.com",
        first_touch_token="LANDING-77",
        created_at=timezone.now(),
    )

    shop.process(cloud.body(cloud.message("Olá vm_token:landing-77")))

    lead = rows(Lead, shop).get()
    assert lead == waiting
    assert rows(Identity, shop).get().lead == waiting


def test_another_notation_of_the_number_is_the_same_lead(shop):
    shop.process(cloud.body(cloud.message("um", sender="5511987654321")))

    shop.process(cloud.body(cloud.message("dois", sender="551187654321")))

    lead = rows(Lead, shop).get()
    assert {one.value for one in lead.identities.all()} == {
        "5511987654321",
        "551187654321",
    }
    known = lead.attributions.order_by("pk").last()
    assert known.rule == "identity"
    assert "another notation" in str(known.evidence)
    assert lead.attribution.rule == "anonymous"


def test_an_ad_referral_is_kept_with_its_click_id(shop):
    referral = {
        "source_url": "https://fb.me/x",
        "source_type": "ad",
        "source_id": "120",
        "headline": "Bolo",
        "ctwa_clid": "ARA-1",
    }

    shop.process(cloud.body(cloud.message("Oi", referral=referral)))

    lead = rows(Lead, shop).get()
    touch = lead.attribution.touch
    assert (lead.attribution.rule, lead.attribution.confidence) == (
        "referral",
        "certain",
    )
    assert (touch.ctwa_clid, touch.ad_id, touch.source_url) == (
        "ARA-1",
        "120",
        "https://fb.me/x",
    )


def test_a_token_wins_over_a_referral_and_both_touches_are_kept(shop):
    touch = click(shop)
    referral = {"source_id": "120", "ctwa_clid": "ARA-1"}

    shop.process(
        cloud.body(cloud.message(f"vm_token:{touch.token}", referral=referral))
    )

    lead = rows(Lead, shop).get()
    assert lead.attribution.touch == touch
    assert lead.touches.count() == 2


def test_an_echo_makes_no_lead_and_waits_for_the_person(shop):
    (row,) = shop.process(cloud.echo("Podemos ajudar?"))

    assert row.outcome == {"messages": 1}
    assert not rows(Lead, shop).exists()
    echo = rows(Message, shop).get()
    assert (echo.conversation, echo.direction, echo.origin) == (
        None,
        "outbound",
        "echo",
    )

    shop.process(cloud.body(cloud.message("Sim", at=1_760_000_500)))

    echo.refresh_from_db()
    conversation = rows(Conversation, shop).get()
    assert echo.conversation == conversation
    assert (conversation.message_count, conversation.unread_count) == (2, 1)


def test_an_echo_to_a_known_person_opens_no_window(shop):
    shop.process(cloud.body(cloud.message("Oi", at=1_760_000_000)))

    shop.process(cloud.echo("Olá!", at=1_760_009_000))

    conversation = rows(Conversation, shop).get()
    assert conversation.last_inbound_at == datetime.fromtimestamp(1_760_000_000, UTC)
    assert (conversation.last_direction, conversation.preview) == ("outbound", "Olá!")
    assert conversation.unread_count == 1


def test_history_makes_no_lead_and_a_live_copy_takes_over(shop):
    message = cloud.message("Oi", id_="wamid.h")
    shop.process(cloud.history(message))
    assert not rows(Lead, shop).exists()

    shop.process(cloud.body(message))

    stored = rows(Message, shop).get()
    assert (stored.origin, stored.conversation.lead.name) == ("live", "Ana")
    assert rows(Conversation, shop).get().unread_count == 1


def test_a_group_message_is_kept_apart_from_the_persons_thread(shop):
    shop.process(cloud.body(cloud.message("no grupo", group_id="120@g.us")))
    assert not rows(Lead, shop).exists()

    shop.process(cloud.body(cloud.message("direto")))

    group, direct = rows(Message, shop).order_by("pk")
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

    message = rows(Message, shop).get()
    assert message.status == "read"
    told = set(message.status_events.values_list("status", flat=True))
    assert told == {"sent", "delivered", "read"}


def test_a_status_before_its_message_waits_for_it(shop):
    shop.process(cloud.body(statuses=(cloud.status("wamid.out", "delivered"),)))
    assert rows(WaitingStatus, shop).count() == 1

    shop.process(cloud.echo("Olá", id_="wamid.out"))

    assert rows(Message, shop).get().status == "delivered"
    assert not rows(WaitingStatus, shop).exists()


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
    message = rows(Message, shop).get()
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

    assert rows(MediaAsset, shop).get().external_id == "m1"
    kinds = set(rows(Message, shop).values_list("kind", flat=True))
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
    assert rows(Message, shop).get().text.startswith("a")


def test_a_number_of_nobody_is_unrouted_with_a_reason(shop):
    (row,) = shop.process(cloud.body(cloud.message(), number="999"))

    assert row.state == "unrouted"
    assert "999" in row.error
    assert not rows(Message, shop).exists()


def test_a_row_speaks_only_for_its_own_integration(shop, world, make_shop_for):
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )

    (row,) = shop.process(cloud.body(cloud.message(), number="777"))

    assert row.state == "unrouted"
    assert not rows(Message, other).exists()


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

    assert rows(Message, shop).get().text == "aqui"
    assert rows(Message, other).get().text == "lá"


def test_replay_changes_nothing(shop):
    touch = click(shop)
    shop.process(
        cloud.body(cloud.message(f"vm_token:{touch.token}")),
        cloud.echo("Olá", id_="wamid.out"),
        cloud.body(statuses=(cloud.status("wamid.out", "read"),)),
    )
    before = snapshot(shop)

    RawWebhook.objects.update(state="received", attempts=0)
    processing.drain(budget_seconds=30)

    assert snapshot(shop) == before


def snapshot(shop):
    return [
        list(rows(model, shop).order_by("pk").values())
        for model in (Lead, Conversation, Message, Attribution, Touch)
    ]


def test_a_lost_lease_is_refused(shop):
    row = shop.receive(cloud.body(cloud.message()))
    claim = inbox.claim()
    RawWebhook.objects.update(next_at=timezone.now())
    again = inbox.claim_suspect()

    processing.process(claim)
    row.refresh_from_db()
    assert row.state == "leased"
    assert not rows(Message, shop).exists()

    processing.process(again)
    row.refresh_from_db()
    assert row.state == "done"
    assert rows(Message, shop).count() == 1


def test_queries_do_not_grow_with_the_batch(shop):
    shop.process(cloud.body(cloud.message()))  # the number's first sign costs its own

    def cost(count: int) -> int:
        for number in range(count):
            shop.receive(
                cloud.body(cloud.message(sender=f"55119{count:04d}{number:04d}"))
            )
        claim = inbox.claim()
        assert len(claim.rows) == count
        executed = []

        def count_query(execute, sql, params, many, context):
            executed.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count_query):
            processing.process(claim)
        return len(executed)

    assert cost(2) == cost(150)


def test_claims_are_shared_among_workspaces(shop, world, make_shop_for):
    other = make_shop_for(
        world.other_workspace, external_id="777", phone="+5511955556666"
    )
    for _ in range(30):
        shop.receive(cloud.body(cloud.message()))
    other.receive(cloud.body(cloud.message(), number="777"))

    claim = inbox.claim(limit=10)

    assert {row.workspace_id for row in claim.rows} == {
        shop.workspace.pk,
        other.workspace.pk,
    }


def test_errors_back_off_and_park_after_the_eighth(shop, monkeypatch):
    row = shop.receive(cloud.body(cloud.message()))

    def broken(slug: str) -> None:
        raise KeyError(slug)

    monkeypatch.setattr("integrations.gateway.registry.get", broken)

    for attempt in range(1, 9):
        RawWebhook.objects.update(next_at=timezone.now())
        processing.drain(budget_seconds=5)
        row.refresh_from_db()
        assert (row.errors, row.attempts) == (attempt, attempt)

    assert row.state == "parked"
    assert "KeyError" in row.error


def test_silent_claims_park_after_the_fifth(shop):
    row = shop.receive(cloud.body(cloud.message()))
    RawWebhook.objects.update(attempts=5)

    assert inbox.park_silent() == 1

    row.refresh_from_db()
    assert row.state == "parked"


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
    assert "delivered" in rows(Message, shop).get(
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
    assert rows(Message, shop).filter(text="neighbour").exists()
