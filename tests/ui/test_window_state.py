from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter, QWidget
from pytestqt.qtbot import QtBot

from app.ui.window_state import WindowState, bring_back


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the state is kept."""
    return tmp_path / "window.ini"


def state(file: Path) -> WindowState:
    """A state as the next start finds it on disk."""
    return WindowState(QSettings(str(file), QSettings.Format.IniFormat))


def window(qtbot: QtBot) -> QWidget:
    """A window on the screen."""
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def splitter(qtbot: QtBot, width: int = 600) -> QSplitter:
    """Three panes side by side."""
    made = QSplitter(Qt.Orientation.Horizontal)
    qtbot.addWidget(made)
    for _ in range(3):
        made.addWidget(QWidget())
    made.resize(width, 200)
    made.show()
    return made


def test_place_and_size_come_back(qtbot: QtBot, file: Path) -> None:
    """In the next run, with what was on disk."""
    before = window(qtbot)
    before.setGeometry(60, 70, 420, 330)
    kept = state(file)
    kept.save_geometry(before)
    kept.flush()
    after = window(qtbot)
    assert state(file).restore_geometry(after)
    assert after.geometry() == before.geometry()


@pytest.mark.parametrize("value", [None, "x", 3, QByteArray(), QByteArray(b"\x00" * 40), QByteArray(b"x" * 5000)])
def test_a_place_that_is_none_is_ignored(qtbot: QtBot, file: Path, value: object) -> None:
    """The window stays where it is."""
    store = QSettings(str(file), QSettings.Format.IniFormat)
    store.setValue("window/geometry", value)
    shown = window(qtbot)
    shown.setGeometry(60, 70, 420, 330)
    assert not WindowState(store).restore_geometry(shown)
    assert (shown.geometry().x(), shown.width()) == (60, 420)


def test_a_window_off_all_screens_is_brought_back(qtbot: QtBot) -> None:
    """A screen was unplugged: the window comes to the middle of what there is, and fits."""
    shown = window(qtbot)
    shown.setGeometry(9000, -4000, 5000, 5000)
    bring_back(shown)
    room = QGuiApplication.primaryScreen().availableGeometry()
    assert room.contains(shown.frameGeometry())


def test_a_window_that_can_be_grabbed_stays(qtbot: QtBot) -> None:
    """Half off the screen is where the user may have put it."""
    shown = window(qtbot)
    shown.setGeometry(-200, 50, 420, 330)
    bring_back(shown)
    assert shown.geometry().x() == -200


def test_panes_come_back(qtbot: QtBot, file: Path) -> None:
    """Sizes of a splitter's parts."""
    before, after = splitter(qtbot), splitter(qtbot)
    before.setSizes([100, 350, 140])
    kept = state(file)
    kept.save_splitter("main", before)
    kept.flush()
    assert after.sizes() != before.sizes()
    assert state(file).restore_splitter("main", after)
    assert after.sizes() == before.sizes()


def test_a_hidden_pane_keeps_its_size(qtbot: QtBot, file: Path) -> None:
    """Closing with the meters hidden does not make them as thin as nothing for ever."""
    panes = splitter(qtbot)
    panes.setSizes([100, 350, 140])
    wanted = panes.sizes()
    kept = state(file)
    kept.save_splitter("main", panes)
    panes.widget(2).hide()
    kept.save_splitter("main", panes)
    after = splitter(qtbot)
    assert kept.restore_splitter("main", after)
    assert after.sizes()[2] == wanted[2]


@pytest.mark.parametrize("value", ["", "1,2", "1,2,3,4", "1,-2,3", "a,b,c", "0,0,0", "1,2,99999999999", "1,2,٣", 7])
def test_sizes_that_are_none_are_ignored(qtbot: QtBot, file: Path, value: object) -> None:
    """Too few, too many, negative, no numbers, beyond any screen."""
    store = QSettings(str(file), QSettings.Format.IniFormat)
    store.setValue("splitters/main", value)
    panes = splitter(qtbot)
    before = panes.sizes()
    assert not WindowState(store).restore_splitter("main", panes)
    assert panes.sizes() == before


def test_shown_panes_and_words(file: Path) -> None:
    """Whether a pane was shown, and a list of ids; what was not kept has its default."""
    kept = state(file)
    kept.save_shown("meters", False)
    kept.save_words("recent", ["open", "find"])
    kept.flush()
    found = state(file)
    assert (found.shown("meters", True), found.shown("library", True), found.shown("other", False)) == (
        False,
        True,
        False,
    )
    assert found.words("recent") == ("open", "find") and found.words("other") == ()


def test_a_damaged_file_gives_defaults(file: Path) -> None:
    """Whatever lies there, the window opens."""
    file.write_bytes(b"\x00\xff[panes\nmeters=maybe\n[words]\nrecent=@ByteArray(\x01)\n")
    found = state(file)
    assert found.shown("meters", True) is True
    assert found.words("recent") == ()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """Nothing is remembered, and nothing fails."""
    (tmp_path / "file").touch()
    kept = state(tmp_path / "file" / "window.ini")
    kept.save_shown("meters", False)
    kept.flush()
