"""The page that is shown while nothing is open: documents of late, and the model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QObject, Signal

from app.inference.generator import ModelInfo
from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.controllers.engine import EngineController, ModelWish
from app.ui.controllers.shelf import ShelfController
from app.ui.models.day_groups import day_group
from app.ui.views.home import RECENT, HomeView, RecentDocument


class HomeController(QObject):
    """Joins a HomeView to shelf and engine."""

    document_chosen = Signal(object)
    """ShelfDocument."""

    def __init__(
        self, shelf: ShelfController, engine: EngineController, view: HomeView, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._engine = engine
        self._view = view
        self._connect()

    def _connect(self) -> None:
        self._shelf.documents_changed.connect(self._show_recent)
        self._engine.loading.connect(self._show_wish)
        self._engine.ready.connect(self._show_model)
        self._view.recent_chosen.connect(self._choose)

    def _show_recent(self, rows: Sequence[ShelfDocument]) -> None:
        names = {
            DocumentState.NEW: self.tr("new"),
            DocumentState.READING: self.tr("reading"),
            DocumentState.READ: self.tr("read"),
        }
        today = date.today()
        known = [row for row in rows if row.document_id][:RECENT]
        self._view.set_recent(
            [RecentDocument(r.key, r.title, _day(r.opened_at, today), names.get(r.state, "")) for r in known]
        )

    def _show_wish(self, wish: ModelWish) -> None:
        self._view.set_model(wish.name)

    def _show_model(self, info: ModelInfo) -> None:
        self._view.set_model(info.name)

    def _choose(self, key: str) -> None:
        row = self._shelf.document(key)
        if row is not None:
            self.document_chosen.emit(row)


def _day(time_s: float, today: date) -> str:
    return day_group(date.fromtimestamp(time_s), today).title if time_s else ""
