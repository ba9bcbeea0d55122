"""Fields as data: what passes, in which form, and what is said about the rest."""

import pytest

from integrations.providers.base import credentials as fields
from integrations.providers.base.errors import CredentialsInvalid

FIELDS = (
    fields.phone_field("The number."),
    fields.digits_field("phone_number_id", "Phone number ID"),
    fields.secret_field("api_key", "API key"),
)
RIGHT = {
    "phone_number": "+5511988887777",
    "phone_number_id": "106000000000001",
    "api_key": "a-key-of-some-length",
}


@pytest.mark.parametrize(
    "written",
    ["+5511988887777", "5511988887777", "+55 (11) 98888-7777", "55.11.98888.7777"],
)
def test_phone_number_becomes_e164_however_it_is_written(written: str) -> None:
    cleaned = fields.validate(FIELDS, RIGHT | {"phone_number": written})

    assert cleaned == RIGHT


@pytest.mark.parametrize("written", ["011988887777", "+1234567", "1" * 16, "ring me"])
def test_phone_number_without_country_code_or_of_another_length_is_refused(
    written: str,
) -> None:
    with pytest.raises(CredentialsInvalid) as caught:
        fields.validate(FIELDS, RIGHT | {"phone_number": written})

    assert caught.value.problems == {
        "phone_number": (
            "wrong shape: expected a number with country code, 8 to 15 digits"
        )
    }


@pytest.mark.parametrize("digits", ["1234", "1" * 21, "12345a", "\u0661" * 8])
def test_id_is_digits_of_a_plausible_length(digits: str) -> None:
    with pytest.raises(CredentialsInvalid, match="phone_number_id: wrong shape"):
        fields.validate(FIELDS, RIGHT | {"phone_number_id": digits})


@pytest.mark.parametrize(
    "secret", ["short", "two words", "line\nbreak1", "ção-ção-ção"]
)
def test_secret_that_was_badly_pasted_is_refused_without_telling_it(
    secret: str,
) -> None:
    with pytest.raises(CredentialsInvalid) as caught:
        fields.validate(FIELDS, RIGHT | {"api_key": secret})

    assert secret not in str(caught.value)


def test_names_and_secrets_come_from_the_one_list() -> None:
    assert fields.names(FIELDS) == ("phone_number", "phone_number_id", "api_key")
    assert fields.secret_names(FIELDS) == {"api_key"}
    assert fields.secrets_in(FIELDS, RIGHT) == ["a-key-of-some-length"]
