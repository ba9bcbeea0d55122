"""Which number is ours, and which user ids are addresses."""

import pytest

from integrations.providers.cloud_payload.people import (
    bsuid_of,
    bsuids_within,
    digits_of,
    is_same_number,
    wa_id_of,
)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("5511987654321", "5511987654321", True),
        ("5511987654321", "551187654321", True),
        ("551187654321", "5511987654321", True),
        ("5511987654321", "5511987654322", False),
        ("4915100000001", "491500000001", False),
        (None, None, False),
        ("", "", False),
        ("5511987654321", None, False),
    ],
)
def test_number_is_the_same_with_or_without_brazils_ninth_digit(
    one: str | None, other: str | None, *, is_same: bool
) -> None:
    assert is_same_number(one, other) is is_same


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("BR.1349120865530274", "BR.1349120865530274"),
        ("US.aB3", "US.aB3"),
        ("US.ENT.11815799212886844830", None),
        ("us.1349", None),
        ("USA.1349", None),
        ("US.", None),
        ("US.13 49", None),
        ("US." + "1" * 121, None),
        ("", None),
        (None, None),
    ],
)
def test_user_id_is_an_address_only_in_its_own_shape(
    told: str | None, address: str | None
) -> None:
    assert bsuid_of(told) == address


def test_user_ids_are_found_within_a_sentence() -> None:
    text = "User Ada changed from BR.13 to BR.77, US.ENT.5 stays"

    assert bsuids_within(text) == ["BR.13", "BR.77"]


@pytest.mark.parametrize(
    ("told", "wa_id"),
    [
        ("+4915100000001", "4915100000001"),
        ("4915", None),
        ("49 151", None),
        (None, None),
    ],
)
def test_wa_id_is_the_digits_as_told(told: str | None, wa_id: str | None) -> None:
    assert wa_id_of(told) == wa_id


def test_displayed_number_is_reduced_to_its_digits() -> None:
    assert digits_of("+55 11 98765-4321") == "5511987654321"
    assert digits_of("none") is None
