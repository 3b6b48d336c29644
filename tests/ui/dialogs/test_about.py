from __future__ import annotations

import re
import tomllib
from pathlib import Path

from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.ui.dialogs.about import LICENCES, AboutDialog, AboutFacts

ROOT = Path(__file__).resolve().parent.parent.parent.parent
FACTS = AboutFacts("1.2.3", Path("/data/desk"), Path("/data/desk/logs/griffin-desk.log"))


def test_everything_built_in_is_named() -> None:
    """Each dependency of the program and of its window stands in the list of licences."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["ui"]
    names = {re.split(r"[^\w.-]", item)[0].lower() for item in wanted} - {"pyside6-essentials"}
    listed = " ".join(name for name, _ in LICENCES).lower()
    assert [name for name in sorted(names) if name not in listed] == []
    assert "pyside6" in listed


def test_it_says_where_data_lies_and_what_leaves(qtbot: QtBot) -> None:
    """Version, folders and the promise are there; a button asks for the folder."""
    dialog = AboutDialog(FACTS)
    qtbot.addWidget(dialog)
    words = " ".join(label.text() for label in dialog.findChildren(QLabel)).replace("\u200b", "")
    for expected in ("Version 1.2.3", "/data/desk/logs/griffin-desk.log", "Nothing leaves this machine", "LGPL-3.0"):
        assert expected in words
    button = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Open the data folder")
    with qtbot.waitSignal(dialog.folder_wanted, check_params_cb=lambda folder: folder == Path("/data/desk")):
        button.click()
