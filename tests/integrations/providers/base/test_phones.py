"""Which number is ours, however it is written."""

import pytest

from integrations.providers.base.phones import digits_of, is_same_number, variants


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("5511987654321", "5511987654321", True),
        ("5511987654321", "551187654321", True),
        ("551187654321", "5511987654321", True),
        ("5511987654321", "5511987654322", False),
        ("5511933334444", "551133334444", False),
        ("4915100000001", "491500000001", False),
        ("5215512345678", "525512345678", True),
        ("525512345678", "5215512345678", True),
        ("5215512345678", "525512345679", False),
        ("5491123456789", "541123456789", True),
        ("5491123456789", "5491123456780", False),
        ("521551234567", "52551234567", False),
        ("54111512345678", "5491112345678", True),
        (None, None, False),
        ("", "", False),
        ("5511987654321", None, False),
    ],
)
def test_number_is_the_same_in_each_of_the_forms_it_is_written_in(
    one: str | None, other: str | None, *, is_same: bool
) -> None:
    assert is_same_number(one, other) is is_same


def test_displayed_number_is_reduced_to_its_digits() -> None:
    assert digits_of("+55 11 98765-4321") == "5511987654321"
    assert digits_of("none") is None


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("551187654321", {"551187654321", "5511987654321"}),
        ("5511987654321", {"551187654321", "5511987654321"}),
        ("551133334444", {"551133334444"}),
        ("5511933334444", {"5511933334444"}),
        ("525512345678", {"525512345678", "5215512345678"}),
        ("5491123456789", {"541123456789", "5491123456789"}),
        ("4915100000001", {"4915100000001"}),
    ],
)
def test_every_form_of_a_number_is_known(number: str, found: set[str]) -> None:
    assert set(variants(number)) == found
