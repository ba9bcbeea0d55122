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


def test_no_new_token_is_of_digits_alone(monkeypatch):
    """Without its mark such a one is no token: people write orders and phones."""
    digits, other = "810821839", "81082183A"
    chosen = iter(digits + other)
    monkeypatch.setattr("whatsapp.tokens.secrets.choice", lambda _: next(chosen))
    assert (digits + tokens.check_character(digits)).isdecimal()

    token = tokens.new_token()

    assert token[:-1] == other
    assert tokens.find(f"código {token}").alone == (token,)


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
        "vm_token:{}quero saber o preço",  # typed on where the token ends
        "vm_token:\n\n   \n  😀 👩🏽\u200d🍳 **{}**",
        "https://wa.me/5511999990000?text=Oi%0Avm_token%3A{}%20",
        "vm\\_token:{}",
        "vm_token:{}\ufe0f\U000e0020",
        "vm_token:{}\u2028Obrigada",
    ],
)
def test_decorated_tokens_are_found(text):
    token = tokens.new_token()

    assert tokens.find(text.format(token)).marked[0] == token
    assert tokens.find(text.format(token.lower())).marked[0] == token


def test_lookalikes_are_free():
    payload = "01ABC0D1E"
    token = payload + tokens.check_character(payload)
    typed = token.replace("0", "o").replace("1", "l")

    assert tokens.find(f"vm_token:{typed}").marked[0] == token


@pytest.mark.parametrize(
    "text",
    ["", "bom dia", "meu token do banco é 1234567890", "vm_token:", "vm_token:ABC"],
)
def test_texts_without_a_token_give_nothing(text):
    assert not tokens.find(text)


def test_tokens_of_other_systems_are_found_as_written():
    found = tokens.find("Olá vm_token:Loja-42_abc!")

    assert found.marked == ("LOJA-42_ABC", "LOJA")


def test_a_token_of_another_system_is_never_read_as_a_lookalike():
    assert tokens.find("vm_token:Loja").marked == ("LOJA",)


def test_rescue_of_garbage_is_empty():
    assert tokens.rescues("UUUUUUUUUU") == []
    assert tokens.rescues("") == []


@pytest.mark.parametrize("between", [" ", "-", "\n", "\u200b", " - ", "*"])
@pytest.mark.parametrize("at", range(1, 10))
def test_a_token_that_was_cut_in_two_is_found(between, at):
    token = tokens.new_token()
    text = f"vm_token:{token[:at]}{between}{token[at:]} quero saber"

    assert token in tokens.find(text).marked


@pytest.mark.parametrize(
    "char", [" ", "-", ".", "é", "ç", "😀", "👍🏽", "U", "u", "я", "_"]
)
@pytest.mark.parametrize("at", range(10))
def test_a_foreign_character_in_a_token_is_one_slip(char, at):
    token = tokens.new_token()
    found = tokens.find(f"Oi! vm_token:{token[:at]}{char}{token[at + 1 :]} quero saber")

    assert any(token in tokens.rescues(damaged) for damaged in found.damaged)


@pytest.mark.parametrize("between", [" ", "\n", "ç\n", "- ", "* "])
def test_the_next_word_does_not_make_nine_characters_a_token(between):
    token = tokens.new_token()
    found = tokens.find(f"vm_token:{token[:-1]}{between}{token[-1]}y order is late")

    assert token not in found.marked
    assert token in tokens.rescues(found.damaged[0])


def test_one_character_too_many_at_the_end_is_a_slip_and_not_the_next_word():
    token = tokens.new_token()
    found = tokens.find(f"vm_token:{token}{token[-1]}")

    assert token not in found.marked
    assert found.damaged == (token + token[-1],)


@pytest.mark.parametrize("mark", ["vm_toke:n", "vm_toke: n", "vm_tokenn:"])
def test_a_letter_of_the_mark_that_slipped_into_the_token_is_taken_out(mark):
    token = tokens.new_token()
    found = tokens.find(mark + token)

    assert any(token in tokens.rescues(damaged) for damaged in found.damaged)


@pytest.mark.parametrize(
    "text",
    ["vm_tkoen:{}", "um_token:{}", "vm_tokken:{}", "{}", "código {}.", "_{}_", "({})"],
)
def test_an_intact_token_without_its_mark_stands_alone(text):
    token = tokens.new_token()

    for written in (token, token.lower()):
        found = tokens.find(text.format(written))
        assert (found.marked, found.alone) == ((), (token,))


@pytest.mark.parametrize("text", ["a{}", "{}9", "ã{}", "{}é"])
def test_a_part_of_a_longer_word_does_not_stand_alone(text):
    assert not tokens.find(text.format(tokens.new_token()))


def test_a_text_full_of_marks_is_read_for_a_few():
    token = tokens.new_token()
    text = " ".join(f"vm_token:ABCDEFGH{number}" for number in range(1000, 9000))

    assert len(tokens.find(f"{text} vm_token:{token}").all) < 100


@given(st.text(alphabet=tokens.ALPHABET, min_size=9, max_size=11))
def test_rescues_are_all_intact_tokens_one_slip_away_and_no_other(candidate):
    def slips(token):
        for at in range(10):
            yield token[:at] + token[at + 1 :]
            for char in tokens.ALPHABET:
                yield token[:at] + char + token[at + 1 :]
        for at in range(9):
            yield token[:at] + token[at + 1] + token[at] + token[at + 2 :]
        for at in range(11):
            for char in tokens.ALPHABET:
                yield token[:at] + char + token[at:]

    for token in tokens.rescues(candidate):
        assert tokens.is_intact(token)
        assert candidate in slips(token)
