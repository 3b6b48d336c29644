from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListView, QMainWindow
from pytestqt.qtbot import QtBot

from app.ui.dialogs.palette import CommandPalette
from app.ui.models.palette_entries import PaletteEntry
from tests.ui.commands_for_tests import sample_commands


@pytest.fixture
def ran() -> list[str]:
    """What was run."""
    return []


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """What the palette is opened over."""
    made = QMainWindow()
    made.resize(900, 600)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def palette(qtbot: QtBot, window: QMainWindow, ran: list[str]) -> CommandPalette:
    """An open palette with one document beside the commands."""
    document = PaletteEntry("Forests and Waters", "document", lambda: ran.append("document"))
    made = CommandPalette(sample_commands(window, ran), [document], window)
    with qtbot.waitExposed(made):
        made.show()
    return made


def field(palette: CommandPalette) -> QLineEdit:
    """Where letters are typed."""
    return palette.findChild(QLineEdit)


def current(palette: CommandPalette) -> str:
    """The text of the chosen row."""
    return str(palette.findChild(QListView).currentIndex().data())


def test_letters_and_enter_run_a_command(palette: CommandPalette, ran: list[str], qtbot: QtBot) -> None:
    """The palette closes first, so that what is run may open a dialog."""
    assert palette.focusWidget() is field(palette)
    qtbot.keyClicks(field(palette), "larg")
    qtbot.keyClick(field(palette), Qt.Key.Key_Return)
    assert ran == ["larger"]
    assert not palette.isVisible()


def test_arrows_pass_over_what_cannot_be_run(palette: CommandPalette, qtbot: QtBot) -> None:
    """Down goes on, over disabled rows, and round the ends."""
    assert current(palette) == "Open…"
    for _ in range(2):
        qtbot.keyClick(field(palette), Qt.Key.Key_Down)
    assert current(palette) == "Settings…"
    for _ in range(3):
        qtbot.keyClick(field(palette), Qt.Key.Key_Up)
    assert current(palette) == "Forests and Waters"
    qtbot.keyClick(field(palette), Qt.Key.Key_PageUp)
    assert current(palette) == "Open…"


def test_a_document_is_gone_to(palette: CommandPalette, ran: list[str], qtbot: QtBot) -> None:
    """Entries that are no commands are found and run alike; a screen reader is told which row is meant."""
    qtbot.keyClicks(field(palette), "faw")
    assert field(palette).accessibleDescription() == "Forests and Waters, document"
    qtbot.keyClick(field(palette), Qt.Key.Key_Enter)
    assert ran == ["document"]


def test_a_disabled_command_is_not_run(palette: CommandPalette, ran: list[str], qtbot: QtBot) -> None:
    """It is found, and Enter leaves the palette open."""
    qtbot.keyClicks(field(palette), "export")
    assert palette.findChild(QListView).model().rowCount() == 1
    qtbot.keyClick(field(palette), Qt.Key.Key_Return)
    assert ran == [] and palette.isVisible()


def test_escape_runs_nothing(palette: CommandPalette, ran: list[str], qtbot: QtBot) -> None:
    """Esc closes the palette."""
    qtbot.keyClick(field(palette), Qt.Key.Key_Escape)
    assert ran == [] and not palette.isVisible()


def test_a_click_runs_a_row(palette: CommandPalette, ran: list[str], qtbot: QtBot) -> None:
    """The mouse works too."""
    view = palette.findChild(QListView)
    place = view.visualRect(view.model().index(1, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert ran == ["new"]


def test_it_fits_into_its_window(palette: CommandPalette, window: QMainWindow) -> None:
    """Never wider or higher than the window it belongs to."""
    assert palette.width() <= window.width() - 48 and palette.height() <= window.height() - 96
