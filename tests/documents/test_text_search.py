"""What a user types, found in the raw text of a page."""

from __future__ import annotations

import pytest

from app.documents.text_search import Surroundings, TextQuery, surroundings

TEXT = (
    "Basic attention: the cat and C++ code. Well-known naïve re\x02search at\r\nthe end. Café e\u0301tude, "
    "eﬃcient s p a c e d. 中文\r\n字"
)


def found(query: str, text: str = TEXT, most: int = 9) -> list[str]:
    """The stretches found."""
    return [text[start:end] for start, end in TextQuery(query).places(text, most)]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("cat", ["cat"]),
        ("C++", ["C++"]),
        ("NAIVE", ["naïve"]),
        ("cafe étude", ["Café e\u0301tude"]),
        ("research", ["re\x02search"]),
        ("at the", ["at\r\nthe"]),
        ("efficient", ["eﬃcient"]),
        ("wellknown", ["Well-known"]),
        ("well known", ["Well-known"]),
        ("spaced", ["s p a c e d"]),
        ("中文字", ["中文\r\n字"]),
        ("basicattention", ["Basic attention"]),
        ("atthe", []),
        ("dog", []),
        ("", []),
        (" - ", []),
    ],
)
def test_places(query: str, places: list[str]) -> None:
    """Case, accents, ligatures, hyphens and line ends make no difference; the ends of short words do."""
    assert found(query) == places
    assert TextQuery(query).may_be_in(TEXT) or not places


def test_most() -> None:
    """No more places than asked for, and none overlaps another."""
    assert found("aa", "aaaa aa", 2) == ["aa", "aa"]
    assert found("aa", "aaaaa") == ["aa", "aa"]


def test_surroundings() -> None:
    """What stands around a place is made plain and cut at words; spaces at the seams stay."""
    start = TEXT.index("Caf")
    assert surroundings(TEXT, start, start + 4) == Surroundings(
        " cat and C++ code. Well-known naïve research at the end. ", "Café", " étude, efficient s p a c e d. 中文 字"
    )
    assert surroundings("one", 0, 3) == Surroundings("", "one", "")
