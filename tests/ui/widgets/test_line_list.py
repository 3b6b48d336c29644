from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QTextDocument, QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.tasks.model import Citation
from app.ui import theme
from app.ui.widgets.line_list import LONG_BLOCKS, LineList
from app.ui.widgets.summary_html import SectionBlock
from tests.ui.widgets.summary_lines import section


def block(number: int, lines: int = 2) -> SectionBlock:
    """A section's block."""
    return SectionBlock(section(number, lines), "p.")


def shown(qtbot: QtBot, sections: int = 0) -> LineList:
    """A list of 600 by 300 pixels on the screen, all of it written."""
    lines = LineList("Notes")
    qtbot.addWidget(lines)
    lines.resize(600, 300)
    lines.show()
    lines.set_blocks([block(number) for number in range(sections)])
    written(qtbot, lines, sections)
    return lines


def written(qtbot: QtBot, lines: LineList, sections: int) -> None:
    """Wait until the last section is there."""
    qtbot.waitUntil(lambda: lines.written)
    assert not sections or f"Line 1 of section {sections - 1} " in lines.toPlainText()


def line_at_top(lines: LineList) -> tuple[str, int]:
    """The paragraph at the upper edge and how far from it."""
    cursor = lines.cursorForPosition(QPoint(0, 0))
    return cursor.block().text(), lines.cursorRect(cursor).top()


def test_reading_position_stays(qtbot: QtBot) -> None:
    """To the pixel, while text is added at the end."""
    lines = shown(qtbot, 20)
    bar = lines.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = line_at_top(lines)
    for number in range(20, 30):
        lines.add(block(number))
    written(qtbot, lines, 30)
    assert line_at_top(lines) == before


def test_end_is_followed_from_the_end_only(qtbot: QtBot) -> None:
    """A text that begins empty is followed; scrolling up ends it, scrolling down to the end begins it again."""
    lines = shown(qtbot)
    bar = lines.verticalScrollBar()
    for number in range(20):
        lines.add(block(number))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    bar.setValue(bar.maximum() - 50)
    lines.add(block(20))
    assert not lines.at_end()
    bar.setValue(bar.maximum())
    lines.add(block(21))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    assert lines.at_end() and not lines.touched


def test_set_text_is_seen_from_its_beginning(qtbot: QtBot) -> None:
    """Whatever was shown before, also when the list is shown or resized later."""
    lines = shown(qtbot, 20)
    lines.verticalScrollBar().setValue(500)
    lines.set_blocks([block(number) for number in range(30)])
    written(qtbot, lines, 30)
    lines.resize(500, 300)
    theme.signals().changed.emit()
    written(qtbot, lines, 30)
    assert lines.verticalScrollBar().value() == 0
    assert not lines.textCursor().hasSelection()


def test_long_text_is_written_in_slices(qtbot: QtBot) -> None:
    """The first lines are there at once, the others come without a break in events, each once."""
    lines = shown(qtbot)
    lines.set_blocks([block(number) for number in range(600)])
    assert "Line 0 of section 0 " in lines.toPlainText()
    assert "section 599 " not in lines.toPlainText()
    written(qtbot, lines, 600)
    assert [lines.toPlainText().count(f"Section {number} ") for number in (0, 300, 599)] == [1, 1, 1]
    assert lines.at_end() is False


def test_other_colours_keep_the_place(qtbot: QtBot, qapp: QApplication) -> None:
    """The text is written again in them, and what was at the top still is."""
    lines = shown(qtbot, 40)
    lines.verticalScrollBar().setValue(700)
    before = line_at_top(lines)
    theme.apply(qapp, theme.Scheme.DARK)
    written(qtbot, lines, 40)
    qtbot.waitUntil(lambda: line_at_top(lines)[0] == before[0])
    assert abs(line_at_top(lines)[1] - before[1]) <= 2
    assert theme.DARK.chip.name() in lines.toHtml() and theme.LIGHT.chip.name() not in lines.toHtml()


def test_larger_text_keeps_the_place(qtbot: QtBot, qapp: QApplication) -> None:
    """The line that was at the top still is."""
    lines = shown(qtbot, 40)
    lines.verticalScrollBar().setValue(700)
    before = line_at_top(lines)[0]
    theme.apply(qapp, theme.Scheme.LIGHT, 1.5)
    qtbot.waitUntil(lambda: line_at_top(lines)[0] == before)
    theme.apply(qapp, theme.Scheme.LIGHT, 1.0)


