"""Merging while everything else goes on: no message lost, nobody left with a lead that went."""

import threading

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.scoping import workspace_transaction
from tests.factories import cloud_api as cloud
from tests.factories import whatsapp as make
from tests.threads import PATIENCE, together
from tests.walls import as_app
from tests.webhooks.conftest import make_shop
from tests.webhooks.test_races import drain
from tests.webhooks.test_reunions import both, hidden, phone_alone
from webhooks import processing
from webhooks.models import RawWebhook
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    LeadMerge,
    LeadNote,
    Message,
    Touch,
)
from whatsapp.services import conversations, merging

pytestmark = pytest.mark.django_db(transaction=True)

PHONES = ("5511987654321", "5521987654321")


@pytest.fixture
def shop(world):
    return make_shop(world.workspace)


@pytest.fixture
def two(shop):
    """Two people who have written before."""
    shop.process(*(cloud.body(cloud.message("Oi", sender=phone)) for phone in PHONES))
    return [shop.rows(Identity).get(value=phone).lead for phone in PHONES]


def merge(world, gone, into):
    with workspace_transaction(world.workspace.pk):
        return merging.merge(
            gone, into=into, reason="x", actor=world.agent, now=timezone.now()
        )


def of_those_who_went(shop):
    """Rows that hang on a lead which was merged into another."""
    return [
        row
        for model in (Identity, Touch, Attribution, Conversation, LeadNote)
        for row in shop.rows(model).filter(lead__merged_into__isnull=False)
    ]


def drain_all():
    """Whatever was interrupted is tried again, without the pause before it."""
    for _ in range(8):
        with as_app():
            processing.drain(budget_seconds=PATIENCE)
        if not RawWebhook.objects.exclude(state="done").exists():
            return
        RawWebhook.objects.filter(state="received").update(next_at=timezone.now())
    raise AssertionError(list(RawWebhook.objects.values("state", "error")))


@pytest.mark.parametrize("attempt", range(4))
def test_messages_of_both_while_they_are_merged_all_reach_the_one_that_stays(
    shop, world, two, attempt
):
    for number in range(24):
        at = 1_760_000_100 + number
        text = f"m{number}"
        if number % 3 == attempt % 3:
            text += f" vm_token:{shop.click().token}"
        shop.receive(cloud.body(cloud.message(text, sender=PHONES[number % 2], at=at)))

    together(*[lambda: drain(limit=2)] * 3, lambda: merge(world, two[0], two[1]))
    drain_all()

    assert of_those_who_went(shop) == []
    messages = shop.rows(Message)
    assert messages.count() == 26
    assert set(messages.values_list("conversation__lead", flat=True)) == {two[1].pk}
    threads = shop.rows(Conversation)
    assert threads.filter(state="open").count() == 1
    counted = {thread.pk: thread.message_count for thread in threads}
    assert counted == {pk: messages.filter(conversation=pk).count() for pk in counted}
    lead = shop.rows(Lead).get(pk=two[1].pk)
    assert lead.attribution.lead == lead


@pytest.mark.parametrize("attempt", range(3))
def test_names_told_together_while_both_write_alone_make_one_lead(shop, attempt):
    """The corridor joins by itself, in one of several batches that all know the person."""
    shop.process(phone_alone("primeiro"), hidden("segundo"))
    assert shop.rows(Lead).count() == 2
    makers = (phone_alone, hidden, both)
    for number in range(24):
        make_body = makers[(number + attempt) % 3]
        text = f"m{number}"
        if number % 5 == 0:
            text += f" vm_token:{shop.click().token}"
        shop.receive(make_body(text, at=1_760_000_100 + number))

    together(*[lambda: drain(limit=2)] * 4)
    drain_all()

    assert of_those_who_went(shop) == []
    lead = shop.rows(Lead).get(merged_into=None)
    assert shop.rows(LeadMerge).count() == 1
    messages = shop.rows(Message).filter(conversation__lead=lead)
    assert messages.count() == 26
    assert shop.rows(Conversation).filter(state="open").count() == 1


def test_two_people_who_merge_the_same_leads_both_ways_make_one_merge(shop, world, two):
    def attempt(gone, into):
        try:
            return merge(world, gone, into)
        except merging.MergeStale:
            return None

    made = together(
        lambda: attempt(two[0], two[1]),
        lambda: attempt(two[1], two[0]),
        lambda: attempt(two[0], two[1]),
    )

    merges = {one.pk for one in made if one is not None}
    assert len(merges) == 1
    assert shop.rows(LeadMerge).count() == 1
    assert shop.rows(Lead).filter(merged_into=None).count() == 1
    assert of_those_who_went(shop) == []


def test_a_chain_that_is_merged_from_both_ends_at_once_has_one_end(shop, world, two):
    third = make.lead(world.workspace, name="Bia")
    make.identity(third, value="5531987654321")

    def attempt(gone, into):
        try:
            merge(world, gone, into)
        except merging.MergeStale:
            return False
        return True

    done = together(lambda: attempt(two[0], two[1]), lambda: attempt(two[1], third))

    assert any(done)
    assert of_those_who_went(shop) == []
    went = shop.rows(Lead).filter(merged_into__isnull=False)
    assert not went.filter(merged_into__merged_into__isnull=False).exists()
    assert went.count() == sum(done)


def test_a_merge_undone_by_two_at_once_is_undone_once(shop, world, two):
    done = merge(world, two[0], two[1])

    def undo():
        with workspace_transaction(world.workspace.pk):
            return merging.undo(done, reason="x", actor=world.agent, now=timezone.now())

    assert sorted(together(undo, undo, undo)) == [False, False, True]


def test_messages_while_a_merge_is_undone_reach_whoever_wrote_them(shop, world, two):
    done = merge(world, two[0], two[1])
    for number in range(16):
        shop.receive(
            cloud.body(
                cloud.message(
                    f"m{number}", sender=PHONES[number % 2], at=1_760_000_100 + number
                )
            )
        )

    def undo():
        with workspace_transaction(world.workspace.pk):
            return merging.undo(done, reason="x", actor=world.agent, now=timezone.now())

    together(*[lambda: drain(limit=2)] * 3, undo)
    drain_all()

    for lead, phone in zip(two, PHONES, strict=True):
        texts = shop.rows(Message).filter(peer_key=f"p:{phone}")
        assert texts.count() == 9
        owners = set(texts.values_list("conversation__lead", flat=True))
        assert owners == {lead.pk}
    counted = {one.pk: one.message_count for one in shop.rows(Conversation)}
    assert counted == {
        pk: shop.rows(Message).filter(conversation=pk).count() for pk in counted
    }


def test_a_thread_is_not_opened_for_a_lead_that_is_just_going(shop, world, two):
    """The merge has the lead, the batch waits for it, and then begins anew."""
    shop.rows(Conversation).update(state="closed")
    is_held, may_go = threading.Event(), threading.Event()

    def merging_slowly():
        with workspace_transaction(world.workspace.pk):
            merging.merge(
                two[0], into=two[1], reason="x", actor=world.agent, now=timezone.now()
            )
            is_held.set()
            may_go.wait(PATIENCE)

    def opening():
        is_held.wait(PATIENCE)
        threading.Timer(0.5, may_go.set).start()
        with as_app(), workspace_transaction(world.workspace.pk), transaction.atomic():
            try:
                conversations.open_threads(
                    world.workspace.pk,
                    [(shop.channel.pk, two[0].pk)],
                    now=timezone.now(),
                )
            except conversations.ThreadMoved:
                return "began anew"
        return "opened"

    assert together(merging_slowly, opening)[1] == "began anew"
    assert of_those_who_went(shop) == []
