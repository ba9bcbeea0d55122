"""The primitives, called as the vault and the audit chain call them, on published vectors."""

import hmac
import json
from pathlib import Path

import pytest

from accounts import audit
from accounts.vault import VaultError, cipher

VECTORS = Path(__file__).parents[1] / "vectors"


def cases(name):
    document = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    assert document["source"]
    return [pytest.param(case, id=case["id"]) for case in document["cases"]]


GCM = cases("aes_256_gcm_nist.json") + cases("aes_256_gcm_wycheproof.json")
HMAC = [case.values[0] for case in cases("hmac_rfc4231.json")]


def read_gcm(case):
    key, nonce, data, body = (
        bytes.fromhex(text)
        for text in (
            case["key"],
            case["nonce"],
            case["aad"],
            case["ciphertext"] + case["tag"],
        )
    )
    return body, {"key": key, "nonce": nonce, "data": data}


@pytest.mark.parametrize(
    "case", [case for case in GCM if case.values[0]["plaintext"] is not None]
)
def test_aes_256_gcm_seals_and_opens_as_published(case):
    body, parts = read_gcm(case)
    plaintext = bytes.fromhex(case["plaintext"])

    assert cipher.gcm_seal(plaintext, **parts) == body
    assert cipher.gcm_open(body, **parts) == plaintext


@pytest.mark.parametrize(
    "case", [case for case in GCM if case.values[0]["plaintext"] is None]
)
def test_aes_256_gcm_refuses_what_the_vectors_call_invalid(case):
    body, parts = read_gcm(case)

    with pytest.raises(VaultError):
        cipher.gcm_open(body, **parts)


@pytest.mark.parametrize("case", cases("hkdf_sha512_wycheproof.json"))
def test_hkdf_sha_512_derives_as_published(case):
    output = bytes.fromhex(case["output"])

    derived = cipher.hkdf(
        bytes.fromhex(case["key"]),
        salt=bytes.fromhex(case["salt"]),
        info=bytes.fromhex(case["info"]),
        length=len(output),
    )

    assert derived == output


@pytest.mark.parametrize(
    "case",
    [case for case in HMAC if case["algorithm"] == "sha256"],
    ids=lambda case: case["id"],
)
def test_the_chain_mac_is_hmac_sha_256_as_published(case):
    message = bytes.fromhex(case["message"])

    assert audit.mac(bytes.fromhex(case["key"]), message).hex() == case["output"]


@pytest.mark.parametrize(
    "case",
    [case for case in HMAC if case["algorithm"] == "sha512"],
    ids=lambda case: case["id"],
)
def test_hkdf_extract_and_expand_are_hmac_sha_512_as_published(case):
    """HKDF's first block is HMAC(HMAC(salt, key), info || 1); both HMACs are checked here."""
    salt, key = bytes.fromhex(case["key"]), bytes.fromhex(case["message"])
    extracted = bytes.fromhex(case["output"])
    assert hmac.digest(salt, key, "sha512") == extracted

    derived = cipher.hkdf(key, salt=salt, info=b"info", length=64)

    assert derived == hmac.digest(extracted, b"info\x01", "sha512")
