"""What speaks for two leads being one person, and how loudly."""

from datetime import timedelta

import pytest

from accounts.scoping import workspace_transaction
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_app, asked
from whatsapp import phones
from whatsapp.models import LeadPair
from whatsapp.selectors import duplicates
from whatsapp.services import merging

NOON = make.NOON


@pytest.fixture
def found(world):
    """Clues and strength of the only suspicion about a lead, or None."""

    def look(lead):
        listed = duplicates.list_for_lead(world.workspace, lead)
        pairs = duplicates.list_pairs(world.workspace).rows
        assert len(listed) == len(pairs) <= 1
        if not listed:
            return None
        assert (pairs[0].clues, pairs[0].strength) == (
            listed[0].clues,
            listed[0].strength,
        )
        return listed[0].clues, listed[0].strength

    return look


def _lead(world, number, name="", phone="", **fields):
    lead = make.lead(world.workspace, name=name, **fields)
    make.identity(lead, value=phone or f"4915100000{number}")
    return lead


def test_the_same_email_in_any_case_is_strong(world, found):
    one = _lead(world, 1, "Ana", email="Ana@Example.com")
    _lead(world, 2, "Bia", email="ana@example.COM")

    assert found(one) == (("email",), "strong")


@pytest.mark.parametrize(
    ("hours", "heard"), [(1, "likely"), (72, "likely"), (100, "possible")]
)
def test_the_same_full_name_says_more_the_closer_they_wrote(world, found, hours, heard):
    one = _lead(world, 1, "Ana Lima")
    _lead(world, 2, "ANA  LIMA", created_at=NOON + timedelta(hours=hours))

    assert found(one) == (("name",), heard)


@pytest.mark.parametrize(
    ("name", "other", "days"),
    [("Ana", "Ana", 0), ("Ana Lima", "Ana Lima", 31), ("", "", 0)],
)
def test_a_first_name_or_a_name_of_long_ago_says_nothing(
    world, found, name, other, days
):
    one = _lead(world, 1, name)
    _lead(world, 2, other, created_at=NOON + timedelta(days=days))

    assert found(one) is None


def test_one_token_with_two_people_says_little_and_more_with_their_name(world, found):
    one = _lead(world, 1, "Ana Lima", created_at=NOON - timedelta(days=60))
    other = _lead(world, 2, "Bia")
    touch = make.touch(one, token="7GK2M9XQ4C")
    make.attribution(one, touch=touch)
    make.attribution(other, touch=touch, confidence="probable")
    assert found(one) == (("token",), "possible")

    other.search_text = "ana lima"
    other.created_at = one.created_at
    other.save()

    assert found(one) == (("token", "name"), "strong")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("551133334444", "5511933334444"),  # a landline, or a mobile of a newer range
        ("11987654321", "5511987654321"),  # without the country's code
        ("1187654321", "5511987654321"),
    ],
)
def test_numbers_that_could_be_the_same_one_are_possible(world, found, one, other):
    make_room_1.channel(world.workspace)
    first = _lead(world, 1, "Ana", phone=phones.canonical(one))
    _lead(world, 2, "Bia", phone=other)

    assert found(first) == (("phone",), "possible")


def test_numbers_of_two_people_are_not_alike(world, found):
    make_room_1.channel(world.workspace)
    one = _lead(world, 1, "Ana", phone="551133334444")
    _lead(world, 2, "Bia", phone="5521933334444")

    assert found(one) is None


def test_tests_of_a_link_are_no_people(world, found):
    for number in (1, 2):
        lead = _lead(world, number, name="Teste de vitrine", created_at=NOON)
        make.attribution(lead, touch=make.touch(lead, kind="test"))

    assert found(lead) is None


def test_what_the_provider_told_is_strong(world, found):
    one, other = _lead(world, 1), _lead(world, 2)
    LeadPair.objects.create(
        workspace=world.workspace,
        first=one,
        second=other,
        verdict="suspected",
        decided_at=NOON,
    )

    assert found(other) == (("told",), "strong")


def test_whoever_was_told_apart_stays_apart_when_they_are_merged_with_others(
    world, found
):
    told = {"actor": world.agent, "now": NOON}
    one = _lead(world, 1, email="a@example.com")
    other = _lead(world, 2, email="a@example.com")
    third = _lead(world, 3, name="Bia")
    merging.tell_apart(one, other, **told)

    merging.merge(other, into=third, reason="x", **told)

    one.refresh_from_db()
    third.refresh_from_db()
    assert third.email == "a@example.com"
    assert found(third) is None


def test_leads_of_another_workspace_are_not_looked_at(world, found):
    one = _lead(world, 1, "Ana Lima", email="a@example.com")
    make.lead(world.other_workspace, email="a@example.com")

    assert found(one) is None


def test_the_list_goes_on_where_it_stopped_and_tells_each_pair_once(world):
    leads = [
        _lead(
            world,
            number,
            email=f"{number // 2}@example.com",
            created_at=NOON + timedelta(hours=number),
        )
        for number in range(12)
    ]

    seen, before = [], ""
    for _ in range(20):
        stretch = duplicates.list_pairs(world.workspace, before=before, size=3)
        seen += [frozenset({one.one.key, one.other.key}) for one in stretch.rows]
        if stretch.older is None:
            break
        before = stretch.older

    pairs = zip(leads[::2], leads[1::2], strict=True)
    assert len(seen) == 6
    assert set(seen) == {frozenset({one.key, other.key}) for one, other in pairs}


def test_the_list_is_narrowed_by_clue_and_strength(world):
    _lead(world, 1, "Ana Lima", email="a@example.com")
    _lead(world, 2, "Bia Sá", email="a@example.com")
    _lead(world, 3, "Caio Reis")
    _lead(world, 4, "Caio Reis")

    def count(**filters):
        return len(duplicates.list_pairs(world.workspace, **filters).rows)

    assert count() == 2
    assert count(clue="email") == count(strength="strong") == 1
    assert count(clue="name", strength="likely") == 1
    assert count(clue="phone") == 0


def test_the_questions_do_not_grow_with_the_leads(world):
    counted = []
    for many in (2, 20):
        for number in range(many):
            _lead(world, f"{many}{number:02d}", email=f"{many}@example.com")
        with (
            as_app(),
            workspace_transaction(world.workspace.pk),
            asked() as said,
        ):
            duplicates.list_pairs(world.workspace)
        counted.append(len(said))

    assert counted[0] == counted[1]
