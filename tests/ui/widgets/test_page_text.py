"""The text of one page on the screen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.widgets.page_text import LINE_SPACING, PageText
from app.ui.widgets.text_marks import Mark

PARAGRAPH = "It was the best of times 😀, it was the worst of times, it was the age of wisdom. " * 4
TEXT = "\n\n".join([PARAGRAPH.strip()] * 40)


@pytest.fixture
def page(qtbot: QtBot) -> PageText:
    made = PageText()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    made.show_text(TEXT)
    return made


def marked(page: PageText, mark: Mark) -> list[str]:
    """The texts that are marked, as Qt has them."""
    cursor, texts = QTextCursor(page.document()), []
    for start, end in page.marked(mark):
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        texts.append(cursor.selectedText())
    return texts


def colour_at(page: PageText, offset: int) -> QColor:
    """Behind the upper left of a character."""
    cursor = QTextCursor(page.document())
    cursor.setPosition(offset)
    corner = page.cursorRect(cursor).topLeft()
    return page.viewport().grab().toImage().pixelColor(corner + QPoint(3, 2))


def test_exactly_a_range_is_marked(page: PageText) -> None:
    """Behind many characters of two UTF-16 units as well; another page has no marks."""
    start = TEXT.index("worst", 4_000)
    hits = [(2, 6), (TEXT.index("age", 5_000), TEXT.index("age", 5_000) + 3)]
    page.mark_quote((start, start + len("worst of times")))
    page.mark_hits(hits, hits[0])
    assert [marked(page, mark) for mark in Mark] == [["worst of times"], ["age"], [" was"]]
    page.show_text("Another page")
    assert [marked(page, mark) for mark in Mark] == [[], [], []]


def test_marks_are_painted_behind_their_words_only(qtbot: QtBot, page: PageText) -> None:
    """Also over the ends of lines; the one that is shown is stronger, the quote is of another colour."""
    page.show_text("abcdef" * 200)
    page.mark_quote((160, 290))
    page.mark_hits([(20, 21), (40, 41)], (40, 41))
    plain, hit, current, quote, later, beyond = (colour_at(page, at) for at in (18, 20, 40, 162, 286, 302))
    assert plain == beyond == theme.colours().base
    assert quote == later and quote.blue() < quote.red()
    assert plain.red() > hit.red() > current.red()


def test_marks_follow_the_theme(qtbot: QtBot, page: PageText) -> None:
    """In the dark they are painted on the dark."""
    page.mark_quote((0, 4))
    light = colour_at(page, 0)
    theme.apply(QApplication.instance(), theme.Scheme.DARK)
    assert colour_at(page, 0).lightness() < light.lightness() / 1.5


@pytest.mark.parametrize("where", [0.1, 0.5, 0.8])
def test_a_place_is_brought_to_the_upper_third(page: PageText, where: float) -> None:
    """Also when what lies before it has not been laid out yet."""
    offset = TEXT.index("best", int(len(TEXT) * where))
    page.scroll_to(offset)
    top = page.cursorRect().top()
    assert page.textCursor().block().text()[page.textCursor().positionInBlock() :].startswith("best")
    assert 0 <= top < page.viewport().height() / 3


def test_lines_and_paragraphs_are_apart(page: PageText) -> None:
    """Lines by 1.3 of their height, paragraphs by a part of a line more."""
    cursor, tops = QTextCursor(page.document()), []
    for _ in range(3):
        tops.append(page.cursorRect(cursor).top())
        cursor.movePosition(QTextCursor.MoveOperation.Down)
    line = page.fontMetrics().height()
    assert tops[1] - tops[0] == pytest.approx(line * LINE_SPACING, abs=1)
    assert tops[2] - tops[1] == pytest.approx(line * LINE_SPACING, abs=1)
    last = QTextCursor(page.document().findBlockByNumber(0))
    last.movePosition(QTextCursor.MoveOperation.EndOfBlock)
    following = QTextCursor(page.document().findBlockByNumber(2))
    gap = page.cursorRect(following).top() - page.cursorRect(last).top()
    assert line * LINE_SPACING + 0.4 * line < gap < line * LINE_SPACING + line


def test_the_column_is_of_comfortable_width_and_in_the_middle(qtbot: QtBot, page: PageText) -> None:
    """About 75 characters in a wide window, from the first time on; all there is in a narrow one."""
    page.viewport().repaint()
    assert page.document().firstBlock().layout().lineAt(0).width() == page.viewport().width()
    page.resize(1400, 600)
    page.viewport().repaint()
    first = page.document().firstBlock().layout().lineAt(0)
    assert 65 <= first.textLength() <= 85
    left, right = page.viewport().x(), page.width() - page.viewport().geometry().right()
    assert abs(left - right) < 40 and left > 300
    page.resize(300, 600)
    assert page.viewport().width() > 240


def test_a_page_of_500_000_characters_is_laid_out_as_far_as_it_is_seen(page: PageText) -> None:
    """One endless paragraph, or thousands of them: only those in sight have lines."""
    for text in ("word " * 100_000, "\n\n".join(["word " * 40] * 2_500)):
        page.show_text(text)
        page.viewport().repaint()
        page.scroll_to(len(text) // 2)
        page.viewport().repaint()
        document = page.document()
        blocks = map(document.findBlockByNumber, range(document.blockCount()))
        laid_out = sum(len(block.text()) for block in blocks if block.layout().lineCount())
        assert laid_out < len(text) * 0.12


def test_the_page_is_turned_where_it_ends(qtbot: QtBot, page: PageText) -> None:
    """Not before."""
    turned: list[int] = []
    page.turned.connect(turned.append)
    page.show_text("\n".join(["line"] * 60))
    qtbot.keyClick(page, Qt.Key.Key_Space)
    assert page.verticalScrollBar().value() > 0 and turned == []
    page.verticalScrollBar().setValue(page.verticalScrollBar().maximum())
    qtbot.keyClick(page, Qt.Key.Key_Space)
    qtbot.keyClick(page, Qt.Key.Key_PageDown)
    page.verticalScrollBar().setValue(0)
    qtbot.keyClick(page, Qt.Key.Key_PageUp)
    qtbot.keyClick(page, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert turned == [1, 1, -1, -1]


def turn_wheel(widget: QWidget, turn: int, held: Qt.KeyboardModifier) -> None:
    """One notch at (50, 50)."""
    at = QPointF(50, 50)
    none = Qt.MouseButton.NoButton
    event = QWheelEvent(at, at, QPoint(), QPoint(0, turn), none, held, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(widget, event)


def test_ctrl_and_wheel_ask_for_another_size(page: PageText) -> None:
    """Up is larger."""
    zoomed: list[int] = []
    page.zoomed.connect(zoomed.append)
    for turn in (120, -120):
        turn_wheel(page.viewport(), turn, Qt.KeyboardModifier.ControlModifier)
    assert zoomed == [1, -1]


def test_the_wheel_scrolls_beside_the_column_too(page: PageText) -> None:
    """The margins are wide, and a part of the page to whoever turns the wheel there."""
    turn_wheel(page, -120, Qt.KeyboardModifier.NoModifier)
    first = page.verticalScrollBar().value()
    turn_wheel(page.viewport(), -120, Qt.KeyboardModifier.NoModifier)
    assert page.verticalScrollBar().value() == 2 * first > 0


def test_it_can_be_selected_by_keyboard_and_left_by_tab(qtbot: QtBot, page: PageText) -> None:
    """Copying needs no mouse, and the keyboard's focus is not caught."""
    qtbot.keyClick(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert page.textCursor().selectedText() == "It"
    assert page.tabChangesFocus() and page.isReadOnly()
