"""Rows of models as they are painted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QListView
from pytestqt.qtbot import QtBot

from app.services.catalogue import ModelStatus
from app.ui import theme
from app.ui.models.catalogue import CatalogueModel
from app.ui.models.model_row import ModelRow
from app.ui.theme import colours
from app.ui.widgets.model_delegate import ModelDelegate
from tests.ui.model_rows import GB, row, work


class Shown:
    """A list of models on an offscreen screen."""

    def __init__(self, qtbot: QtBot, *rows: ModelRow) -> None:
        self.model, self.delegate, self.view = CatalogueModel(), ModelDelegate(), QListView()
        qtbot.addWidget(self.view)
        self.view.setItemDelegate(self.delegate)
        self.view.setModel(self.model)
        self.view.resize(320, 400)
        self.model.set_rows(rows)
        self.view.show()
        qtbot.waitExposed(self.view)

    def count(self, colour: QColor, number: int = 0) -> int:
        """How many pixels of a row have a colour."""
        image = self.view.viewport().grab(self.view.visualRect(self.model.index(number))).toImage()
        pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
        return sum(pixel.rgb() == colour.rgb() for pixel in pixels)


def test_the_bar_is_as_long_as_what_is_done(qtbot: QtBot) -> None:
    """Twice as far is twice as long; what waits has none."""
    shown = Shown(qtbot, replace(row(), work=work(GB)))
    fifth = shown.count(colours().accent)
    shown.model.set_rows([replace(row(), work=work(2 * GB))])
    assert fifth > 100
    assert shown.count(colours().accent) == pytest.approx(2 * fifth, rel=0.1)
    shown.model.set_rows([replace(row(), work=work(None))])
    assert shown.count(colours().accent) == 0


@pytest.mark.parametrize("scheme", [theme.Scheme.LIGHT, theme.Scheme.DARK])
def test_what_will_not_work_stands_out(qtbot: QtBot, qapp: QApplication, scheme: theme.Scheme) -> None:
    """A model that does not fit, and one that is damaged, beside one with which all is well."""
    theme.apply(qapp, scheme)
    shown = Shown(qtbot, row(1), row(3), row(1, status=ModelStatus.DAMAGED), row(2))
    assert [shown.count(colours().error, number) > 0 for number in range(4)] == [False, True, True, False]
    assert [shown.count(colours().unsupported, number) > 0 for number in range(4)] == [False, False, False, True]


def test_rows_grow_with_the_text(qtbot: QtBot, qapp: QApplication) -> None:
    """All of them are of one height."""
    shown = Shown(qtbot, row(0), row(1))
    before = shown.view.visualRect(shown.model.index(1)).height()
    assert before == shown.view.visualRect(shown.model.index(0)).height()
    theme.apply(qapp, theme.Scheme.LIGHT, 2.0)
    qtbot.waitUntil(lambda: shown.view.visualRect(shown.model.index(0)).height() > 1.5 * before)
