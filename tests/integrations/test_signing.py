"""Signatures of events, in both notations."""

import json
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from integrations import signing
from integrations.signing import NotProven, Secret, Stale, Unreadable

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
# printf %s '{"a":1}' | openssl dgst -sha256 -hmac whsec_AAAA
OPENSSL = "ef82e76eb8c0d1829a4d6f057bfad4f928ceb78989ad2cb6f02928fbf37ef9f5"
BODY = '{"id": "evt_1", "título": "Pão"}'.encode()


@pytest.fixture
def secret():
    return signing.new_secret()


def standard(secret, *, event_id="evt_1", at=AT, body=BODY):
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signing.sign(secret, event_id=event_id, at=at, body=body),
    }


def prove(headers, *secrets, body=BODY, now=NOW):
    return signing.prove(headers, body, secrets, now=now)


def test_the_vector_of_the_specification():
    """From the reference libraries of Standard Webhooks."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signature = signing.sign(
        secret,
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_plain_one_is_what_openssl_gives():
    signature = signing.sign_plain(Secret("whsec_AAAA"), b'{"a":1}')

    assert signature == f"sha256={OPENSSL}"


def test_a_secret_has_32_random_bytes_and_hides_itself(secret):
    written = secret.reveal()

    assert written.startswith("whsec_")
    assert len(written) == len("whsec_") + 44
    assert written != signing.new_secret().reveal()
    assert written not in f"{secret} {secret!r}"
    assert signing.hint(secret) == written[:10]
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_what_was_signed_so_is_proven(secret):
    proof = prove(standard(secret), secret)

    assert proof.event_id == "evt_1"
    assert prove({"x-signature": signing.sign_plain(secret, BODY)}, secret) == (
        signing.Proof("")
    )


def test_of_two_secrets_either_proves_and_of_two_signatures_either_counts(secret):
    old, stranger = signing.new_secret(), signing.new_secret()
    both = standard(secret)
    wrong = standard(stranger)["webhook-signature"]
    both["webhook-signature"] = f"{wrong} v1a,x {both['webhook-signature']}"

    assert prove(both, old, secret).event_id == "evt_1"
    assert prove({"x-signature": signing.sign_plain(old, BODY)}, secret, old)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,çã€"},
        {"webhook-signature": "v2,g0hM9SsE"},
        {"webhook-signature": "v1,x " * 5000},
    ],
)
def test_anything_else_proves_nothing(secret, change):
    with pytest.raises(NotProven):
        prove(standard(secret) | change, secret)


@pytest.mark.parametrize(
    "told",
    ["", "sha256=", "sha256=00", "sha256=" + "0" * 64, "sha256=" + "é" * 64, "sha1=00"],
)
def test_a_plain_one_that_is_wrong_proves_nothing(secret, told):
    with pytest.raises(NotProven):
        prove({"x-signature": told}, secret)


def test_nothing_is_proven_without_a_signature_or_a_secret(secret):
    with pytest.raises(NotProven):
        prove({}, secret)
    with pytest.raises(NotProven):
        prove(standard(secret))


def test_another_body_proves_nothing(secret):
    with pytest.raises(NotProven):
        prove(standard(secret), secret, body=BODY + b" ")
    with pytest.raises(NotProven):
        prove({"x-signature": signing.sign_plain(secret, BODY)}, secret, body=b"")


@pytest.mark.parametrize(("ahead", "word"), [(-301, "old"), (301, "future")])
def test_a_moment_too_far_away_is_stale(secret, ahead, word):
    with pytest.raises(Stale) as stale:
        prove(standard(secret, at=AT + ahead), secret)

    assert stale.value.word == word


@pytest.mark.parametrize("ahead", [-300, 0, 300])
def test_five_minutes_are_near_enough(secret, ahead):
    assert prove(standard(secret, at=AT + ahead), secret).signed_at == NOW + timedelta(
        seconds=ahead
    )


def test_the_plain_notation_is_no_way_round_the_moment(secret):
    headers = standard(secret, at=AT - 3600)
    headers["x-signature"] = signing.sign_plain(secret, BODY)

    with pytest.raises(Stale):
        prove(headers, secret)


def test_a_stale_one_that_is_wrong_is_told_only_that_it_is_wrong(secret):
    with pytest.raises(NotProven):
        prove(standard(signing.new_secret(), at=AT - 3600), secret)


def test_it_rests_in_the_vault_for_its_own_row_alone(world, secret):
    key, other = world.workspace.key, world.other_workspace.key
    sealed = signing.seal(secret, workspace_id=world.workspace.pk, key=key)

    assert secret.reveal() not in json.dumps(sealed)
    opened = signing.unseal(sealed, workspace_id=world.workspace.pk, key=key)
    assert opened == secret
    with pytest.raises(Unreadable):
        signing.unseal(sealed, workspace_id=world.workspace.pk, key=other)


@pytest.mark.parametrize("written", ["whsec_*", "whsec_AAA"])
def test_a_secret_that_holds_no_key_says_nothing_of_itself(written):
    with pytest.raises(Unreadable) as problem:
        signing.sign(Secret(written), event_id="e", at=AT, body=b"")

    assert written not in repr(problem.value)
