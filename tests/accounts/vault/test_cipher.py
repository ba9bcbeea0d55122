import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from accounts.vault import SecretContext, VaultError, cipher
from tests.accounts.vault.gcm_collision import block_for_two_keys

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CONTEXT = SecretContext(
    purpose="integration-credentials",
    column="integrations_integration.credentials",
    workspace_id=7,
    integration_id=9,
    field="access_token",
    secret_version=3,
)
REFUSAL = "the vault cannot open or seal this secret"


def seal(plaintext=b"x", *, key=KEY, key_id=5, context=CONTEXT):
    return cipher.seal(plaintext, key=key, key_id=key_id, context=context)


def refused(sealed, *, key=KEY, context=CONTEXT):
    """Does opening fail, and with the one text?"""
    try:
        cipher.unseal(sealed, key=key, context=context)
    except VaultError as error:
        return str(error) == REFUSAL and error.args == ()
    return False


def encode(envelope):
    return base64.b64encode(envelope).decode()


def independent_context_bytes(context):
    parts = [
        context.purpose,
        context.column,
        str(context.workspace_id),
        str(context.integration_id),
        context.field,
        str(context.secret_version),
    ]
    return b"".join(len(p.encode()).to_bytes(4) + p.encode() for p in parts)


@given(
    plaintext=st.binary(max_size=4096),
    key=st.binary(min_size=32, max_size=32),
    key_id=st.integers(0, 2**32 - 1),
    texts=st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]))] * 3),
    numbers=st.tuples(*[st.integers(0, 2**63)] * 3),
)
def test_what_was_sealed_opens(plaintext, key, key_id, texts, numbers):
    context = SecretContext(texts[0], texts[1], numbers[0], numbers[1], texts[2])
    context = replace(context, secret_version=numbers[2])

    sealed = seal(plaintext, key=key, key_id=key_id, context=context)

    assert cipher.unseal(sealed, key=key, context=context) == plaintext
    assert cipher.key_id_of(sealed) == key_id


def test_the_layout_is_the_documented_one():
    """Opened byte by byte here, with HKDF written out, as another program would."""
    envelope = base64.b64decode(seal(b"hello", key_id=0x01020304))

    assert envelope[0:2] == b"RC"
    assert envelope[2] == 1
    assert envelope[3] == 1
    assert envelope[4:8] == bytes([1, 2, 3, 4])
    salt, commitment, nonce = envelope[8:40], envelope[40:72], envelope[72:84]
    info = b"recado vault 1: AES-256 key and commitment"
    extracted = hmac.digest(salt, KEY, hashlib.sha512)
    derived = hmac.digest(extracted, info + b"\x01", hashlib.sha512)
    assert derived[32:] == commitment
    data = envelope[:72] + independent_context_bytes(CONTEXT)
    assert AESGCM(derived[:32]).decrypt(nonce, envelope[84:], data) == b"hello"
    assert len(envelope) == 84 + len(b"hello") + 16


def test_two_sealings_share_neither_salt_nor_nonce():
    first, second = (base64.b64decode(seal()) for _ in range(2))

    assert first[8:40] != second[8:40]
    assert first[72:84] != second[72:84]


def test_every_flipped_bit_of_an_envelope_is_refused():
    envelope = base64.b64decode(seal())

    for bit in range(len(envelope) * 8):
        changed = bytearray(envelope)
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(encode(changed)), f"bit {bit}"


def test_every_flipped_bit_of_the_text_is_refused():
    sealed = seal(b"x")  # a length whose base64 ends with padding and unused bits
    assert sealed.endswith("=")

    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed.encode())
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(changed.decode("latin-1")), f"bit {bit}"


def test_every_truncation_is_refused():
    sealed = seal(b"some text")
    envelope = base64.b64decode(sealed)

    assert all(refused(sealed[:length]) for length in range(len(sealed)))
    assert all(refused(encode(envelope[:length])) for length in range(len(envelope)))
    assert all(refused(encode(envelope[start:])) for start in range(1, len(envelope)))


