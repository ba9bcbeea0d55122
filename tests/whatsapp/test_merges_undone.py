"""A merge taken back: each has its own again, and what came after goes to whom it belongs."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.whatsapp.twofold import (
    LATER,
    NOON,
    ana_of,
    hidden_of,
    merge_by,
    reload,
    rows_of,
    undo_by,
)
from whatsapp.models import Conversation, Identity, LeadPair
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
