"""Only the holder of a secret is believed, and nothing may change on the way."""

import hashlib
import hmac

import pytest

from integrations.providers.base.adapter import Adapter
from integrations.providers.base.errors import SignatureInvalid
from tests.integrations.providers import golden

ACCEPTED = [
    case for case in golden.cases("signature") if case.data["outcome"] == "accepted"
]
BODY_COVERED = [case for case in ACCEPTED if case.data["covers_body"]]


def _is_believed(
    case: golden.Case,
    *,
    body: bytes | None = None,
    proof: str | None = None,
    secrets: list[dict[str, str]] | None = None,
) -> bool:
    headers = case.headers if proof is None else {case.data["proof"]: proof}
    raw = golden.request(body=case.body if body is None else body, headers=headers)
    try:
        case.adapter.authenticate_webhook(
            raw, [golden.credentials(case.slug)] if secrets is None else secrets
        )
    except SignatureInvalid:
        return False
    return True


@pytest.mark.parametrize("case", BODY_COVERED, ids=str)
def test_each_change_of_one_byte_of_the_body_is_noticed(case: golden.Case) -> None:
    body = case.body

    believed = [
        at
        for at in range(len(body))
        if _is_believed(case, body=body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
    ]

    assert believed == []
    assert not _is_believed(case, body=body + b" ")
    assert not _is_believed(case, body=body[:-1])
    assert not _is_believed(case, body=b"")


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_each_change_of_one_character_of_the_proof_is_noticed(
    case: golden.Case,
) -> None:
    proof = case.headers[case.data["proof"]]

    believed = [
        at
        for at in range(len(proof))
        for other in (chr(ord(proof[at]) ^ 1), proof[at].swapcase())
        if other != proof[at]
        and _is_believed(case, proof=proof[:at] + other + proof[at + 1 :])
    ]

    assert believed == []
    assert not _is_believed(case, proof=proof[:-1])
    assert not _is_believed(case, proof=proof + "0")
    assert not _is_believed(case, proof=proof * 100)


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_any_active_secret_may_have_signed(case: golden.Case) -> None:
    ours = golden.credentials(case.slug)
    others = dict.fromkeys(ours, "another-secret")

    assert _is_believed(case, secrets=[others, ours])
    assert _is_believed(case, secrets=[ours, others])
    assert not _is_believed(case, secrets=[others])


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_nobody_is_believed_without_a_secret(case: golden.Case) -> None:
    empty = dict.fromkeys(golden.credentials(case.slug), "")

    attempts: list[list[dict[str, str]]] = [[], [{}], [empty], [{}, empty]]
    for secrets in attempts:
        assert not _is_believed(case, secrets=secrets)


def test_a_proof_made_with_an_empty_secret_is_refused(
    adapter: Adapter, slug: str
) -> None:
    body = b"{}"
    forged = hmac.new(b"", body, hashlib.sha256).hexdigest()
    empty = dict.fromkeys(golden.credentials(slug), "")
    names = {case.data["proof"] for case in ACCEPTED if case.slug == slug}

    for name in names:
        for proof in (forged, f"sha256={forged}", ""):
            raw = golden.request(body=body, headers={name: proof})
            with pytest.raises(SignatureInvalid):
                adapter.authenticate_webhook(raw, [empty])


def test_a_request_without_any_proof_says_that_it_is_missing(
    adapter: Adapter, credentials: dict[str, str]
) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        adapter.authenticate_webhook(golden.request(body=b"{}"), [credentials])

    assert caught.value.is_missing
