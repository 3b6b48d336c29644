"""Rows of documents as they are painted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui import theme
from app.ui.models.library import LibraryModel
from app.ui.theme import colours
from app.ui.widgets.document_delegate import DocumentDelegate
from app.ui.widgets.shelf_views import RowList
from tests.ui.shelf_rows import document


class Shown:
    """A list of documents on an offscreen screen."""

    def __init__(self, qtbot: QtBot, *rows: ShelfDocument) -> None:
        self.model, self.delegate, self.view = LibraryModel(), DocumentDelegate(), RowList("Library")
        qtbot.addWidget(self.view)
        self.view.setItemDelegate(self.delegate)
        self.view.setModel(self.model)
        self.view.resize(280, 400)
        self.model.set_documents(rows)
        self.view.show()
        qtbot.waitExposed(self.view)

    def pixels(self, row: int) -> list[QColor]:
        """What a row looks like."""
        image = self.view.viewport().grab(self.view.visualRect(self.model.index(row))).toImage()
        return [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]

    def count(self, colour: QColor, row: int = 0) -> int:
        """How many pixels of a row have a colour."""
        return sum(pixel.rgb() == colour.rgb() for pixel in self.pixels(row))


def test_the_bar_is_as_long_as_the_progress(qtbot: QtBot) -> None:
    """Twice as far is twice as long; a document that was read has no bar."""
    row = document("a", state=DocumentState.READING, progress=0.25)
    shown = Shown(qtbot, row)
    quarter = shown.count(colours().accent)
    shown.model.update_document(replace(row, progress=0.5))
    half = shown.count(colours().accent)
    shown.model.update_document(replace(row, state=DocumentState.READ))
    assert quarter > 40
    assert half == pytest.approx(2 * quarter, rel=0.1)
    assert shown.count(colours().accent) == 0


def test_what_could_not_be_read_is_in_the_colour_of_errors(qtbot: QtBot) -> None:
    """A refused file stands out, a read one does not."""
    shown = Shown(qtbot, document("a", state=DocumentState.REFUSED), document("b"))
    # Thin letters are painted in shades of their colour.
    reddish = [sum(pixel.red() - pixel.green() > 60 for pixel in shown.pixels(row)) for row in (0, 1)]
    assert reddish[0] > 50
    assert reddish[1] == 0


def test_a_cover_is_painted_at_the_side_of_its_page(qtbot: QtBot) -> None:
    """A wide page is not stretched to the form of a high one."""
    shown = Shown(qtbot, document("high"), document("wide"))
    for key, width, height in (("high", 210, 297), ("wide", 297, 210)):
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.fill(QColor("#00ff00"))
        shown.model.set_thumbnail(key, image)
    high, wide = (shown.count(QColor("#00ff00"), row) for row in (0, 1))
    assert high > 400
    assert wide == pytest.approx(high / 2, rel=0.15)


def test_all_rows_have_room_for_two_lines_of_title(qtbot: QtBot, qapp: QApplication) -> None:
    """Rows are of one height, and grow with the text."""
    shown = Shown(qtbot, document("a"), document("b", "A very long title " * 20))
    heights = {shown.view.visualRect(shown.model.index(row)).height() for row in (0, 1)}
    assert len(heights) == 1
    theme.apply(qapp, theme.Scheme.LIGHT, 2.0)
    qtbot.waitUntil(lambda: shown.view.visualRect(shown.model.index(0)).height() > 1.5 * min(heights))


def test_only_rows_that_are_seen_are_painted_and_ask_for_covers(qtbot: QtBot) -> None:
    """Of 2,000 documents those in view are; scrolling adds those that come into view."""
    shown = Shown(qtbot, *(document(str(number)) for number in range(2_000)))
    asked: list[str] = []
    shown.model.thumbnail_wanted.connect(asked.append)
    shown.view.viewport().grab()
    in_view = -(-shown.view.viewport().height() // shown.view.sizeHintForRow(0))
    qtbot.waitUntil(lambda: len(asked) > 0)
    assert set(asked) == {str(number) for number in range(in_view)}
    before = shown.delegate.painted_rows
    shown.view.verticalScrollBar().setValue(shown.view.verticalScrollBar().maximum())
    shown.view.viewport().grab()
    assert shown.delegate.painted_rows - before <= 2 * (in_view + 1)
    qtbot.waitUntil(lambda: "1999" in asked)
    assert len(asked) <= 2 * in_view + 1


def test_one_row_that_changes_is_painted_alone(qtbot: QtBot) -> None:
    """Progress of one document costs one row, not a layout of all."""
    rows = [document(str(number), state=DocumentState.READING) for number in range(5)]
    shown = Shown(qtbot, *rows)
    qtbot.waitUntil(lambda: shown.delegate.painted_rows >= 5)
    QApplication.processEvents()
    before = shown.delegate.painted_rows
    shown.model.update_document(replace(rows[2], progress=0.5))
    QApplication.processEvents()
    assert shown.delegate.painted_rows == before + 1


def test_a_selected_row_is_marked_in_high_contrast(qtbot: QtBot, qapp: QApplication) -> None:
    """Where the background of a selected row is that of others, a bar in the accent colour shows it."""
    theme.apply(qapp, theme.Scheme.HIGH_CONTRAST)
    shown = Shown(qtbot, document("a"), document("b"))
    shown.view.setCurrentIndex(shown.model.index(1))
    assert shown.count(colours().accent, 1) > 20
    assert shown.count(colours().accent, 0) == 0


def test_text_follows_the_direction_of_the_layout(qtbot: QtBot) -> None:
    """From right to left the cover stands at the right."""
    shown = Shown(qtbot, document("a"))
    shown.view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    image = QImage(210, 297, QImage.Format.Format_RGB32)
    image.fill(QColor("#00ff00"))
    shown.model.set_thumbnail("a", image)
    row = shown.view.visualRect(shown.model.index(0))
    painted = shown.view.viewport().grab(row).toImage()
    middle = painted.height() // 2
    green = [x for x in range(painted.width()) if painted.pixelColor(x, middle) == QColor("#00ff00")]
    assert min(green) > painted.width() // 2
