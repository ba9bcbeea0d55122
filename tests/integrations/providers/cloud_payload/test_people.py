"""Which user ids are addresses."""

import pytest

from integrations.providers.cloud_payload.people import (
    bsuid_of,
    bsuids_within,
    wa_id_of,
)


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