@pytest.mark.parametrize(
    "text",
    ["", "=", "not base64", "é", "\ud800", "A" * 200, "\0" * 140, None, 5],
    ids=repr,
)
def test_what_is_no_envelope_is_refused(text):
    assert refused(text)


@pytest.mark.parametrize("change", [" {}", "{}\n", "{}=", "{}A", "{}AAAA"])
def test_other_writings_of_the_same_text_are_refused(change):
    assert refused(change.format(seal()))


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "oauth-token"},
        {"column": "accounts_token.credentials"},
        {"workspace_id": 8},
        {"integration_id": 10},
        {"field": "app_secret"},
        {"secret_version": 4},
        {"workspace_id": 9, "integration_id": 7},
        {"purpose": "integration-credentialsi", "column": CONTEXT.column[1:]},
    ],
    ids=str,
)
def test_a_secret_opens_in_no_other_context(change):
    assert refused(seal(), context=replace(CONTEXT, **change))


@pytest.mark.parametrize(
    "part",
    [slice(4, 8), slice(8, 40), slice(40, 72), slice(72, 84), slice(84, None)],
    ids=["key id", "salt", "commitment", "nonce", "body"],
)
def test_parts_of_another_envelope_do_not_fit(part):
    mine = bytearray(base64.b64decode(seal(b"mine", key_id=1)))
    mine[part] = base64.b64decode(seal(b"hers", key_id=2))[part]

    assert refused(encode(mine))


@pytest.mark.parametrize(
    ("position", "value"), [(0, 0), (1, 0), (2, 0), (2, 2), (3, 0), (3, 2)]
)
def test_another_magic_version_or_suite_is_refused(position, value):
    envelope = bytearray(base64.b64decode(seal()))
    envelope[position] = value

    assert refused(encode(envelope))
    with pytest.raises(VaultError):
        cipher.key_id_of(encode(envelope))


def test_another_key_is_refused():
    assert refused(seal(), key=OTHER_KEY)
    assert refused(seal(), key=KEY[:31])


def test_a_wrong_commitment_is_refused_although_the_tag_is_right():
    salt, nonce = bytes(32), bytes(12)
    aes_key, _ = cipher.derive(KEY, salt)
    header = b"RC\x01\x01" + bytes(4) + salt + bytes(32)
    data = header + independent_context_bytes(CONTEXT)
    body = cipher.gcm_seal(b"x", key=aes_key, nonce=nonce, data=data)
    assert cipher.gcm_open(body, key=aes_key, nonce=nonce, data=data) == b"x"

    assert refused(encode(header + nonce + body))


def test_an_envelope_opens_under_one_key_only():
    """AES-GCM alone can be made to open one ciphertext under two keys; the vault cannot."""
    salt, nonce = bytes(range(32)), bytes(range(12))
    mine, commitment = cipher.derive(KEY, salt)
    hers, _ = cipher.derive(OTHER_KEY, salt)
    header = b"RC\x01\x01" + bytes(4) + salt + commitment
    data = header + independent_context_bytes(CONTEXT)
    body = block_for_two_keys(mine, hers, nonce, data)
    opened = [
        cipher.gcm_open(body, key=key, nonce=nonce, data=data) for key in (mine, hers)
    ]
    assert opened[0] != opened[1]
    envelope = encode(header + nonce + body)

    assert cipher.unseal(envelope, key=KEY, context=CONTEXT) == opened[0]
    assert refused(envelope, key=OTHER_KEY)


@pytest.mark.parametrize(
    ("key", "key_id"), [(KEY[:31], 1), (KEY + b"x", 1), (KEY, -1), (KEY, 2**32)]
)
def test_sealing_refuses_a_key_that_is_none(key, key_id):
    with pytest.raises(VaultError, match=REFUSAL):
        seal(key=key, key_id=key_id)
