"""Lines to paragraphs: hand-set pages."""

from __future__ import annotations

from app.documents.normalize import Vocabulary
from app.documents.paragraphs import body_size, page_text
from app.documents.raw import Line

WORDS = Vocabulary(["hyphenation"])


def line(
    text: str,
    x0: float,
    top: float,
    x1: float,
    *,
    size: float = 10.0,
    bold: bool = False,
    fixed: bool = False,
    column: int = 0,
) -> Line:
    return Line(text, x0, top, x1, top + size, size, bold, fixed, column)


def test_wrapped_lines_and_indent() -> None:
    """Full lines are joined and hyphens undone; an indented line after a full stop begins a paragraph."""
    lines = [
        line("The first paragraph runs over", 50, 100, 300),
        line("two lines with hyphen-", 50, 112, 300),
        line("ation in it, and it stops here.", 50, 124, 300),
        line("The second one is indented and", 62, 136, 300),
        line("short.", 50, 148, 80),
    ]
    assert page_text(lines, WORDS, 10.0).text == (
        "The first paragraph runs over two lines with hyphenation in it, and it stops here.\n\n"
        "The second one is indented and short."
    )


def test_heading_gap_and_list() -> None:
    """A larger line is a heading with its offset; a gap parts paragraphs; list items keep their lines."""
    lines = [
        line("1 Introduction", 50, 80, 150, size=16),
        line("Some text that is full width here", 50, 110, 300),
        line("and ends.", 50, 122, 90),
        line("• one", 60, 134, 90),
        line("• two", 60, 146, 90),
        line("After a gap.", 50, 180, 110),
    ]
    page = page_text(lines, WORDS, 10.0)
    assert page.text == ("1 Introduction\n\nSome text that is full width here and ends.\n• one\n• two\n\nAfter a gap.")
    assert [(heading.offset, heading.title) for heading in page.headings] == [(0, "1 Introduction")]


def test_code_keeps_its_lines() -> None:
    """Typewriter lines are never joined, nor is the text around them."""
    lines = [
        line("The function sink, called like this", 50, 100, 300),
        line('> sink("record.lis")', 60, 112, 160, fixed=True),
        line("> sink()", 60, 124, 100, fixed=True),
        line("will divert the output.", 50, 136, 200),
    ]
    assert page_text(lines, WORDS, 10.0).text == (
        'The function sink, called like this\n> sink("record.lis")\n> sink()\nwill divert the output.'
    )


def test_sentence_over_two_columns() -> None:
    """A sentence that goes on in the next column is one paragraph."""
    lines = [
        line("the left column ends within a", 50, 700, 300),
        line("sentence that goes on over", 50, 712, 300),
        line("here in the right column.", 320, 100, 560, column=1),
    ]
    assert (
        page_text(lines, WORDS, 10.0).text
        == "the left column ends within a sentence that goes on over here in the right column."
    )


def test_body_size() -> None:
    """The body's size is the one with the most letters, not the most lines."""
    assert body_size([[line("a" * 100, 0, 0, 9), line("b", 0, 0, 9, size=16), line("c", 0, 0, 9, size=16)]]) == 10.0
