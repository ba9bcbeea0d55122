import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp import tokens

payloads = st.text(alphabet=tokens.ALPHABET, min_size=9, max_size=9)
intact = payloads.map(lambda payload: payload + tokens.check_character(payload))


def test_new_tokens_are_intact_and_differ():
    made = {tokens.new_token() for _ in range(500)}

    assert len(made) == 500
    assert all(tokens.is_intact(token) for token in made)


@given(intact, st.integers(0, 9), st.sampled_from(tokens.ALPHABET))
def test_one_wrong_character_is_noticed_and_rescued(token, at, char):
    damaged = token[:at] + char + token[at + 1 :]

    if damaged == token:
        assert tokens.is_intact(damaged)
    else:
        assert not tokens.is_intact(damaged)
        assert token in tokens.rescues(damaged)


@given(intact, st.integers(0, 8))
def test_swapped_neighbours_are_noticed_and_rescued(token, at):
    damaged = token[:at] + token[at + 1] + token[at] + token[at + 2 :]

    if damaged != token:
        assert not tokens.is_intact(damaged)
        assert token in tokens.rescues(damaged)


@given(intact, st.integers(0, 9))
def test_a_missing_or_doubled_character_is_rescued(token, at):
    assert token in tokens.rescues(token[:at] + token[at + 1 :])
    assert token in tokens.rescues(token[:at] + token[at] + token[at:])


@pytest.mark.parametrize(
    "text",
    [
        "Oi! vm_token:{}",
        "vm_token: {}",
        "VM_TOKEN:{}",
        "vm_token\uff1a{}",
        "*vm_token:{}*",
        "_vm_token:`{}`_",
        'quero saber "vm_token:{}" 😀',
        "vm_token :\n{}",
        "v\u200bm_token:{}\u200f",
        "vm token {}",
        "vm_token:{}.",
        "vm_token:“{}”",
    ],
)
def test_decorated_tokens_are_found(text):
    token = tokens.new_token()

    assert tokens.find_candidates(text.format(token))[0] == token
    assert tokens.find_candidates(text.format(token.lower()))[0] == token


def test_lookalikes_are_free():
    payload = "01ABC0D1E"
    token = payload + tokens.check_character(payload)
    typed = token.replace("0", "o").replace("1", "l")

    assert tokens.find_candidates(f"vm_token:{typed}")[0] == token


@pytest.mark.parametrize(
    "text",
    ["", "bom dia", "meu token do banco é 1234567890", "vm_token:", "vm_token:ABC"],
)
def test_texts_without_a_token_give_nothing(text):
    assert tokens.find_candidates(text) == []


def test_tokens_of_other_systems_are_found_as_written():
    found = tokens.find_candidates("Olá vm_token:Loja-42_abc!")

    assert "LOJA-42_ABC" in found
    assert "LOJA" in found


def test_rescue_of_garbage_is_empty():
    assert tokens.rescues("UUUUUUUUUU") == []
    assert tokens.rescues("") == []
