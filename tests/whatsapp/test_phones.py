import pytest

from whatsapp import phones


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("551187654321", "5511987654321"),
        ("+55 (11) 98765-4321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("5491123456789", "541123456789"),
    ],
)
def test_notations_of_one_number_meet(one, other):
    assert phones.match_key_for_phone(one) == phones.match_key_for_phone(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("551133334444", "5511933334444"),  # a landline and a mobile of a newer range
        ("5511987654321", "5521987654321"),
        ("491511234567", "491519234567"),
        ("5511987654321", "551198765432"),
    ],
)
def test_different_numbers_stay_apart(one, other):
    assert phones.match_key_for_phone(one) != phones.match_key_for_phone(other)


def test_variants_list_every_notation():
    assert phones.variants("551187654321") == ["5511987654321", "551187654321"]
    assert phones.variants("551133334444") == ["551133334444"]


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("(11) 98765-4321", "+5511987654321"),
        ("+49 151 23456789", "+4915123456789"),
        ("abc", None),
        ("12", None),
    ],
)
def test_typed_numbers_are_read(typed, e164):
    assert phones.to_e164(typed) == e164
