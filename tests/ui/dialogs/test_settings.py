from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.core.settings import Settings
from app.ui.dialogs.settings import SettingsDialog
from app.ui.dialogs.settings_facts import Applied, SettingsFacts

FACTS = SettingsFacts(
    data_folder=Path("/data/desk"),
    log_file=Path("/data/desk/logs/griffin-desk.log"),
    models=("starter", "recurrentgemma-2b-it"),
    devices=("auto", "cpu", "cuda"),
    threads_max=8,
    snapshot_bytes=700 * 1024 * 1024,
)


class Opened:
    """A dialog and what it has said."""

    def __init__(self, qtbot: QtBot, current: Settings, facts: SettingsFacts) -> None:
        self.dialog = SettingsDialog(current, facts)
        self.said: list[Applied] = []
        self.dialog.applied.connect(self.said.append)
        qtbot.addWidget(self.dialog)
        with qtbot.waitExposed(self.dialog):
            self.dialog.show()

    def field(self, kind: type[QWidget], name: str) -> QWidget:
        """The control with an accessible name."""
        return next(widget for widget in self.dialog.findChildren(kind) if widget.accessibleName() == name)

    def choose(self, name: str, shown: str) -> None:
        """Take another entry of a list."""
        box = self.field(QComboBox, name)
        assert isinstance(box, QComboBox) and box.findText(shown) >= 0
        box.setCurrentText(shown)

    def save(self) -> list[Applied]:
        """Press Save."""
        next(b for b in self.dialog.findChildren(QPushButton) if b.text() == "Save").click()
        return self.said

    def words(self, role: str) -> list[str]:
        """Texts that can be seen, by their role."""
        labels = self.dialog.findChildren(QLabel)
        return [
            label.text() for label in labels if label.property("role") == role and label.isVisible() and label.text()
        ]


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[Opened]:
    """The dialog with the defaults in force."""
    yield Opened(qtbot, Settings(), FACTS)


def test_only_what_changed_is_told(opened: Opened) -> None:
    """Values come in the types and units of the settings; the dialog stays open until someone has saved them."""
    opened.choose("Colours", "Dark")
    opened.choose("Style of summaries", "Key passages")
    opened.choose("Device", "NVIDIA GPU (cuda)")
    for name, value in (("Size of text", 150), ("Threads of the processor", 3), ("Room for saved states", 1.5)):
        opened.field(QDoubleSpinBox, name).setValue(value)
    opened.field(QPlainTextEdit, "System prompt").setPlainText("Be brief.\nBe kind.")
    opened.field(QCheckBox, "Stay offline").click()
    assert opened.save() == [
        Applied(
            {
                "scheme": "dark",
                "default_style": "key-passages",
                "text_scale": 1.5,
                "device": "cuda",
                "threads": 3,
                "system_prompt": "Be brief.\nBe kind.",
                "snapshot_budget_bytes": 3 * 512 * 1024 * 1024,
                "offline": False,
            }
        )
    ]
    assert type(opened.said[0].changes["threads"]) is int
    assert opened.dialog.isVisible()


def test_nothing_changed_is_nothing_to_save(opened: Opened) -> None:
    """Save closes the dialog; what was changed and changed back is no change."""
    opened.choose("Colours", "Dark")
    opened.choose("Colours", "The system's")
    assert opened.save() == []
    assert not opened.dialog.isVisible()


def test_odd_values_in_force_are_kept(qtbot: QtBot) -> None:
    """A model that is gone, more threads than there are, a scale between the steps are shown and stay."""
    odd = Settings(model="gone", threads=99, text_scale=1.033, snapshot_budget_bytes=123_456_789, top_k=5000)
    opened = Opened(qtbot, odd, FACTS)
    assert opened.field(QComboBox, "Model").currentData() == "gone"
    assert opened.field(QDoubleSpinBox, "Threads of the processor").value() == 99
    opened.choose("Language", "Deutsch")
    assert opened.save() == [Applied({"language": "de"})]


def test_it_says_what_starts_again(opened: Opened) -> None:
    """By the names that the fields have, and apart for model and program."""
    assert opened.words("muted") and not any("again" in text for text in opened.words("muted") if "loaded" in text)
    opened.field(QDoubleSpinBox, "Threads of the processor").setValue(2)
    opened.choose("Language", "English")
    assert (
        "The model is loaded again: Threads of the processor.\nAt the next start of the program: Language."
        in opened.words("muted")
    )
    (said,) = opened.save()
    assert said.needs_restart and not Applied({"scheme": "dark"}).needs_restart


def test_bad_input_is_told_beside_its_field(opened: Opened) -> None:
    """Nothing is sent, the page of the field is shown with one sentence, and typing takes it away."""
    folder = opened.field(QLineEdit, "Folder of models")
    folder.setText("models")
    assert opened.save() == []
    sentence = "Give the folder's whole path, or leave the field empty for the one in the data folder."
    assert opened.words("error") == [sentence]
    assert opened.dialog.findChild(QListWidget).currentItem().text() == "Model"
    assert folder.property("invalid") is True and folder.accessibleDescription() == sentence
    folder.setText("/models")
    assert opened.words("error") == []
    assert opened.save() == [Applied({"models_dir": "/models"})]


