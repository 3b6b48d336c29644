from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.ui.widgets.line_list import LineList
from app.ui.widgets.summary_body import SummaryBody
from tests.ui.widgets.summary_lines import DAMS, MEDAL, section

COVERAGE = "4 of 5 pages gave text and were read.\n- page 2: a scanned image"


@pytest.fixture
def body(qtbot: QtBot) -> SummaryBody:
    """For a document, on the screen."""
    made = SummaryBody()
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.open("p.")
    made.set_intro("Rivers", ("The whole document is read.",))
    made.show()
    return made


def text(body: SummaryBody) -> str:
    """What is shown."""
    (shown,) = (lines for lines in body.findChildren(LineList) if lines.isVisible())
    while not shown.written:
        QApplication.processEvents()
    return shown.toPlainText().replace("\u00a0", " ")


def button(body: SummaryBody, begins: str) -> QPushButton:
    """The button whose text begins so."""
    return next(item for item in body.findChildren(QPushButton) if item.text().startswith(begins))


def test_before_anything_is_made(body: SummaryBody) -> None:
    """What will happen, and no switch."""
    assert text(body) == "Rivers\nThe whole document is read."
    assert not button(body, "Summary").isVisible()


def test_notes_show_while_they_are_written(body: SummaryBody) -> None:
    """First that they will come, then they; their number is on the switch."""
    body.begin()
    assert text(body).startswith("The notes on each section appear here")
    body.add_section(section(0))
    assert text(body).startswith("Section 0")
    assert button(body, "Section notes (1)").isChecked() and not button(body, "Summary").isEnabled()


def test_summary_shows_when_it_is_there(qtbot: QtBot, body: SummaryBody) -> None:
    """With coverage and figures at its end; the switch leads back to the notes."""
    body.begin()
    body.add_section(section(0))
    body.set_summary((DAMS, MEDAL), COVERAGE, "read 5 tokens")
    shown = text(body)
    assert shown.startswith("•  Dams hold water.  p. 57   p. 58 \n•  Halvorsen had <b>medals</b>.")
    assert shown.endswith(
        "Coverage\n4 of 5 pages gave text and were read.\n•  page 2: a scanned image\nHow it was made\nread 5 tokens"
    )
    qtbot.mouseClick(button(body, "Section notes"), Qt.MouseButton.LeftButton)
    assert text(body).startswith("Section 0")


def test_who_reads_the_notes_is_not_taken_away_from_them(qtbot: QtBot, body: SummaryBody) -> None:
    """A line says that the summary is ready, and its button shows it."""
    body.begin()
    for number in range(20):
        body.add_section(section(number))
    (notes,) = (lines for lines in body.findChildren(LineList) if lines.isVisible())
    qtbot.waitUntil(lambda: notes.verticalScrollBar().maximum() > 0 and notes.at_end())
    qtbot.keyClick(notes, Qt.Key.Key_PageUp)
    place = notes.verticalScrollBar().value()
    body.set_sections([section(number) for number in range(20)])
    body.set_summary((DAMS,), COVERAGE, "")
    assert notes.isVisible() and notes.verticalScrollBar().value() == place
    assert button(body, "Show it").isVisible()
    qtbot.mouseClick(button(body, "Show it"), Qt.MouseButton.LeftButton)
    assert text(body).startswith("•  Dams hold water.") and not button(body, "Show it").isVisible()
    assert button(body, "Summary").isChecked()


def test_new_run_takes_the_place_of_a_finished_one(body: SummaryBody) -> None:
    """Its notes begin from nothing; notes of an interrupted run stay."""
    body.set_sections([section(0)])
    body.begin()
    assert text(body).startswith("Section 0")
    body.set_summary((DAMS,), COVERAGE, "")
    body.begin()
    assert not body.has_sections and not body.has_summary
    assert text(body).startswith("The notes on each section appear here")


def test_notes_known_already_are_added_to(body: SummaryBody) -> None:
    """Other ones replace them."""
    body.set_sections([section(0), section(1)])
    body.set_sections([section(0), section(1), section(2)])
    assert [f"Section {number} " in text(body) for number in range(3)] == [True, True, True]
    assert button(body, "Section notes (3)").isChecked()
    body.set_sections([section(4)])
    assert "Section 0 " not in text(body) and "Section 4 " in text(body)


def test_empty_summary_says_so(body: SummaryBody) -> None:
    """A document may have no sentence worth quoting."""
    body.set_summary((), COVERAGE, "")
    assert text(body).startswith("No sentence worth quoting\nCoverage\n")
