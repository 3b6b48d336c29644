"""Sections from marks, and titles found on their pages."""

from __future__ import annotations

from typing import Self, SupportsIndex

from app.documents.model import Page, PageKind
from app.documents.outline import Mark, find_title, page_group_marks, sections_from_marks


def test_sections_cover_without_gap_or_overlap() -> None:
    """Marks out of order, doubled, or outside the text still give sections that cover it once."""
    marks = [Mark("B", 1, 50), Mark("A", 2, 10), Mark("A2", 3, 10), Mark("Beyond", 1, 500), Mark("Deep", 99, 70)]
    sections = sections_from_marks(marks, 100, lambda offset: 1 + offset // 40)
    assert [(s.title, s.level, s.start, s.end, s.page_from, s.page_to) for s in sections] == [
        ("Beginning", 1, 0, 10, 1, 1),
        ("A2", 3, 10, 50, 1, 2),
        ("B", 1, 50, 70, 2, 2),
        ("Deep", 6, 70, 100, 2, 3),
    ]


def test_find_title() -> None:
    """The line nearest to the hint wins; number, case and space may differ; running text does not count."""
    text = "In The Environment we see.\n\n1.1 The R environment\n\nText.\n\nThe R Environment\n\nMore."
    assert find_title(text, "The R environment", 0) == 28
    assert find_title(text, "The R environment", 70) == 58
    assert find_title(text, "1.1 The R\u00a0environment", 0) == 28
    assert find_title(text, "3 The R environment", 70) == 58
    assert find_title(text, "we see", 0) is None
    assert find_title(text, "???", 0) is None


def test_page_groups() -> None:
    """Pages are grouped to about 10,000 characters."""
    pages = [Page(number, "x" * 6000) for number in range(3, 8)]
    marks = page_group_marks(pages, [0, 6001, 12002, 18003, 24004], PageKind.PAGE)
    assert [(mark.title, mark.start) for mark in marks] == [("Pages 3–4", 0), ("Pages 5–6", 12002), ("Page 7", 24004)]


def test_title_in_an_endless_line() -> None:
    """Only a number may stand before a title, and a number is short: the rest of a long line is not looked at."""
    assert find_title("a" * 300_000 + "b", "a", 0) == 0
    assert find_title("x" * 300_000 + "\nAppendix 12.3  Rivers", "Rivers", 0) == 300_001
    assert find_title(" " * 100 + "Rivers", "Rivers", 0) is None


class CountedText(str):
    """A text that counts the characters in which a line's beginning was looked for."""

    __slots__ = ("looked_at",)

    def __new__(cls, text: str) -> Self:
        counted = super().__new__(cls, text)
        counted.looked_at = 0
        return counted

    def rfind(self, sub: str, start: SupportsIndex | None = 0, end: SupportsIndex | None = None) -> int:
        first, last, _ = slice(start, end).indices(len(self))
        self.looked_at += last - first
        return super().rfind(sub, start, end)


def test_matches_without_number_in_an_endless_line() -> None:
    """What is looked at grows with the matches, not with their square: a hostile outline asks 20,000 times."""
    text = CountedText("ferry " * 2_000)
    assert find_title(text, "ferry", 0) == 0
    assert 0 < text.looked_at <= 2_000 * 50
