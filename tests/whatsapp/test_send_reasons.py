"""Every word by which we ourselves hold a message back has its sentence."""

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from integrations.providers.base.catalogue import ErrorClass, NextAction
from whatsapp import send_reasons
from whatsapp.services.outbox_checks import Refusal
from whatsapp.services.outbox_results import GAVE_UP, MOST_ATTEMPTS

SERVICES = Path(send_reasons.__file__).parent / "services"
WRITERS = [
    *sorted(SERVICES.glob("outbox*.py")),
    *(SERVICES / name for name in ("fence.py", "sending.py", "unconfirmed.py")),
]


def words_written_down() -> set[str]:
    """What the outbox writes into `reason`: in its SQL, as a code, or as a name for one."""
    found: set[str] = set()
    for path in WRITERS:
        text = path.read_text()
        found |= set(re.findall(r"reason = (?:CASE [^']*)?'([a-z_]+)'", text))
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name(id="Outcome")):
                    given = [*node.args[2:3], *_named(node, "code")]
                case ast.Call(func=ast.Name(id="_let_go")):
                    given = node.args[1:2]
                case ast.Call(func=ast.Attribute(attr="update")):
                    given = _named(node, "error_code")
                case ast.AnnAssign(target=ast.Name(id="BROKEN" | "GAVE_UP")):
                    given = [node.value] if node.value else []
                case _:
                    continue
            found |= {
                one.value
                for one in given
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found - {""}


def _named(node: ast.Call, name: str) -> list[ast.expr]:
    return [word.value for word in node.keywords if word.arg == name]


def test_the_search_finds_the_words() -> None:
    assert words_written_down() >= {
        "worker_gone",
        "restored",
        "gave_up",
        "broken",
        "fault",
        "no_id",
        "dropped",
        "sent_again",
        "credentials_unreadable",
        "paused",
    }


@pytest.mark.parametrize("reason", sorted({*Refusal, *words_written_down()}))
def test_each_has_a_sentence_and_what_to_do_in_both_languages(reason: str) -> None:
    told = {}
    for language in ("en", "pt-br"):
        with translation.override(language):
            told[language] = send_reasons.explain("meta_cloud", reason)
    english, portuguese = told["en"], told["pt-br"]

    assert "does not know" not in english.sentence
    assert english.sentence.endswith(".")
    assert english.advice.endswith(".")
    assert english.sentence != portuguese.sentence
    assert english.advice != portuguese.advice


def test_what_may_have_arrived_never_says_that_it_did_not() -> None:
    for reason, entry in send_reasons.OURS.items():
        is_maybe = "may have been sent" in entry.sentence
        assert (entry.kind is ErrorClass.UNKNOWN) == is_maybe, reason


def test_giving_up_tells_the_last_trouble_too() -> None:
    with translation.override("en"):
        told = send_reasons.explain("meta_cloud", f"{GAVE_UP}:connect_timeout")

    assert told.sentence == (
        f"Recado tried {MOST_ATTEMPTS} times and gave up. "
        "The provider could not be reached; the message has not left."
    )
    assert told.action is NextAction.SEND_AGAIN


def test_a_provider_s_code_is_told_by_its_catalogue() -> None:
    with translation.override("en"):
        told = send_reasons.explain("meta_cloud", "131047", said="Re-engagement")

    assert told.sentence.startswith("More than 24 hours")
    assert told.said == "Re-engagement"


def test_an_uncertain_send_is_told_as_one_even_by_our_own_word() -> None:
    with translation.override("en"):
        told = send_reasons.explain("meta_cloud", "dropped", is_uncertain=True)

    assert "may have been sent" in told.sentence
