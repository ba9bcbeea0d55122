"""Two leads become one and two again: what moves, what counts, and what stays as it was."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEvent
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import (
    Attribution,
    Conversation,
    Identity,
    Lead,
    LeadMerge,
    LeadNote,
    LeadPair,
    Message,
    Touch,
)
from whatsapp.services import merging

NOON = make.NOON
LATER = NOON + timedelta(days=1)
TABLES = (Lead, Identity, Touch, Attribution, LeadNote, Conversation, Message)


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


@pytest.fixture
def ana(world):
    """Known for longer, by her phone."""
    lead = make.lead(world.workspace, created_at=NOON - timedelta(days=9))
    make.identity(lead, value="5511987654321")
    return lead


@pytest.fixture
def hidden(world):
    """The same person, as a hidden id told of her first."""
    lead = make.lead(world.workspace, name="", search_text="")
    make.identity(lead, kind="lid", value="123", match_key="l:123")
    return lead


@pytest.fixture
def merge(world):
    def act(gone, into, **fields):
        told = {"reason": "Disse ao telefone", "actor": world.agent, "now": LATER}
        return merging.merge(gone, into=into, **told | fields)

    return act


@pytest.fixture
def undo(world):
    def act(done, **fields):
        told = {"reason": "Engano", "actor": world.agent, "now": LATER}
        return merging.undo(done, **told | fields)

    return act


def rows_of(workspace):
    """Every row that a merge may touch; when a lead was written last is no part of it."""
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in model.objects.for_workspace(workspace).order_by("pk").values()
        ]
        for model in TABLES
    }


def reload(*rows):
    for row in rows:
        row.refresh_from_db()


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


def test_in_a_chain_everybody_is_one_step_away_and_it_is_undone_from_its_end(
    world, ana, hidden, merge, undo
):
    last = make.lead(world.workspace, name="Ana da Silva")
    before = rows_of(world.workspace)

    first, second = merge(hidden, ana), merge(ana, last)

    reload(hidden, ana)
    assert (hidden.merged_into, ana.merged_into) == (last, last)
    assert (
        Identity.objects.for_workspace(world.workspace).filter(lead=last).count() == 2
    )
    with pytest.raises(merging.MergedOn) as refused:
        undo(first)
    assert refused.value.into == last
    undo(second)
    reload(hidden)
    assert hidden.merged_into == ana
    undo(first)
    assert rows_of(world.workspace) == before


def test_merges_into_one_lead_are_undone_in_any_order(world, ana, hidden, merge, undo):
    third = make.lead(world.workspace, name="A. Lima", email="a@example.com")
    make.attribution(third, touch=make.touch(third, token="C"))
    before = rows_of(world.workspace)

    first, second = merge(hidden, ana), merge(third, ana)
    undo(first)
    undo(second)

    assert rows_of(world.workspace) == before


def test_a_lead_has_its_own_beginning_again_when_merges_are_undone_as_they_were_made(
    world, merge, undo
):
    names = {"stays": 0, "older": 30, "oldest": 60}
    leads = {
        name: make.lead(
            world.workspace,
            name=name,
            created_at=make.NOON - timedelta(days=days),
            first_touch_token=name.upper() if days else None,
        )
        for name, days in names.items()
    }
    before = rows_of(world.workspace)

    first = merge(leads["older"], leads["stays"])
    second = merge(leads["oldest"], leads["stays"])
    undo(first)
    undo(second)

    assert rows_of(world.workspace) == before


def test_what_was_told_apart_by_undoing_can_be_merged_all_the_same(
    world, ana, hidden, merge, undo
):
    undo(merge(hidden, ana))
    pair = LeadPair.objects.for_workspace(world.workspace).get()
    assert (pair.verdict, pair.actor) == ("distinct", world.agent)

    merge(hidden, ana)

    assert not LeadPair.objects.for_workspace(world.workspace).exists()


def test_two_that_are_not_one_person_are_told_apart_once(world, ana, hidden):
    told = {"actor": world.agent, "now": LATER}

    assert merging.tell_apart(ana, hidden, **told)
    assert not merging.tell_apart(hidden, ana, **told)

    entry = AuditEvent.objects.for_workspace(world.workspace).get()
    assert (entry.action, entry.target) == ("lead.told_apart", str(ana.key))


def _write(thread, key, *, text="Oi", at=LATER, **fields):
    return make.message(
        thread,
        text=text,
        peer_key=key,
        stored_at=at,
        provider_at=at,
        received_at=at,
        **fields,
    )


def test_messages_that_came_after_go_with_whoever_wrote_them(
    world, channel, ana, hidden, merge, undo
):
    hers = make.conversation(ana, channel, last_message_at=LATER, message_count=0)
    theirs = make.conversation(hidden, channel, message_count=0)
    old = _write(hers, "p:5511987654321", text="antes", at=NOON)
    done = merge(hidden, ana)
    mine = _write(hers, "p:5511987654321", text="depois")
    other = _write(hers, "l:123", text="sou outra", external_id="m1")
    touch = make.touch(ana, token="C")
    verdict = make.attribution(
        ana,
        touch=touch,
        channel=channel,
        message_external_id="m1",
        decided_at=LATER,
    )
    hers.message_count, hers.unread_count = 3, 2
    hers.save()

    undo(done, now=LATER + timedelta(hours=1))

    reload(old, mine, other, hers, theirs, verdict, touch, ana, hidden)
    assert (old.conversation, mine.conversation) == (hers, hers)
    assert (other.conversation, theirs.lead, theirs.state) == (theirs, hidden, "open")
    assert (hers.message_count, hers.unread_count, hers.preview) == (2, 1, "depois")
    assert (theirs.message_count, theirs.unread_count) == (1, 1)
    assert (theirs.preview, theirs.last_inbound_at) == ("sou outra", LATER)
    assert (verdict.lead, touch.lead) == (hidden, hidden)
    assert (hidden.attribution, ana.attribution) == (verdict, None)


def test_a_thread_that_began_after_goes_whole_and_keeps_its_address(
    world, channel, ana, hidden, merge, undo
):
    done = merge(hidden, ana)
    began = make.conversation(ana, channel, created_at=LATER)
    _write(began, "l:123")

    undo(done, now=LATER + timedelta(hours=1))

    reload(began)
    assert (began.lead, began.state) == (hidden, "open")
    assert Conversation.objects.for_workspace(world.workspace).count() == 1


def test_what_was_written_to_the_lead_after_stays_with_it(
    world, ana, hidden, merge, undo
):
    done = merge(hidden, ana)
    note = make.note(ana, created_at=LATER)
    ana.refresh_from_db()
    ana.name = "Ana Maria"
    ana.save()

    undo(done)

    reload(ana, note)
    assert (ana.name, note.lead) == ("Ana Maria", ana)


@st.composite
def _leads(draw):
    """Two leads as they may stand, each with rows of every kind."""
    lead = st.fixed_dictionaries(
        {
            "name": st.sampled_from(["", "Ana", "Ana Lima"]),
            "email": st.sampled_from(["", "ana@example.com"]),
            "stage": st.sampled_from(["", "proposta"]),
            "days": st.integers(-5, 5),
            "token": st.sampled_from([None, "click", "bare"]),
            "verdicts": st.lists(
                st.tuples(
                    st.sampled_from(["token", "token_rescue", "anonymous", "manual"]),
                    st.booleans(),
                ),
                max_size=3,
            ),
            "counts": st.integers(0, 3),
            "threads": st.lists(
                st.tuples(
                    st.integers(0, 1), st.booleans(), st.integers(-3, 3), st.booleans()
                ),
                max_size=3,
            ),
            "notes": st.integers(0, 2),
        }
    )
    return draw(st.tuples(lead, lead))


def _furnish(world, channels, number, told):
    at = NOON + timedelta(days=told["days"])
    lead = make.lead(
        world.workspace,
        name=told["name"],
        email=told["email"],
        stage=told["stage"],
        created_at=at,
        first_touch_token=f"T{number}" if told["token"] else None,
    )
    make.identity(lead, value=f"551198765432{number}")
    if told["token"] == "click":
        make.touch(lead, token=f"T{number}", occurred_at=at)
    verdicts = [
        make.attribution(
            lead,
            touch=make.touch(lead, occurred_at=at) if has_touch else None,
            rule=rule,
            confidence="certain" if has_touch else "none",
            decided_at=at + timedelta(hours=place),
        )
        for place, (rule, has_touch) in enumerate(told["verdicts"])
    ]
    lead.attribution = (
        verdicts[told["counts"]] if told["counts"] < len(verdicts) else None
    )
    lead.save()
    opened = set()
    for place, may_be_open, days, is_mine in told["threads"]:
        is_open = may_be_open and place not in opened
        opened |= {place} if is_open else set()
        thread = make.conversation(
            lead,
            channels[place],
            state="open" if is_open else "closed",
            last_message_at=NOON + timedelta(days=days),
            assignee=world.agent if is_mine else None,
        )
        make.message(thread, peer_key=f"p:551198765432{number}")
    for _ in range(told["notes"]):
        make.note(lead)
    return lead


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(told=_leads())
def test_a_merge_taken_back_leaves_every_row_as_it_was(world, told):
    with transaction.atomic():
        channels = [make_room_1.channel(world.workspace) for _ in range(2)]
        one, other = (_furnish(world, channels, at, row) for at, row in enumerate(told))
        before = rows_of(world.workspace)
        reason = {"reason": "x", "actor": world.agent}

        done = merging.merge(other, into=one, now=LATER, **reason)
        between = rows_of(world.workspace)
        assert merging.undo(done, now=LATER + timedelta(hours=1), **reason)

        assert rows_of(world.workspace) == before
        assert between != before
        for name in ("Identity", "Touch", "Attribution", "LeadNote", "Conversation"):
            assert {row["lead_id"] for row in between[name]} <= {one.pk}
            assert len(between[name]) == len(before[name])
        transaction.set_rollback(True)