def test_a_prompt_has_an_end(opened: Opened) -> None:
    """A book pasted into the prompt is refused with both figures."""
    opened.field(QPlainTextEdit, "System prompt").setPlainText("x" * 20_001)
    assert opened.save() == []
    assert opened.words("error") == [f"The prompt has 20001 character(s); {QLocale().toString(20_000)} are the most."]


def test_what_saving_found_is_told(opened: Opened) -> None:
    """Whoever saves can put a sentence beside a field, or above the buttons."""
    opened.dialog.show_problem("data_folder", "That folder is read-only.")
    assert opened.words("error") == ["That folder is read-only."]
    opened.dialog.show_problem("", "The disk is full.")
    assert "The disk is full." in opened.words("muted")


def test_each_device_is_there_once(opened: Opened) -> None:
    """The choice of the program first, then what the machine has."""
    box = opened.field(QComboBox, "Device")
    assert [box.itemData(row) for row in range(box.count())] == ["auto", "cpu", "cuda"]


def test_sampling_goes_back(qtbot: QtBot) -> None:
    """The first values of prompt and sampling can be had again; they are saved like any change."""
    opened = Opened(qtbot, Settings(temperature=1.5, top_k=40, system_prompt="Sing."), FACTS)
    next(b for b in opened.dialog.findChildren(QPushButton) if b.text() == "Back to the first values").click()
    (said,) = opened.save()
    first = Settings()
    assert said.changes == {"system_prompt": first.system_prompt, "temperature": first.temperature, "top_k": 0}


def test_another_data_folder(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told apart from the settings, and needs a restart."""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/elsewhere")
    opened.field(QPushButton, "Change the data folder").click()
    assert opened.save() == [Applied({}, Path("/elsewhere"))]
    assert opened.said[0].needs_restart


def test_a_choice_that_was_cancelled(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder chosen changes nothing."""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    opened.field(QPushButton, "Change the data folder").click()
    opened.field(QPushButton, "Choose the folder of models").click()
    assert opened.save() == []


def test_a_fixed_data_folder_cannot_be_changed(qtbot: QtBot) -> None:
    """Where the command line decides, the button is off and a sentence says why."""
    opened = Opened(qtbot, Settings(), replace(FACTS, data_folder_fixed=True))
    opened.dialog.show_page("data_folder")
    assert not opened.field(QPushButton, "Change the data folder").isEnabled()
    assert any("GRIFFIN_DESK_DATA_DIR decides" in text for text in opened.words("muted"))


def test_folders_are_asked_for(opened: Opened) -> None:
    """The dialog opens nothing itself."""
    asked: list[Path] = []
    opened.dialog.folder_wanted.connect(asked.append)
    for name in ("Open the data folder", "Open the folder of logs"):
        opened.field(QPushButton, name).click()
    assert asked == [Path("/data/desk"), Path("/data/desk/logs")]


def test_room_in_use_is_shown(opened: Opened) -> None:
    """Beside the room that there is."""
    opened.dialog.show_page("snapshot_budget_bytes")
    assert any(text.startswith("700.0 MiB are used now.") for text in opened.words("muted"))


def test_the_wheel_changes_only_a_focused_field(opened: Opened) -> None:
    """Scrolling a page does not change the numbers under the pointer."""
    opened.dialog.show_page("temperature")
    box, other = opened.field(QDoubleSpinBox, "Temperature"), opened.field(QDoubleSpinBox, "Top p")

    def turn() -> None:
        place = QPointF(box.rect().center())
        turned = QWheelEvent(
            place, QPointF(box.mapToGlobal(box.rect().center())), QPoint(), QPoint(0, 120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(box, turned)

    other.setFocus()
    turn()
    assert box.value() == 0.6
    box.setFocus()
    turn()
    assert box.value() == 0.7


def test_pages_are_gone_through_by_keys(opened: Opened, qtbot: QtBot) -> None:
    """Arrows in the list of pages, Tab into the page, and every control has a name."""
    names = opened.dialog.findChild(QListWidget)
    names.setFocus()
    for _ in range(3):
        qtbot.keyClick(names, Qt.Key.Key_Down)
    qtbot.keyClick(names, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is opened.field(QDoubleSpinBox, "Room for saved states")
    controls = [
        widget
        for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QPlainTextEdit, QLineEdit)
        for widget in opened.dialog.findChildren(kind)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.objectName() != "qt_spinbox_lineedit"
    ]
    nameless = [w for w in controls if not w.accessibleName() and not getattr(w, "text", str)()]
    assert len(controls) > 20 and nameless == []
