"""Joins the sidebar to the shelf."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from app.ui.controllers.shelf import Cover, Found, ShelfController
from app.ui.models.conversations import Renamed
from app.ui.views.sidebar import Sidebar


class SidebarController(QObject):
    """Lists go to the view, changes to the shelf. What is opened is the window's business."""

    def __init__(self, shelf: ShelfController, view: Sidebar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._view = view
        self._connect()

    def _connect(self) -> None:
        shelf, view = self._shelf, self._view
        shelf.documents_changed.connect(view.set_documents)
        shelf.document_changed.connect(view.update_document)
        shelf.conversations_changed.connect(view.set_conversations)
        shelf.found.connect(self._found)
        shelf.cover.connect(self._cover)
        view.search_changed.connect(shelf.search)
        view.thumbnail_wanted.connect(shelf.draw_cover)
        view.conversation_renamed.connect(self._rename)
        view.conversation_duplicated.connect(shelf.duplicate)

    def _found(self, found: Found) -> None:
        self._view.set_hits(found.words, found.hits)

    def _cover(self, cover: Cover) -> None:
        image = cover.image
        picture = QImage(image.data, image.width, image.height, image.stride, QImage.Format.Format_RGB888)
        # QImage does not keep the bytes alive.
        self._view.set_thumbnail(cover.key, picture.copy())

    def _rename(self, renamed: Renamed) -> None:
        self._shelf.rename(renamed.id, renamed.title)
