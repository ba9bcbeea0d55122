"""When a person first wrote and was first answered, whatever order messages come in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.scoping import workspace_transaction
from integrations.providers.base.outgoing import Text
from integrations.providers.base.types import Party
from tests.factories import cloud_api as cloud
from tests.factories import whatsapp as make
from tests.walls import as_app
from whatsapp.models import Conversation, Lead
from whatsapp.services import first_answers, outbox, recounting

AT = 1_760_000_000


def moment(seconds):
    return datetime.fromtimestamp(AT + seconds, tz=UTC)


def facts(shop):
    thread = shop.rows(Conversation).get()
    return thread.first_inbound_at, thread.answered_at


def heard(seconds, **fields):
    return cloud.body(cloud.message(at=AT + seconds, **fields))


def said(seconds):
    return cloud.echo("Podemos ajudar?", at=AT + seconds)


def reacted(seconds):
    message = cloud.message(
        at=AT + seconds, type="reaction", reaction={"message_id": "x", "emoji": "+"}
    )
    return cloud.body(message)


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([heard(0)], (0, None)),
        ([heard(0), heard(30)], (0, None)),
        ([heard(0), said(60), said(90)], (0, 60)),
        ([said(0), heard(10)], (10, None)),  # we wrote first, which answers nobody
        ([said(0), heard(10), said(20)], (10, 20)),
        ([heard(0), said(60), said(20)], (0, 20)),  # the earlier answer came later
        ([heard(50), said(60), heard(10), said(30)], (10, 30)),
        ([heard(50), said(60), said(30), heard(10)], (10, 30)),
        ([reacted(0), heard(10)], (10, None)),
    ],
)
def test_one_after_the_other(shop, bodies, expected):
    for body in bodies:
        shop.process(body)

    assert facts(shop) == tuple(
        None if one is None else moment(one) for one in expected
    )


def test_all_in_one_batch(shop):
    shop.process(said(5), heard(10), said(40), heard(0), said(20))

    assert facts(shop) == (moment(0), moment(5))


def promise(thread, now, **fields):
    draft = outbox.Draft(
        business_key=str(now),
        channel_id=thread.channel_id,
        recipient=Party(wa_id="5511987654321"),
        content=Text("Bom dia"),
        conversation_id=thread.pk,
        **fields,
    )
    with as_app(), workspace_transaction(thread.workspace_id):
        outbox.enqueue(thread.workspace_id, draft, now=now)
    thread.refresh_from_db()


def test_an_answer_from_recado_counts_and_an_automatic_one_does_not(shop):
    shop.process(heard(0))
    thread = shop.rows(Conversation).get()
    now = timezone.now()

    promise(thread, now, automatic="closed")
    assert thread.answered_at is None
    promise(thread, now + timedelta(minutes=1))
    assert thread.answered_at == now + timedelta(minutes=1)
    promise(thread, now + timedelta(minutes=2))
    assert thread.answered_at == now + timedelta(minutes=1)


def test_writing_first_answers_nobody(shop):
    lead = make.lead(shop.workspace)
    thread = make.conversation(lead, shop.channel)

    promise(thread, timezone.now())

    assert thread.answered_at is None


def test_messages_that_change_places_take_it_along(shop):
    shop.process(heard(0), said(60))
    thread = shop.rows(Conversation).get()
    other = make.conversation(make.lead(shop.workspace), shop.channel)
    moves = [
        recounting.Move(one.pk, thread.pk, other.pk) for one in thread.messages.all()
    ]

    with as_app(), workspace_transaction(shop.workspace.pk):
        recounting.move(shop.workspace.pk, moves)

    thread.refresh_from_db()
    other.refresh_from_db()
    assert (thread.first_inbound_at, thread.answered_at) == (None, None)
    assert (other.first_inbound_at, other.answered_at) == (moment(0), moment(60))


def test_what_is_settled_is_what_the_corridor_writes(shop, make_shop_for, world):
    """And a workspace settles its own conversations alone."""
    shop.process(heard(0), said(60))
    shop.process(heard(5, sender="5511911112222"))
    rows = shop.rows(Conversation)
    before = list(rows.order_by("pk").values_list("first_inbound_at", "answered_at"))
    rows.update(first_inbound_at=None, answered_at=None)
    keys = list(rows.values_list("pk", flat=True))

    with as_app(), workspace_transaction(world.other_workspace.pk):
        first_answers.settle(world.other_workspace.pk, keys)
    assert rows.filter(first_inbound_at__isnull=False).count() == 0
    with as_app(), workspace_transaction(shop.workspace.pk):
        first_answers.settle(shop.workspace.pk, keys)

    now = list(rows.order_by("pk").values_list("first_inbound_at", "answered_at"))
    assert now == before
    assert shop.rows(Lead).count() == 2
