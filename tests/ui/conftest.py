"""Fixtures of the window's tests: Qt without a screen, and its settings in a folder of the test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
# Qt takes the system's size of text from the screen; offscreen it is the same everywhere.
os.environ["QT_FONT_DPI"] = "96"

try:
    import pytestqt  # noqa: F401
    from PySide6 import QtGui  # noqa: F401
except ImportError as error:
    pytest.skip(f"Qt, its system libraries or pytest-qt are missing ({error})", allow_module_level=True)

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui import theme
from tests.ui.desk_window import Desks


@pytest.fixture(autouse=True)
def light_theme(qapp: QApplication) -> Iterator[None]:
    """Every test begins with light colours and text of the usual size."""
    theme.apply(qapp, theme.Scheme.LIGHT)
    yield


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """Window sizes and the like are kept in a folder of the test's own."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "qsettings"))


@pytest.fixture
def desks(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_settings: None) -> Iterator[Desks]:
    """Windows on a folder of the test's own, with a fake model; whatever is left open is closed."""
    made = Desks(qtbot, tmp_path, monkeypatch)
    made.fake()
    yield made
    made.close()
