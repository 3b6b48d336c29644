from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.tasks.model import Style
from app.ui.views.summary import ReadingShown, SummaryHead, SummaryState, SummaryView, SummaryWish
from app.ui.widgets.line_list import LineList
from app.ui.widgets.progress_line import ProgressLine
from tests.ui.widgets.summary_lines import DAMS, section

HEAD = SummaryHead(
    title="Rivers",
    pages=5,
    model="starter",
    styles=(Style.KEY_PASSAGES, Style.BRIEF),
    style=Style.KEY_PASSAGES,
    page_mark="p.",
    coverage="4 of 5 pages gave text and were read.\n- page 2: a scanned image",
)
READING = ReadingShown(2, 5, 100, 400, 50.0, 6.0, 1, 3)


@pytest.fixture
def view(qtbot: QtBot) -> SummaryView:
    """With a document, on the screen."""
    made = SummaryView()
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.open(HEAD)
    made.show()
    return made


def text(view: SummaryView) -> str:
    """What stands on the page that is shown."""
    (shown,) = (lines for lines in view.findChildren(LineList) if lines.isVisible())
    while not shown.written:
        QApplication.processEvents()
    return shown.toPlainText().replace("\u00a0", " ")


def button(view: SummaryView, text: str) -> QAbstractButton:
    """A visible button by its text."""
    return next(item for item in view.findChildren(QAbstractButton) if item.text() == text and item.isVisible())


def labels(view: SummaryView) -> list[str]:
    """All texts beside the page."""
    return [item.text() for item in view.findChildren(QLabel) if item.isVisible()]


def test_before_the_start(view: SummaryView) -> None:
    """Two sentences on what will happen in the chosen style."""
    assert text(view).startswith("Rivers\nThe whole document is read")
    assert "the sentences that say most are kept" in text(view)
    box = view.findChild(QComboBox)
    box.setCurrentIndex(box.findData(Style.BRIEF.value))
    assert "notes are written at the end of each section" in text(view)


def test_from_the_start_to_the_summary(qtbot: QtBot, view: SummaryView) -> None:
    """Begun, notes as they come, the summary; a chip says which citation it was."""
    with qtbot.waitSignal(view.begun) as begun:
        qtbot.mouseClick(button(view, "Summarise"), Qt.MouseButton.LeftButton)
    assert begun.args == [SummaryWish(Style.KEY_PASSAGES, fresh=False)]
    view.set_state(SummaryState.RUNNING)
    view.set_note("Waiting for the model")
    view.set_reading(READING)
    view.add_section(section(0))
    assert text(view).startswith("Section 0")
    assert "Waiting for the model" in labels(view) and view.findChild(ProgressLine).isVisible()
    view.set_result((DAMS,), [section(0)], "read 400 tokens")
    view.set_state(SummaryState.DONE)
    assert text(view).startswith("•  Dams hold water.  p. 57   p. 58")
    assert "4 of 5 pages gave text and were read.\n•  page 2: a scanned image" in text(view)
    assert "Waiting for the model" not in labels(view) and not view.findChild(ProgressLine).isVisible()
    (lines,) = (item for item in view.findChildren(LineList) if item.isVisible())
    lines.setFocus()
    qtbot.keyClick(lines, Qt.Key.Key_Tab)
    with qtbot.waitSignal(view.cited) as cited:
        qtbot.keyClick(lines, Qt.Key.Key_Return)
    assert cited.args == [DAMS.citations[1]]


def test_stopped_run_can_be_gone_on_with(view: SummaryView) -> None:
    """Its notes stay; the main button resumes."""
    view.set_state(SummaryState.RUNNING)
    view.add_section(section(0))
    view.set_state(SummaryState.NONE)
    assert text(view).startswith("Section 0")
    assert button(view, "Resume").isVisible()


def test_run_stopped_before_any_notes(view: SummaryView) -> None:
    """All is as before it."""
    before = text(view)
    view.set_state(SummaryState.RUNNING)
    assert text(view) != before
    view.set_state(SummaryState.NONE)
    assert text(view) == before and button(view, "Summarise").isVisible()


def test_error_stays_until_the_next_run(view: SummaryView) -> None:
    """It says what to do, so it must not go by itself."""
    view.set_state(SummaryState.RUNNING)
    view.set_state(SummaryState.PAUSED)
    view.set_error("The disk is full; free some space and press Resume.")
    view.set_note("")
    assert "The disk is full; free some space and press Resume." in labels(view)
    view.set_state(SummaryState.RUNNING)
    assert "The disk is full; free some space and press Resume." not in labels(view)


def test_another_document_has_nothing_of_the_one_before(qtbot: QtBot, view: SummaryView) -> None:
    """Neither lines nor errors nor its marks of pages."""
    view.set_state(SummaryState.RUNNING)
    view.set_result((DAMS,), [section(0)], "")
    view.set_state(SummaryState.DONE)
    view.set_error("No.")
    view.open(replace(HEAD, title="Hills", page_mark="part"))
    assert text(view).startswith("Hills\n") and "No." not in labels(view)
    view.set_sections([section(7)])
    assert text(view).startswith("Section 7  part 7\n")
    view.clear()
    assert text(view) == ""
    with qtbot.assertNotEmitted(view.begun):
        qtbot.mouseClick(button(view, "Summarise"), Qt.MouseButton.LeftButton)


def test_same_document_with_another_model_keeps_what_is_there(qtbot: QtBot, view: SummaryView) -> None:
    """Notes, where they are being read, and the error; the button has the other name."""
    view.set_state(SummaryState.RUNNING)
    for number in range(20):
        view.add_section(section(number))
    (notes,) = (item for item in view.findChildren(LineList) if item.isVisible())
    qtbot.waitUntil(lambda: "section 19 " in notes.toPlainText())
    notes.verticalScrollBar().setValue(100)
    view.set_error("No.")
    view.open(replace(HEAD, model="another", style=Style.BRIEF))
    view.set_state(SummaryState.PAUSED)
    assert notes.isVisible() and notes.verticalScrollBar().value() == 100
    assert "No." in labels(view) and button(view, "another").isVisible()
    assert view.findChild(QComboBox).currentData() == Style.BRIEF.value


def test_button_that_begins_keeps_the_focus(qtbot: QtBot, view: SummaryView) -> None:
    """It pauses next, also where all was cleared for the new run."""
    main = button(view, "Summarise")
    main.setFocus()
    view.clear()
    view.open(HEAD)
    view.set_state(SummaryState.RUNNING)
    qtbot.waitUntil(view.isActiveWindow)
    assert main.hasFocus() and main.text() == "Pause"


def test_every_control_has_a_name(view: SummaryView) -> None:
    """For screen readers, in every state."""
    for state in SummaryState:
        view.set_state(state)
        for widget in view.findChildren(QWidget):
            if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name), widget


def test_controls_in_a_narrow_window(view: SummaryView) -> None:
    """All of them inside the view."""
    view.resize(340, 500)
    view.set_state(SummaryState.RUNNING)
    view.set_reading(READING)
    assert view.width() == 340
    for item in view.findChildren(QPushButton):
        if item.isVisible():
            assert view.rect().contains(item.mapTo(view, item.rect().center())), item.text()
