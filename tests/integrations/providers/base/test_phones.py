"""Which number is ours, however it is written."""

import pytest

from integrations.providers.base.phones import digits_of, is_same_number


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
