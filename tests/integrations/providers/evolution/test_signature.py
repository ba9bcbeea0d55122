"""A token proves its sender only when it was made with a secret of ours."""

from datetime import timedelta

import pytest

from integrations.providers import registry
from integrations.providers.base.errors import SignatureInvalid
from integrations.providers.base.types import RawRequest
from integrations.providers.evolution.signature import GRACE
from tests.integrations.providers import golden
from tests.twins.evolution import token

KEYS = golden.credentials("evolution")
ISSUED_AT = int(golden.NOON.timestamp())


def _request(bearer: str, *, later: timedelta = timedelta()) -> RawRequest:
    headers = {"authorization": f"Bearer {bearer}"}
    return RawRequest(
        "POST", "https://inbox.example/", "", headers, b"{}", golden.NOON + later
    )


def _is_believed(raw: RawRequest, *secrets: dict[str, str]) -> bool:
    try:
        registry.get("evolution").authenticate_webhook(raw, secrets)
    except SignatureInvalid:
        return False
    return True


def test_token_made_with_an_empty_secret_proves_nothing() -> None:
    raw = _request(token("", issued_at=ISSUED_AT))

    assert not _is_believed(raw, KEYS | {"webhook_secret": ""})
    assert not _is_believed(raw, KEYS)
    assert not _is_believed(raw)


@pytest.mark.parametrize(
    ("later", "is_believed"),
    [
        (timedelta(), True),
        (timedelta(minutes=10), True),
        (timedelta(minutes=35), True),  # the last of ten attempts
        (timedelta(minutes=10) + GRACE, True),
        (timedelta(minutes=10, seconds=1) + GRACE, False),
        (timedelta(minutes=-30), True),  # our clock is behind
    ],
)
def test_token_is_good_for_its_repetitions_and_not_for_ever(
    later: timedelta, *, is_believed: bool
) -> None:
    raw = _request(token(KEYS["webhook_secret"], issued_at=ISSUED_AT), later=later)

    assert _is_believed(raw, KEYS) is is_believed


def test_refusal_repeats_neither_token_nor_secret() -> None:
    bearer = token("another-webhook-secret", issued_at=ISSUED_AT)

    with pytest.raises(SignatureInvalid) as caught:
        registry.get("evolution").authenticate_webhook(_request(bearer), [KEYS])

    assert bearer not in repr(caught.value)
    assert KEYS["webhook_secret"] not in repr(caught.value)
