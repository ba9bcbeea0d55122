"""Folded text: the same words whichever way somebody writes them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp.folding import LONGEST, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Pão, FRANCÊS!", "pao frances"),
        ("Conceição\tda  Silva\n", "conceicao da silva"),
        ("STRASSE straße", "strasse strasse"),
        ("ﬁm ²", "fim 2"),
        ("ana@exemplo.com.br", "ana exemplo com br"),
        ("under_score-hífen", "under score hifen"),
        ("İstanbul", "istanbul"),
        ("❤️ 👍", ""),
        ("", ""),
    ],
)
def test_text_is_folded_to_its_words(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = fold(text)

    assert fold(once) == once


@given(st.text())
def test_composed_and_decomposed_forms_fold_alike(text):
    assert fold(unicodedata.normalize("NFC", text)) == fold(
        unicodedata.normalize("NFD", text)
    )


def test_a_very_long_text_fits_the_index():
    assert len(fold("ﷺ" * LONGEST)) <= LONGEST
