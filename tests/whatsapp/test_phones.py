import pytest

from whatsapp import phones


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("551187654321", "5511987654321"),
        ("+55 (11) 98765-4321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("5491123456789", "541123456789"),
        ("+54 11 15 2345-6789", "541123456789"),
        ("+54 9 351 15 234-5678", "543512345678"),
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
        ("11 8765-4321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("551187654321", "+5511987654321"),
        ("+55 (0)11 98765-4321", "+5511987654321"),
        ("whatsapp:+551133334444", "+551133334444"),
        ("+49 151 23456789", "+4915123456789"),
        # As WhatsApp names Mexicans and Argentinians, and as they write themselves.
        ("+5215512345678", "+525512345678"),
        ("5215512345678", "+525512345678"),
        ("+52 55 1234 5678", "+525512345678"),
        ("525512345678", "+525512345678"),
        ("5491123456789", "+5491123456789"),
        ("541123456789", "+541123456789"),
        ("+54 11 2345-6789", "+541123456789"),
        ("+54 11 15 2345-6789", "+5491123456789"),
        ("+54 9 2901 15 42-4567", "+5492901424567"),
        # A number that is in no plan we know, but could be in one.
        ("+55 11 90000-0000", "+5511900000000"),
        ("+52 1 55 0000 0000", "+525500000000"),
        ("abc", None),
        ("12", None),
        ("+12", None),
        ("", None),
        ("8765-4321", None),  # of no town
    ],
)
def test_typed_numbers_are_read(typed, e164):
    assert phones.to_e164(typed) == e164


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("0055 31 98765-4321", "+5531987654321"),
        ("(00) 55 41 8765-4321", "+5541987654321"),
        ("+00 55 31 98765-4321", "+5531987654321"),
        ("0052 1 55 1234 5678", "+525512345678"),
        ("0031 6 12345678", "+31612345678"),
        # Carriers: 0, two digits of theirs, area and number.
        ("041 11 98765-4321", "+5511987654321"),
        ("0 15 11 8765-4321", "+5511987654321"),
        ("031 31 98765-4321", "+5531987654321"),
        ("041 3333-4444", "+554133334444"),
        ("0 17 11 98765-4321", None),  # nobody's code
        # Neither a country's number nor ours: not Switzerland, not the United States.
        ("00 41 11 98765-4321", None),
        ("0031 98765-4321", None),
        ("0014 11 3333-4444", None),
        ("61 4123-45678", None),  # a slip, and no Australian
        ("49 98765-43210", None),
        ("54 99876-54321", None),
    ],
)
def test_a_number_never_becomes_a_foreign_one_unsaid(typed, e164):
    assert phones.to_e164(typed) == e164


@pytest.mark.parametrize(
    ("region", "typed", "e164"),
    [
        ("MX", "55 1234 5678", "+525512345678"),
        ("MX", "521 55 1234 5678", "+525512345678"),
        ("MX", "0055 11 98765-4321", "+5511987654321"),
        ("MX", "11 98765-4321", None),
        ("AR", "11 2345-6789", "+541123456789"),
        ("AR", "011 15 2345-6789", "+5491123456789"),
        ("AR", "0351 15 234-5678", "+5493512345678"),
        ("BR", "55 1234 5678", None),
    ],
)
def test_a_number_is_read_as_people_write_at_home(region, typed, e164):
    assert phones.to_e164(typed, regions=[region]) == e164


def test_where_two_countries_are_at_home_each_is_tried():
    assert phones.to_e164("55 1234 5678", regions=["BR", "MX"]) == "+525512345678"
    assert phones.to_e164("11 98765-4321", regions=["MX", "BR"]) == "+5511987654321"


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("5215512345678", "+525512345678"),
        ("5511987654321", "+5511987654321"),
        ("0055 11 98765-4321", "+5511987654321"),
        ("+55 11 90000-0000", "+5511900000000"),
        ("11 98765-4321", None),  # and not +1 198…
        ("+", None),
    ],
)
def test_what_begins_with_a_country_is_read_so(text, e164):
    assert phones.from_international(text) == e164


@pytest.mark.parametrize(
    ("number", "e164"),
    [
        ("5215512345678", "+525512345678"),
        ("551187654321", "+5511987654321"),
        ("999000000000123", "+999000000000123"),  # of no country
        ("5510", "+5510"),
    ],
)
def test_whoever_whatsapp_names_has_a_number(number, e164):
    assert phones.from_whatsapp(number) == e164


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("5511987654321", "+55 11 98765-4321"),
        ("551187654321", "+55 11 98765-4321"),
        ("551133334444", "+55 11 3333-4444"),
        ("5215512345678", "+52 55 1234 5678"),
        ("525512345678", "+52 55 1234 5678"),
        ("5491123456789", "+54 9 11 2345-6789"),
        ("541123456789", "+54 11 2345-6789"),
        ("999000000000123", "999000000000123"),
    ],
)
def test_a_number_is_shown_as_it_is_dialled(number, shown):
    assert phones.display(number) == shown
    assert phones.match_key_for_phone(shown) == phones.match_key_for_phone(number)


@pytest.mark.parametrize(
    ("written", "number", "wa_id"),
    [
        ("+5215512345678", "+525512345678", "5215512345678"),
        ("551187654321", "+5511987654321", "551187654321"),
        ("+54 11 15 2345-6789", "+5491123456789", "5491123456789"),
        ("0055 11 98765-4321", "+5511987654321", "5511987654321"),
    ],
)
def test_a_message_goes_to_the_digits_that_were_written(written, number, wa_id):
    assert phones.wa_id(number, written=written) == wa_id


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("55118765", "5511987654321"),
        ("5511987", "5511987654321"),
        ("52155123", "525512345678"),
        ("5255123", "525512345678"),
        ("549112345", "541123456789"),
        ("54112345", "541123456789"),
        ("5411152345", "541123456789"),
        ("54911152345", "541123456789"),
        ("542901154245", "542901424567"),
    ],
)
def test_the_beginning_of_any_notation_begins_the_canonical_one(part, whole):
    assert any(whole.startswith(one) for one in phones.beginnings(part))


def test_the_beginning_of_a_landline_is_none_of_a_mobile():
    assert phones.beginnings("55113333") == ["55113333"]
