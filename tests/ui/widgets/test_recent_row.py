from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets.recent_row import PADDING_PX, RecentDocument, RecentRow


def test_row_speaks_all_of_it(qtbot: QtBot) -> None:
    """Title, state and time, on one line; what is not known is left out."""
    row = RecentRow()
    qtbot.addWidget(row)
    row.set_document(RecentDocument("k", "Forests\nand Waters", "yesterday", "read"))
    assert row.accessibleName() == "Forests and Waters, read, yesterday"
    row.set_document(RecentDocument("k", "Forests", "", ""))
    assert row.accessibleName() == "Forests"


def test_long_title_is_cut_and_not_its_details(qtbot: QtBot) -> None:
    """The title does not run into what stands at the right, and a narrow window does not grow for it."""
    window = QWidget()
    qtbot.addWidget(window)
    row, long = RecentRow(window), RecentRow(window)
    row.set_document(RecentDocument("k", "", "yesterday", "read"))
    long.set_document(RecentDocument("k", "W" * 200, "yesterday", "read"))
    for item in (row, long):
        item.resize(300, item.sizeHint().height())
    details = row.fontMetrics().horizontalAdvance("read · yesterday")
    right = (300 - PADDING_PX - details, 0, details, row.height())
    assert row.grab().copy(*right).toImage() == long.grab().copy(*right).toImage()
    assert row.grab().toImage() != long.grab().toImage()
    assert long.minimumSizeHint().width() < 150
