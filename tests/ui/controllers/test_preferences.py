"""Settings: put in force at once, kept, and told where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QComboBox

from app.core.settings import load_settings
from app.tasks.model import Style
from app.ui.dialogs.models import ModelsDialog
from app.ui.dialogs.settings import SettingsDialog
from app.ui.dialogs.settings_facts import Applied
from tests.ui.desk_window import Desks, DeskWindow, write_book
from tests.ui.fake_store import FakeStore


def dialog(window: DeskWindow) -> SettingsDialog:
    """The one that is open."""
    window.wait(lambda: window.window.findChildren(SettingsDialog))
    return window.window.findChildren(SettingsDialog)[0]


def test_text_grows_and_shrinks_in_steps(desks: Desks, qapp: QApplication) -> None:
    """It is kept for the next start, and never grows out of bounds."""
    window = desks.window()
    before = qapp.font().pointSizeF()
    window.actions.larger_text()
    assert qapp.font().pointSizeF() > before
    for _ in range(20):
        window.actions.larger_text()
    window.actions.smaller_text()
    window.rest()
    assert load_settings(window.paths.settings).text_scale == 2.0
    window.actions.normal_text()
    assert qapp.font().pointSizeF() == before


def test_what_is_saved_in_the_dialog_is_in_force(desks: Desks, tmp_path: Path) -> None:
    """The dialog closes; a model that is loaded in another way is loaded again; what needs a new start says so."""
    window = desks.window()
    window.wait_ready()
    window.actions.show_settings()
    window.actions.show_settings()
    opened = dialog(window)
    window.rest()
    assert len(window.window.findChildren(SettingsDialog)) == 1
    opened.applied.emit(Applied({"threads": 1, "offline": False, "default_style": "brief", "language": "de"}))
    window.wait(lambda: len(desks.loaders) == 2 and window.controller.engine.is_ready)
    window.rest()
    assert desks.loaders[1].options.threads == 1
    assert load_settings(window.paths.settings).threads == 1
    assert window.notices == ["What you changed takes effect at the next start."]
    assert "Offline" not in window.texts(window.window.status)
    window.wait(lambda: not window.window.findChildren(SettingsDialog))
    assert window.open(write_book(tmp_path, "rivers")).document_view.summary.style_wanted is Style.BRIEF


def test_settings_that_cannot_be_kept(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold until the end, and one notice says so."""
    window = desks.window()
    window.wait_ready()
    window.paths.settings.mkdir()
    window.controller.preferences.save({"default_style": "brief"})
    window.wait(lambda: window.notices)
    assert window.controller.preferences.style is Style.BRIEF


def test_models_lead_to_the_settings_and_back(desks: Desks) -> None:
    """Device and threads are set beside the model; a model that is chosen meanwhile is shown there."""
    desks.store = FakeStore()
    desks.add_model("recurrentgemma-2b")
    window = desks.window()
    window.wait_ready()
    window.button("Choose or add a model…", window.window.home).click()
    models = window.window.findChildren(ModelsDialog)[0]
    window.button("Device and threads…", models).click()
    opened = dialog(window)
    window.wait(lambda: not window.window.findChildren(ModelsDialog))
    assert opened.focusWidget().accessibleName() == "Device"
    window.button("Get, check and compare models…", opened).click()
    assert window.window.findChildren(ModelsDialog)[0].isVisible()
    window.controller.preferences.use_model("recurrentgemma-2b")
    (model,) = (box for box in opened.findChildren(QComboBox) if box.accessibleName() == "Model")
    assert model.currentText() == "recurrentgemma-2b"
    window.rest()
