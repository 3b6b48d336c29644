"""Lines of text cut to a row."""

from __future__ import annotations

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication

from app.ui.widgets.row_paint import LINES_KEPT, CutTexts

TITLE = "The Physical Science Basis of Climate Change and what follows from it"


def test_a_text_that_fits_stays_whole(qapp: QApplication) -> None:
    """Nothing is cut where there is room; spaces and line ends are one space."""
    assert CutTexts().lines("On\n  rivers", qapp.font(), 400) == ("On rivers",)


def test_the_last_line_is_cut(qapp: QApplication) -> None:
    """Two lines hold whole words and end with an ellipsis, no line is wider than the row."""
    metrics = QFontMetrics(qapp.font())
    width = metrics.horizontalAdvance("The Physical Science") + 2
    first, second = CutTexts().lines(TITLE, qapp.font(), width, 2)
    assert first == "The Physical Science"
    assert second.startswith("Basis of ") and second.endswith("…")
    assert metrics.horizontalAdvance(second) <= width


def test_a_word_longer_than_a_line_is_broken(qapp: QApplication) -> None:
    """A file's name without spaces takes two lines rather than half of one."""
    name = "a" * 30
    width = QFontMetrics(qapp.font()).horizontalAdvance("a" * 20)
    assert "".join(CutTexts().lines(name, qapp.font(), width, 2)) == name


def test_letters_of_two_units_are_not_torn(qapp: QApplication) -> None:
    """Emoji and old scripts count twice in Qt and once in Python."""
    text = "𐍈" * 12 + " " + "𐍉" * 3
    width = QFontMetrics(qapp.font()).horizontalAdvance("𐍈" * 12) + 2
    assert CutTexts().lines(text, qapp.font(), width, 2) == ("𐍈" * 12, "𐍉" * 3)


def test_what_is_kept_is_bounded(qapp: QApplication) -> None:
    """Scrolling through a large library does not grow memory."""
    texts = CutTexts()
    for number in range(LINES_KEPT + 10):
        texts.lines(str(number), qapp.font(), 100)
    assert len(texts._kept) <= LINES_KEPT
