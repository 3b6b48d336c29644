from __future__ import annotations

import pytest

from app.storage.search_terms import MAX_TERMS, character_pairs, is_unspaced, quoted, words


def test_words_are_composed_and_named_once() -> None:
    """In their order, in their case, é as one character, without what is no word."""
    assert words('Re\u0301sume\u0301, the "Elbe" AND the dam!') == ["Résumé", "the", "Elbe", "AND", "dam"]


@pytest.mark.parametrize(("text", "expected"), [("Straße", False), ("Python是什么", True), ("แม่น้ำ", True), ("", False)])
def test_scripts_without_spaces(text: str, expected: bool) -> None:
    """One such character is enough."""
    assert is_unspaced(text) is expected


def test_pairs_of_neighbouring_characters() -> None:
    """Runs without spaces are cut into pairs, a single character stays, other scripts are lower-cased whole."""
    assert character_pairs(["Python是什么", "雪", "Elbe"]) == ["python", "是什", "什么", "雪", "elbe"]
    assert len(character_pairs(["".join(map(chr, range(0x4E00, 0x4E00 + 5000)))])) == MAX_TERMS


def test_a_quoted_word_is_a_plain_string() -> None:
    """Between double quotes the search language has no operators."""
    assert quoted("NEAR") == '"NEAR"'