def test_column_is_no_wider_than_reads_well(qtbot: QtBot) -> None:
    """A wide window has the column in its middle; a narrow one gives it all the width there is."""
    lines = shown(qtbot, 3)
    lines.resize(1400, 300)
    column = lines.lineWrapColumnOrWidth()
    left = lines.viewport().geometry().left()
    assert column < 700 and abs(left - (1400 - column) / 2) < 20
    lines.resize(300, 300)
    assert 200 < lines.lineWrapColumnOrWidth() < 300


def test_width_of_a_long_text_waits_for_the_end_of_resizing(qtbot: QtBot) -> None:
    """Its lines are laid out once, and the place stays."""
    lines = shown(qtbot, LONG_BLOCKS)
    lines.resize(400, 300)
    qtbot.waitUntil(lambda: lines.lineWrapColumnOrWidth() < 400)
    lines.document().size()  # has all of it laid out
    lines.verticalScrollBar().setValue(2000)
    before, column = line_at_top(lines)[0], lines.lineWrapColumnOrWidth()
    for width in (390, 380, 370):
        lines.resize(width, 300)
        assert lines.lineWrapColumnOrWidth() == column
    qtbot.waitUntil(lambda: lines.lineWrapColumnOrWidth() < column)
    assert line_at_top(lines)[0] == before


def test_chips_by_keyboard(qtbot: QtBot) -> None:
    """Tab goes to the chips from the first in sight on, Enter chooses, Escape leaves; nothing traps the focus."""
    window = QWidget()
    qtbot.addWidget(window)
    lines, after = LineList("Notes"), QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(lines)
    layout.addWidget(after)
    window.resize(600, 300)
    with qtbot.waitActive(window):
        window.show()
    lines.set_blocks([block(number) for number in range(30)])
    written(qtbot, lines, 30)
    lines.verticalScrollBar().setValue(600)
    top = line_at_top(lines)[0]
    chosen: list[Citation] = []
    lines.cited.connect(chosen.append)
    lines.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(lines, Qt.Key.Key_Tab)
    qtbot.keyClick(lines, Qt.Key.Key_Return)
    qtbot.keyClick(lines, Qt.Key.Key_Tab)
    qtbot.keyClick(lines, Qt.Key.Key_Return)
    qtbot.keyClick(lines, Qt.Key.Key_Backtab)
    qtbot.keyClick(lines, Qt.Key.Key_Return)
    number = int(top.split("ection ")[1].split()[0].strip("\u00a0"))
    assert chosen[0] == chosen[2] and chosen[0].page in (number, number + 1)
    assert lines.touched and lines.hasFocus()
    qtbot.keyClick(lines, Qt.Key.Key_Escape)
    assert after.hasFocus() and not lines.textCursor().hasSelection()


def test_tab_leaves_after_the_last_chip(qtbot: QtBot) -> None:
    """Both ways."""
    window = QWidget()
    qtbot.addWidget(window)
    before, lines, after = QLineEdit(), LineList("Notes"), QLineEdit()
    layout = QVBoxLayout(window)
    for widget in (before, lines, after):
        layout.addWidget(widget)
    window.resize(600, 400)
    with qtbot.waitActive(window):
        window.show()
    lines.set_blocks([block(0, lines=1)])
    lines.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(lines, Qt.Key.Key_Tab)
    assert lines.textCursor().selectedText().strip("\u00a0") == "p.\u00a00"
    qtbot.keyClick(lines, Qt.Key.Key_Tab)
    assert after.hasFocus()
    lines.setFocus(Qt.FocusReason.BacktabFocusReason)
    qtbot.keyClick(lines, Qt.Key.Key_Backtab)
    assert lines.hasFocus()
    qtbot.keyClick(lines, Qt.Key.Key_Backtab)
    assert before.hasFocus()


def test_wheel_beside_the_column_scrolls(qtbot: QtBot) -> None:
    """The whole width is one page; the reader has moved then."""
    lines = shown(qtbot, 30)
    lines.resize(1400, 300)
    place = QPointF(20, 100)
    assert lines.viewport().geometry().left() > place.x()
    wheel = QWheelEvent(
        place,
        lines.mapToGlobal(place),
        QPoint(),
        QPoint(0, -240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(lines, wheel)
    assert lines.verticalScrollBar().value() > 0 and lines.touched


def test_nothing_is_loaded(qtbot: QtBot) -> None:
    """No picture, no sheet, no page, from no disk and no network."""
    lines = shown(qtbot)
    for kind in (QTextDocument.ResourceType.ImageResource, QTextDocument.ResourceType.HtmlResource):
        assert lines.loadResource(kind, QUrl.fromLocalFile(__file__)) is None
    lines.anchorClicked.emit(QUrl("https://elsewhere.example"))
    assert lines.source().isEmpty()
