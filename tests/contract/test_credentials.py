"""What an admin enters is checked field by field, and a secret is never told again."""

import pytest

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import (
    CredentialsInvalid,
    ProviderError,
    SignatureInvalid,
)
from tests.integrations.providers import golden
from tests.integrations.providers.wire import Wire, answer


def test_complete_credentials_are_returned_cleaned(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    padded = {name: f"  {value} " for name, value in credentials.items()}

    assert adapter.validate_credentials(padded) == credentials
    assert set(_required(adapter)) <= set(credentials) <= set(adapter.credential_fields)


@pytest.mark.parametrize("absent", [None, "", "   "])
def test_each_missing_field_is_named(
    absent: str | None, adapter: Adapter, credentials: dict[str, str]
) -> None:
    for name in _required(adapter):
        with pytest.raises(CredentialsInvalid) as caught:
            adapter.validate_credentials(credentials | {name: absent})

        assert caught.value.problems == {name: "missing"}


def test_optional_field_may_stay_empty(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    needed = {name: credentials[name] for name in _required(adapter)}

    cleaned = adapter.validate_credentials(needed | dict.fromkeys(_optional(adapter)))

    assert cleaned.items() >= needed.items()
    assert "" not in cleaned.values()


def test_a_form_asks_for_every_field_that_no_session_grants(adapter: Adapter) -> None:
    asked = {field.name for field in adapter.fields if not field.is_granted}

    forms = [adapter.fields_of(kind) for kind in adapter.session_kinds()]

    assert [field.name for field in adapter.fields] == list(adapter.credential_fields)
    assert all(field.label and field.expected for field in adapter.fields)
    assert {field.name for form in forms for field in form} == asked
    assert all("phone_number" in {field.name for field in form} for form in forms)


@pytest.mark.parametrize(
    "value", [7, True, ["x"], {"a": 1}, "x y", "é" * 9, "x" * 9999]
)
def test_value_of_another_shape_is_refused_without_repeating_it(
    value: object, adapter: Adapter, credentials: dict[str, str]
) -> None:
    for name in adapter.credential_fields:
        with pytest.raises(CredentialsInvalid) as caught:
            adapter.validate_credentials(credentials | {name: value})

        assert list(caught.value.problems) == [name]
        assert caught.value.problems[name].startswith("wrong shape: expected ")


def test_credentials_tell_their_number(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    number = adapter.number_of(credentials)

    assert number.phone == credentials["phone_number"].removeprefix("+")


def test_secrets_are_fields_and_the_phone_number_is_none(adapter: Adapter) -> None:
    assert adapter.secret_fields == {
        field.name for field in adapter.fields if field.is_secret
    }
    assert adapter.secret_fields
    assert "phone_number" in adapter.credential_fields
    assert "phone_number" not in adapter.secret_fields


def test_seeded_secret_appears_in_no_error_and_no_representation(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    secrets = [credentials[name] for name in adapter.secret_fields]
    told = [repr(adapter), str(adapter)]

    for headers in ({}, {"x-bsp-token": "guess"}, {"x-hub-signature-256": "sha256=0"}):
        raw = golden.request(body=b"{}", headers=headers)
        with pytest.raises(SignatureInvalid) as refused:
            adapter.authenticate_webhook(raw, [credentials])
        told += [repr(refused.value), str(refused.value)]
    pasted_twice = {name: f"{value} \n" * 2 for name, value in credentials.items()}
    with pytest.raises(CredentialsInvalid) as invalid:
        adapter.validate_credentials(pasted_twice)
    told += [repr(invalid.value), str(invalid.value), repr(invalid.value.problems)]
    repeated = " ".join(secrets)
    for status in (400, 401, 429, 500):
        for body in (
            {"error": {"code": 100, "message": repeated, "error_data": repeated}},
            {"error": repeated},
            {"meta": {"developer_message": repeated}},
        ):
            try:
                report = adapter.session_status(
                    "session-1", credentials, Wire(answer(status, body))
                )
            except ProviderError as exc:
                told += [repr(exc), str(exc), repr(vars(exc))]
            else:
                told.append(repr(report))

    assert [text for text in told for secret in secrets if secret in text] == []


def test_header_that_carries_a_secret_is_never_kept(
    adapter: Adapter, slug: str, credentials: dict[str, str]
) -> None:
    kept = [
        name
        for case in golden.cases("signature", slug)
        for name, value in case.headers.items()
        if name in adapter.webhook_headers
        and any(credentials[field] in value for field in adapter.secret_fields)
    ]

    assert kept == []
    assert all(name == name.lower() for name in adapter.webhook_headers)
    assert all(key == key.lower() for key in adapter.redact_keys)


def _required(adapter: Adapter) -> list[str]:
    return [field.name for field in adapter.fields if not field.may_be_empty]


def _optional(adapter: Adapter) -> list[str]:
    return [field.name for field in adapter.fields if field.is_optional]
