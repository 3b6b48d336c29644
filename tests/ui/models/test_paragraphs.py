"""Offsets of Python in the text of a QTextDocument."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtGui import QTextCursor, QTextDocument

from app.ui.models.paragraphs import LONGEST, MOST_BREAKS, Paragraphs


def shown_between(text: str, start: int, end: int) -> str:
    """What Qt holds between two places, paragraph ends as line feeds."""
    paragraphs, document = Paragraphs(text), QTextDocument()
    document.setPlainText(paragraphs.text())
    assert document.blockCount() == len(paragraphs)
    cursor = QTextCursor(document)
    for offset, mode in ((start, QTextCursor.MoveMode.MoveAnchor), (end, QTextCursor.MoveMode.KeepAnchor)):
        number, units = paragraphs.place(offset)
        cursor.setPosition(document.findBlockByNumber(number).position() + units, mode)
    return cursor.selectedText().replace("\u2029", "\n").replace("\u2028", "\n")


# Of these Qt makes something else than one character, but none of them is in normalised text.
ODD = "\r\u2028\u2029\ufdd0\ufdd1\ufffc"


@given(st.text(st.sampled_from("ab 😀𝒳é\n"), max_size=60), st.data())
@example("", None)
@example("\n\n", None)
def test_every_stretch_is_found(text: str, data: st.DataObject | None) -> None:
    """Also beyond characters of two UTF-16 units and across paragraphs."""
    start = data.draw(st.integers(0, len(text))) if data is not None else 0
    end = data.draw(st.integers(start, len(text))) if data is not None else len(text)
    assert shown_between(text, start, end) == text[start:end]


def test_characters_that_mean_something_to_qt() -> None:
    """They are shown as spaces, so that what follows stays in its place."""
    text = f"a{ODD}b😀c"
    assert shown_between(text, 0, 10) == "a      b😀c"
    assert shown_between(text, 7, 10) == "b😀c"


def test_long_paragraphs_are_cut_at_spaces() -> None:
    """Each piece is short, and every offset is where it was; the space at a cut stands for the cut."""
    text = "word " * 20_000 + "😀 end"
    paragraphs = Paragraphs(text)
    assert max(map(len, paragraphs.text().split("\n"))) <= LONGEST + 5
    start = text.index("😀")
    assert shown_between(text, start, start + 5) == "😀 end"
    assert paragraphs.text().replace("\n", " ") == text


def test_blank_lines_make_paragraphs() -> None:
    """Other line ends do not: a list stays together."""
    assert Paragraphs("a\nb\n\nc\n\n\nd").text().split("\n") == ["a\u2028b", "", "c", "", "", "d"]


def test_of_blank_lines_alone_there_are_not_too_many_paragraphs() -> None:
    """Such a text would cost Qt seconds."""
    text = "x\n\n" * (MOST_BREAKS + 1) + "end"
    assert len(Paragraphs(text)) < 20
    assert shown_between(text, len(text) - 5, len(text)) == "\n\nend"


def test_a_run_without_spaces_is_cut_anywhere() -> None:
    """No character is lost at the cut."""
    text = "x" * 50_000 + "😀" + "y" * 10
    assert len(Paragraphs(text)) > 5
    assert Paragraphs(text).text().replace("\n", "") == text
    assert shown_between(text, 50_000, 50_003) == "😀yy"
