"""Titles filtered by words."""

from __future__ import annotations

import pytest

from app.core.text import folded
from app.ui.models.title_filter import TitleFilter


@pytest.mark.parametrize(
    ("query", "title", "accepted"),
    [
        ("", "Anything", True),
        ("waters forests", "Forests and Waters", True),
        ("FOR wat", "Forests and Waters", True),
        ("forests lakes", "Forests and Waters", False),
        ("elan", "Élan vital", True),
        ("ÉLAN", "E\u0301lan vital", True),
        ("strasse", "Straße", True),
        ("  \t ", "Anything", True),
        ("北京", "北京的河流", True),
    ],
)
def test_all_words_are_needed_in_any_order_case_and_accent(query: str, title: str, accepted: bool) -> None:
    """Words may be the beginnings of words, capitals and accents make no difference."""
    assert TitleFilter(query).accepts(folded(title)) is accepted


def test_filters_of_the_same_words_are_equal() -> None:
    """So that typing a space filters nothing anew."""
    assert TitleFilter("a B ") == TitleFilter("A b")
    assert not TitleFilter(" ")
