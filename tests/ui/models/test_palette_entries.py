from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.models.palette_entries import MAX_ROWS, PaletteEntry, PaletteModel, command_entries
from tests.ui.commands_for_tests import sample_commands


def entry(text: str, enabled: bool = True) -> PaletteEntry:
    """A row that does nothing."""
    return PaletteEntry(text, "document", lambda: None, "Ctrl+J", enabled)


def texts(model: PaletteModel) -> list[str]:
    """What the rows show."""
    return [model.entry(row).text for row in range(model.rowCount())]


def test_rows_are_filtered_and_ordered(qtbot: QtBot) -> None:
    """The best row stands first; with nothing typed all stand as they came."""
    model = PaletteModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_entries([entry("Best of text"), entry("Settings"), entry("About")], n_recent=0)
    assert texts(model) == ["Best of text", "Settings", "About"]
    model.set_query("set")
    assert texts(model) == ["Settings", "Best of text"]
    model.set_query("zz")
    assert texts(model) == []


def test_what_was_run_last_stands_first(qtbot: QtBot) -> None:
    """Of two rows that fit equally the recent one is first."""
    model = PaletteModel()
    model.set_entries([entry("Text smaller"), entry("Text larger"), entry("Text better")], n_recent=1)
    model.set_query("text")
    assert texts(model)[0] == "Text smaller"


def test_a_row_tells_all_of_itself(qtbot: QtBot) -> None:
    """A screen reader says text, detail and key; what cannot be run can not be selected."""
    model = PaletteModel()
    model.set_entries([entry("One"), entry("Two", enabled=False)], n_recent=0)
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == "One, document, Ctrl+J"
    assert model.flags(model.index(1)) == Qt.ItemFlag.NoItemFlags


def test_thousands_of_documents_are_cut(qtbot: QtBot) -> None:
    """A letter that fits all shows a hundred; more letters find any of them."""
    model = PaletteModel()
    model.set_entries([entry(f"Document {number:04}") for number in range(3000)], n_recent=0)
    model.set_query("d")
    assert model.rowCount() == MAX_ROWS
    model.set_query("document 2971")
    assert texts(model) == ["Document 2971"]


def test_commands_become_rows(qtbot: QtBot) -> None:
    """Recent ones first, each once, with their keys and states; the palette's own command is none of them."""
    window = QWidget()
    qtbot.addWidget(window)
    commands = sample_commands(window, [])
    commands.set_recent(["find", "meters"])
    entries, n_recent = command_entries(commands)
    assert n_recent == 2
    assert [row.text for row in entries] == [
        "Find & replace", "Show meters", "Open…", "New conversation", "Export the summary…", "Settings…", "Quit",
        "Text larger", "Stop", "About",
    ]  # fmt: skip
    assert (entries[0].key, entries[0].detail) == ("Ctrl+F", "Edit")
    assert [row.text for row in entries if not row.enabled] == ["Export the summary…", "Stop"]
