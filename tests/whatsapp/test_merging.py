"""Two leads become one: what moves, what counts, and what is refused."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.whatsapp.twofold import (
    LATER,
    NOON,
    ana_of,
    hidden_of,
    merge_by,
    reload,
    undo_by,
)
from whatsapp.models import Lead, LeadMerge
from whatsapp.services import merging


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


@pytest.fixture
def ana(world):
    return ana_of(world)


@pytest.fixture
def hidden(world):
    return hidden_of(world)


@pytest.fixture
def merge(world):
    return merge_by(world)


@pytest.fixture
def undo(world):
    return undo_by(world)


def test_everything_of_the_lead_that_goes_is_the_others(
    world, channel, ana, hidden, merge
):
    touch = make.touch(hidden, token="7GK2M9XQ4C")
    verdict = make.attribution(hidden, touch=touch)
    note = make.note(hidden)
    thread = make.conversation(hidden, channel)
    known = hidden.identities.get()

    done = merge(hidden, ana)

    reload(touch, verdict, note, thread, known, hidden, ana)
    assert {one.lead_id for one in (touch, verdict, note, thread, known)} == {ana.pk}
    assert hidden.merged_into == ana
    assert ana.attribution == verdict
    assert not ana.is_anonymous
    assert (done.reason, done.actor, done.merged_at) == (
        "Disse ao telefone",
        world.agent,
        LATER,
    )
    entry = AuditEvent.objects.for_workspace(world.workspace).get()
    assert (entry.action, entry.target) == ("lead.merged", str(ana.key))
    assert "telefone" not in str(entry.details)


def test_the_earliest_first_touch_counts_and_no_token_is_lost(
    world, ana, hidden, merge, undo
):
    make.attribution(ana, touch=make.touch(ana, token="SECOND0000"))
    earlier = make.touch(hidden, token="FIRST00000", occurred_at=NOON - timedelta(1))
    make.attribution(hidden, touch=earlier)
    for lead, token in ((ana, "SECOND0000"), (hidden, "FIRST00000")):
        lead.first_touch_token = token
        lead.save()

    done = merge(hidden, ana)

    reload(ana, hidden)
    assert ana.attribution.touch == earlier
    assert (ana.first_touch_token, hidden.first_touch_token) == (
        "FIRST00000",
        "SECOND0000",
    )
    undo(done)
    reload(ana, hidden)
    assert (ana.first_touch_token, hidden.first_touch_token) == (
        "SECOND0000",
        "FIRST00000",
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_a_certain_origin_beats_a_probable_one_that_is_earlier(
    ana, hidden, merge, swapped
):
    early = make.touch(ana, token="A", occurred_at=NOON - timedelta(days=5))
    make.attribution(ana, touch=early, rule="token_rescue", confidence="probable")
    sure = make.touch(hidden, token="B")
    make.attribution(hidden, touch=sure)
    gone, stays = (ana, hidden) if swapped else (hidden, ana)

    merge(gone, stays)

    reload(stays)
    assert stays.attribution.touch == sure
    assert stays.touches.count() == stays.attributions.count() == 2


def test_what_a_person_decided_stays_on_top(world, ana, hidden, merge):
    make.attribution(ana, rule="manual", actor=world.agent)
    make.attribution(hidden, touch=make.touch(hidden, token="B"))
    hidden.is_anonymous = False
    hidden.save()

    merge(hidden, ana)

    reload(ana)
    assert ana.attribution.rule == "manual"
    assert ana.is_anonymous


def test_of_two_open_threads_on_a_number_the_one_with_the_last_word_stays_open(
    world, channel, ana, hidden, merge, undo
):
    older = make.conversation(ana, channel, assignee=world.agent)
    newer = make.conversation(hidden, channel, last_message_at=LATER)
    elsewhere = make.conversation(hidden, make_room_1.channel(world.workspace))

    done = merge(hidden, ana)

    reload(older, newer, elsewhere)
    assert (older.state, newer.state, elsewhere.state) == ("closed", "open", "open")
    assert newer.assignee == world.agent  # who answered goes on answering
    undo(done)
    reload(older, newer)
    assert (older.state, older.lead) == ("open", ana)
    assert (newer.state, newer.lead, newer.assignee) == ("open", hidden, None)


def test_fields_are_filled_and_never_overwritten(world, ana, merge):
    other = make.lead(
        world.workspace, name="Aninha", email="ana@example.com", stage="proposta"
    )
    ana.stage = "contato"
    ana.save()

    merge(other, ana)

    reload(ana)
    assert (ana.name, ana.email, ana.stage) == (
        "Ana Lima",
        "ana@example.com",
        "contato",
    )
    assert ana.created_at == NOON - timedelta(days=9)


def test_a_name_that_was_taken_over_is_found_by_searching(ana, hidden, merge, undo):
    done = merge(ana, hidden)

    reload(hidden)
    assert (hidden.name, hidden.search_text) == ("Ana Lima", "ana lima")
    undo(done)
    reload(hidden)
    assert (hidden.name, hidden.search_text) == ("", "")


def test_asked_for_twice_it_is_done_once(world, ana, hidden, merge, undo):
    first = merge(hidden, ana)

    assert merge(hidden, ana) == first
    assert undo(first)
    assert not undo(first)

    assert LeadMerge.objects.for_workspace(world.workspace).count() == 1
    actions = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    assert list(actions.values_list("action", flat=True)) == [
        "lead.merged",
        "lead.merge_undone",
    ]


def test_what_makes_no_sense_is_refused(world, ana, hidden, merge):
    foreign = make.lead(world.other_workspace)
    with pytest.raises(merging.SameLead):
        merge(ana, ana)
    with pytest.raises(merging.MergeInvalid):
        merge(foreign, ana)
    with pytest.raises(merging.MergeInvalid):
        merge(hidden, ana, reason="  ")
    merge(hidden, ana)
    other = make.lead(world.workspace, name="Bia")
    for gone, into in ((hidden, other), (other, hidden), (ana, hidden)):
        with pytest.raises(merging.MergeStale):
            merge(gone, into)


def test_a_page_that_shows_other_fields_merges_nothing(ana, hidden, merge):
    seen = merging.mark_of(ana, hidden)
    Lead.objects.for_workspace(ana.workspace).filter(pk=hidden.pk).update(name="Bia")

    with pytest.raises(merging.MergeStale):
        merge(hidden, ana, seen=seen)

    reload(hidden)
    assert hidden.merged_into is None


def test_two_that_are_not_one_person_are_told_apart_once(world, ana, hidden):
    told = {"actor": world.agent, "now": LATER}

    assert merging.tell_apart(ana, hidden, **told)
    assert not merging.tell_apart(hidden, ana, **told)

    entry = AuditEvent.objects.for_workspace(world.workspace).get()
    assert (entry.action, entry.target) == ("lead.told_apart", str(ana.key))
