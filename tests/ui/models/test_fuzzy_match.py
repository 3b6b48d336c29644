from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.models.fuzzy_match import Query, target


@pytest.mark.parametrize(
    ("query", "text", "fits"),
    [
        ("", "Anything", True),
        ("opf", "Open a file", True),
        ("fo", "Open a file", False),
        ("TEXT la", "Text larger", True),
        ("uber", "Über Griffin Desk", True),
        ("ß", "strasse", True),
        (".*", "Anything", False),
        ("]", "a ] b", True),
        ("oo", "Open", False),
    ],
)
def test_all_letters_in_their_order(query: str, text: str, fits: bool) -> None:
    """Case, accents and spaces mean nothing; signs stand for themselves."""
    assert Query(query).matches(target(text)) is fits


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("ns", "New search", "Open settings"),
        ("st", "Stop", "Search the library"),
        ("set", "Settings", "Show every text"),
        ("opf", "Open file", "Stop file"),
        ("larger", "Text larger", "Load all recent great errors"),
        ("file", "File", "File of the last document that was opened"),
    ],
)
def test_word_starts_and_runs_count(query: str, better: str, worse: str) -> None:
    """Letters that begin words or follow each other stand before letters strewn about."""
    wanted = Query(query)
    assert wanted.matches(target(better)) and wanted.matches(target(worse))
    assert wanted.score(target(better)) > wanted.score(target(worse))


@given(st.text(max_size=60), st.text(max_size=8))
def test_what_fits_is_what_a_plain_search_finds(text: str, query: str) -> None:
    """The same texts as a regular expression with anything between the letters finds."""
    wanted, candidate = Query(query), target(text)
    expected = re.search(".*".join(map(re.escape, wanted.letters)), candidate.text, re.DOTALL) is not None
    assert wanted.matches(candidate) is expected
    if expected and wanted.letters:
        assert wanted.score(candidate) != 0.0
