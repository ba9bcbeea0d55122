"""What WhatsApp asks of a template, beside the field that it is about."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp import template_preview
from whatsapp.template_rules import (
    ButtonDraft,
    ButtonWord,
    Draft,
    Problem,
    check,
    components_of,
    draft_of,
    gaps_in,
)

REPLY, URL, PHONE, CODE = (
    ButtonWord.REPLY,
    ButtonWord.URL,
    ButtonWord.PHONE,
    ButtonWord.CODE,
)
GOOD = "Olá, {{1}}! Seu pedido {{2}} saiu para entrega hoje."
SAMPLES = {"body-1": "Ana", "body-2": "1042"}


def draft(**fields):
    values = {
        "name": "pedido",
        "language": "pt_BR",
        "category": "utility",
        "body": GOOD,
        "samples": SAMPLES,
    } | fields
    return Draft(**values)


def wrongs(**fields):
    return [(one.field, one.problem) for one in check(draft(**fields))]


def test_good_one_has_nothing_wrong():
    buttons = (
        ButtonDraft(REPLY, "Sim"),
        ButtonDraft(URL, "Ver", "https://loja.example/{{1}}", "1042"),
        ButtonDraft(PHONE, "Ligar", "+55 11 3333-4444"),
    )

    assert wrongs(header="Pedido", footer="Obrigado", buttons=buttons) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", Problem.MISSING),
        ("Pedido", Problem.NAME_CHARACTERS),
        ("pedido-1", Problem.NAME_CHARACTERS),
        ("pedido_é", Problem.NAME_CHARACTERS),
        ("a" * 513, Problem.TOO_LONG),
    ],
)
def test_name(name, problem):
    assert wrongs(name=name) == [("name", problem)]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", Problem.MISSING),
        ("   ", Problem.MISSING),
        ("x" * 1025, Problem.TOO_LONG),
        ("{{1}}, seu pedido saiu", Problem.GAP_AT_EDGE),
        ("Seu pedido saiu, {{1}}.", Problem.GAP_AT_EDGE),
        ("Olá {{1}} {{2}} tudo bem por aí hoje?", Problem.GAPS_ADJACENT),
        ("Olá {{1}}, o pedido {{3}} saiu hoje.", Problem.GAPS_NOT_CONSECUTIVE),
        ("Olá {{2}}, seu pedido saiu.", Problem.GAPS_NOT_CONSECUTIVE),
        ("Olá {{1}}, o pedido {{numero}} saiu hoje.", Problem.GAPS_MIXED),
        ("Olá {{Nome}}, o pedido saiu.", Problem.GAP_NAME),
        ("Olá {{ }}, o pedido saiu.", Problem.GAP_NAME),
        ("Olá {{1}, o pedido saiu.", Problem.GAP_BRACES),
        ("Oi {{1}} ok", Problem.TOO_LITTLE_TEXT),
    ],
)
def test_body(body, problem):
    assert wrongs(body=body) == [("body", problem)]


def test_each_gap_wants_an_example():
    assert wrongs(samples={"body-1": "Ana"}) == [("body-2", Problem.SAMPLE_MISSING)]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("x" * 61, Problem.TOO_LONG),
        ("um\ndois", Problem.LINE_BREAK),
        ("{{1}} e {{2}}", Problem.ONE_GAP_AT_MOST),
    ],
)
def test_header(header, problem):
    assert wrongs(header=header) == [("header", problem)]


@pytest.mark.parametrize(
    ("footer", "problem"),
    [("x" * 61, Problem.TOO_LONG), ("Oi {{1}}", Problem.NO_GAPS_HERE)],
)
def test_footer(footer, problem):
    assert wrongs(footer=footer) == [("footer", problem)]


@pytest.mark.parametrize(
    ("buttons", "field", "problem"),
    [
        ([(REPLY, "")], "button-0-text", Problem.MISSING),
        ([(REPLY, "x" * 26)], "button-0-text", Problem.TOO_LONG),
        ([(REPLY, "Sim"), (REPLY, "Sim")], "button-1-text", Problem.BUTTONS_ALIKE),
        ([(URL, "Ver", "loja")], "button-0-value", Problem.URL),
        ([(URL, "Ver", "")], "button-0-value", Problem.MISSING),
        ([(URL, "Ver", "javascript:alert(1)")], "button-0-value", Problem.URL),
        (
            [(URL, "Ver", "https://a.b/{{1}}/x", "1")],
            "button-0-value",
            Problem.URL_GAP_AT_END,
        ),
        ([(URL, "Ver", "https://a.b/{{1}}")], "button-0-1", Problem.SAMPLE_MISSING),
        ([(PHONE, "Ligar", "abc")], "button-0-value", Problem.PHONE),
        ([(CODE, "", "x" * 16)], "button-0-value", Problem.TOO_LONG),
        (
            [(REPLY, "A"), (URL, "B", "https://a.b"), (REPLY, "C")],
            "button-2-text",
            Problem.BUTTONS_MIXED,
        ),
        (
            [(PHONE, "A", "+551133334444"), (PHONE, "B", "+551133335555")],
            "button-1-text",
            Problem.ONE_OF_A_KIND,
        ),
    ],
)
def test_buttons(buttons, field, problem):
    told = tuple(ButtonDraft(*one) for one in buttons)

    assert wrongs(buttons=told) == [(field, problem)]


def test_draft_is_written_as_meta_writes_it_and_read_back():
    told = draft(
        header="Pedido {{1}}",
        footer="Obrigado",
        samples={**SAMPLES, "header-1": "1042"},
        buttons=(
            ButtonDraft(URL, "Ver", "https://a.b/{{1}}", "1042"),
            ButtonDraft(CODE, "", "MAIO10"),
        ),
    )

    components = components_of(told)

    assert components[0]["example"] == {"header_text": ["1042"]}
    assert components[1]["example"] == {"body_text": [["Ana", "1042"]]}
    assert components[3]["buttons"][0]["example"] == ["https://a.b/1042"]
    assert draft_of("pedido", "pt_BR", "utility", components) == told


def test_what_the_editor_cannot_hold_is_not_edited():
    picture = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Oi"}]

    assert draft_of("t", "en", "marketing", picture) is None
    assert draft_of("t", "en", "authentication", picture[1:]) is None
    assert draft_of("t", "en", "utility", [{"type": "CAROUSEL"}]) is None


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="ab {}1_\n", max_size=60))
def test_any_text_is_judged_and_pictured(text):
    check(draft(body=text, header=text, footer=text))
    shown = template_preview.pieces(text, "body", {})

    assert "".join(piece.text for piece in shown) == text
    assert all(isinstance(name, str) for name in gaps_in(text))
