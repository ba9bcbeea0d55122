"""Systems that asked hear of new leads and of what people write: once, with its origin."""

import json
from typing import Any

import pytest

from tests import walls
from tests.factories import cloud_api as cloud
from tests.factories import events as make
from tests.webhooks.conftest import Shop
from tickets import event_kinds
from tickets.models import EventDelivery
from webhooks import inbox, processing, rehearsal
from webhooks.inbox_admin import Selection
from whatsapp.models import Conversation, Lead, Message

PEOPLE = list(event_kinds.OF_PEOPLE)


def told(shop: Shop) -> list[dict[str, Any]]:
    rows = shop.rows(EventDelivery).order_by("pk")
    return [json.loads(row.body) for row in rows]


def kinds(shop: Shop) -> list[str]:
    return [one["type"] for one in told(shop)]


def test_who_writes_first_is_told_with_the_reason_they_came(shop, settings):
    make.subscription(shop.workspace, kinds=PEOPLE)
    click = shop.click()
    click.utm_campaign, click.gclid = "natal", "gc-1"
    click.save()

    shop.process(
        cloud.body(cloud.message(f"Oi, quero encomendar *vm_token:{click.token}*"))
    )

    lead, talk = shop.rows(Lead).get(), shop.rows(Conversation).get()
    first, second = told(shop)
    assert (first["type"], first["workspace"]) == ("lead.created", "padaria")
    who = first["data"]["lead"]
    assert (who["id"], who["name"], who["phone"]) == (
        str(lead.key),
        "Ana",
        "+5511987654321",
    )
    assert who["origin"] == {"kind": "link", "name": None, "confidence": "certain"}
    assert who["url"] == f"{settings.PUBLIC_URL}/w/padaria/leads/{lead.key}/"
    reason = who["attribution"]
    assert (reason["rule"], reason["confidence"]) == ("token", "certain")
    assert reason["touch"]["utm_campaign"] == "natal"
    assert reason["touch"]["gclid"] == "gc-1"
    assert reason["touch"]["ctwa_clid"] is None
    assert second["type"] == "message.received"
    assert second["data"]["message"]["text"].startswith("Oi, quero encomendar")
    assert (
        second["data"]["message"]["provider_id"] == shop.rows(Message).get().external_id
    )
    assert second["data"]["conversation"]["id"] == str(talk.key)
    assert second["data"]["conversation"]["lead"]["id"] == str(lead.key)
    assert second["data"]["conversation"]["url"] == (
        f"{settings.PUBLIC_URL}/w/padaria/conversations/{talk.key}/"
    )


def test_each_is_told_once_however_often_it_comes(shop):
    make.subscription(shop.workspace, kinds=PEOPLE)
    make.subscription(shop.workspace, name="BI", kinds=["message.received"])
    one = cloud.body(cloud.message("Oi"), cloud.message("Tudo bem?"))

    shop.process(one, one)
    shop.process(one)
    shop.process(cloud.body(cloud.message("E hoje?")))

    assert sorted(kinds(shop)) == ["lead.created", *["message.received"] * 6]
    assert len({each["id"] for each in told(shop)}) == 4


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(cloud.echo("Boa tarde"), id="our own word"),
        pytest.param(cloud.history(cloud.message("Antes")), id="history"),
    ],
)
def test_what_nobody_writes_now_is_not_told(shop, body):
    make.subscription(shop.workspace, kinds=PEOPLE)
    shop.process(body)

    assert shop.rows(Message).count() == 1
    assert kinds(shop) == []


def test_a_reaction_is_no_message(shop):
    make.subscription(shop.workspace, kinds=PEOPLE)
    shop.process(cloud.body(cloud.message("Oi", id_="wamid.first")))
    reaction = {"message_id": "wamid.first", "emoji": "👍"}
    shop.process(cloud.body(cloud.message(type="reaction", reaction=reaction)))

    assert shop.rows(Message).filter(kind="reaction").count() == 1
    assert kinds(shop) == ["lead.created", "message.received"]


def test_who_asked_for_tickets_alone_hears_nothing(shop):
    make.subscription(shop.workspace, kinds=list(event_kinds.USUAL))
    make.subscription(shop.workspace, name="off", kinds=PEOPLE, is_active=False)

    shop.process(cloud.body(cloud.message("Oi")))

    assert kinds(shop) == []


def test_another_workspace_hears_nothing(shop, world):
    make.subscription(world.other_workspace, kinds=PEOPLE)

    shop.process(cloud.body(cloud.message("Oi")))

    assert not EventDelivery.objects.for_workspace(world.other_workspace).exists()


def test_a_rehearsal_tells_nobody(shop):
    make.subscription(shop.workspace, kinds=PEOPLE)
    shop.process(cloud.body(cloud.message("Oi")))
    shop.rows(EventDelivery).delete()
    shop.rows(Lead).delete()

    found = rehearsal.rehearse(Selection(states=["done"]))

    assert found.rows == 1
    assert kinds(shop) == []


def test_the_number_of_statements_does_not_depend_on_the_messages(shop):
    make.subscription(shop.workspace, kinds=PEOPLE)
    shop.process(cloud.body(cloud.message(sender="5511900000000")))
    counted = {}
    for many in (1, 12):
        for number in range(many):
            shop.receive(cloud.body(cloud.message(sender=f"55119{many:02}{number:06}")))
        claim = inbox.claim()
        with walls.as_app(), walls.asked() as said:
            assert processing.process(claim).done == many
        counted[many] = len(said)

    assert counted[1] == counted[12]
    assert kinds(shop).count("lead.created") == 14
