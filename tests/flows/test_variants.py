"""Notations of one number, from the provider's signed body to one lead; and numbers that only
look alike, kept apart."""

import pytest

from tests.factories import cloud_api as cloud
from tests.flows.conftest import states
from tests.flows.test_inbound import META, connect, signed_by_meta
from whatsapp.models import Conversation, Identity, Lead, Message


@pytest.fixture
def number(server, shop):
    return connect(server, "meta_cloud", META, signed_by_meta)


def write(number, sender, at):
    number.receive(
        cloud.body(cloud.message(f"Aqui é {sender}", sender=sender, at=at, name="Ana"))
    )


def rows(model):
    return model.objects.unscoped("one shop is all there is in these tests")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("5511987654321", "551187654321", id="brazil"),
        pytest.param("5585961234567", "558561234567", id="brazil-six"),
        pytest.param("5215512345678", "525512345678", id="mexico"),
        pytest.param("5491123456789", "541123456789", id="argentina"),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_both_notations_are_one_lead_and_each_is_kept_as_it_came(
    number, shop, one, other, is_turned
):
    first, later = (other, one) if is_turned else (one, other)

    write(number, first, 1_760_000_000)
    write(number, later, 1_760_000_100)
    write(number, first, 1_760_000_200)

    assert states() == [("done", "")] * 3
    lead = rows(Lead).get()
    assert rows(Conversation).get().message_count == 3
    # A reply goes to the digits WhatsApp gave: nothing is rewritten on the way.
    known = rows(Identity).filter(lead=lead).order_by("id")
    assert list(known.values_list("value", flat=True)) == [first, later]
    assert len(set(known.values_list("match_key", flat=True))) == 1
    assert rows(Message).filter(conversation__lead=lead).count() == 3
    assert shop.page("leads/").count('scope="row"') == 1
    for typed in (first, later):
        assert shop.page(f"leads/?q={typed}").count('scope="row"') == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("551133335555", "5511933335555", id="landline"),
        pytest.param("5511987654321", "5521987654321", id="area"),
        pytest.param("5511987654321", "5491187654321", id="country"),
        pytest.param("5215512345678", "5215512345679", id="digit"),
    ],
)
def test_numbers_that_only_look_alike_stay_two_people(number, shop, one, other):
    write(number, one, 1_760_000_000)
    write(number, other, 1_760_000_100)

    assert states() == [("done", "")] * 2
    assert rows(Lead).count() == rows(Conversation).count() == 2


def test_a_landline_and_the_mobile_that_ends_alike_are_suggested(number, shop):
    write(number, "551133335555", 1_760_000_000)
    write(number, "5511933335555", 1_760_000_100)

    page = shop.page("leads/duplicates/")

    assert page.count("suspicion-pair__two") == 1
