"""How models are joined to the rest of the window: the status line, the settings, the notices, the browser."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.controllers.activity import ActivityController
from app.ui.controllers.engine import EngineController
from app.ui.controllers.models import ModelsController
from app.ui.controllers.preferences import PreferencesController
from app.ui.controllers.shelf import ShelfController
from app.ui.dialogs.models_use import SwitchCost
from app.ui.jobs import Jobs
from app.ui.main_window import MainWindow
from app.ui.window_state import WindowState


class ModelsInWindow(QObject):
    """Makes the controller of models and connects it."""

    def __init__(
        self,
        jobs: Jobs,
        state: WindowState,
        window: MainWindow,
        engine: EngineController,
        shelf: ShelfController,
        activity: ActivityController,
        preferences: PreferencesController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._engine = engine
        self._shelf = shelf
        self._activity = activity
        self._preferences = preferences
        self._is_fetching = False
        self.models = ModelsController(jobs, engine, state, window, self._cost, self)
        self._connect()

    def _connect(self) -> None:
        models, activity, preferences = self.models, self._activity, self._preferences
        models.running.connect(activity.show_models)
        activity.models_paused.connect(models.pause)
        activity.models_resumed.connect(models.resume)
        activity.models_stopped.connect(models.stop)
        models.online.connect(self._set_fetching)
        models.noticed.connect(self._window.notices.show)
        models.use_wanted.connect(preferences.use_model)
        # Its button says that the browser opens: “Stay offline” is about links in what a model wrote.
        models.page_opened.connect(lambda address: QDesktopServices.openUrl(QUrl(address)))
        models.settings_wanted.connect(lambda name: preferences.show_dialog(self._window, name))
        preferences.models_wanted.connect(models.show_dialog)
        preferences.changed.connect(lambda _: self.show_offline())

    def show_offline(self) -> None:
        """The mark in the status line, which is not there while something is fetched."""
        self._window.status.set_offline(self._preferences.settings.offline and not self._is_fetching)

    def _set_fetching(self, fetching: bool) -> None:
        if fetching != self._is_fetching:
            self._is_fetching = fetching
            self.show_offline()

    def _cost(self) -> SwitchCost:
        return switch_cost(self._shelf.documents, self._engine.wish.name, is_busy=bool(self._activity.rooms))


def switch_cost(documents: Sequence[ShelfDocument], model: str, *, is_busy: bool) -> SwitchCost:
    """What another model would have to read again of what `model` has read."""
    read = [row for row in documents if row.state is DocumentState.READ]
    longest = max(read, key=lambda row: row.pages, default=None)
    return SwitchCost(
        model_in_use=model,
        is_busy=is_busy,
        documents_read=len(read),
        longest_title=longest.title if longest is not None else "",
        longest_pages=longest.pages if longest is not None else 0,
    )
