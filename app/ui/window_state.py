"""Sizes and places of the window and its panes, kept between runs. What cannot be used is ignored."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter, QWidget

GRIP = QSize(96, 24)
"""Of a window's top edge that must lie on a screen, so that it can be moved with the mouse."""

MAX_GEOMETRY_BYTES = 1024
MAX_PANE_PIXELS = 100_000
MAX_WORDS = 100


class WindowState:
    """Reads and writes one INI file; where it cannot be written nothing is remembered and nothing fails."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, "griffin-desk", "window"
        )

    def save_geometry(self, window: QWidget) -> None:
        """Keep the window's place and size, and whether it fills the screen."""
        self._store.setValue("window/geometry", window.saveGeometry())

    def restore_geometry(self, window: QWidget) -> bool:
        """Put the window where it was, on a screen that there is; False when nothing usable was kept."""
        kept = self._store.value("window/geometry")
        usable = isinstance(kept, QByteArray) and 0 < kept.size() <= MAX_GEOMETRY_BYTES
        restored = usable and window.restoreGeometry(kept)
        if restored:
            bring_back(window)
        return bool(restored)

    def save_splitter(self, name: str, splitter: QSplitter) -> None:
        """Keep the sizes of a splitter's parts; those of a hidden part stay as they were kept before."""
        before = self._sizes(name, splitter.count()) or splitter.sizes()
        parts = [splitter.widget(part) for part in range(splitter.count())]
        shown = [part is not None and part.isVisibleTo(splitter) for part in parts]
        sizes = [now if seen else was for now, was, seen in zip(splitter.sizes(), before, shown, strict=True)]
        self._store.setValue(f"splitters/{name}", ",".join(map(str, sizes)))

    def restore_splitter(self, name: str, splitter: QSplitter) -> bool:
        """Give a splitter's parts the sizes they had; False when nothing usable was kept."""
        sizes = self._sizes(name, splitter.count())
        if sizes is not None:
            splitter.setSizes(sizes)
        return sizes is not None

    def save_shown(self, pane: str, shown: bool) -> None:
        """Keep whether a pane is shown."""
        self._store.setValue(f"panes/{pane}", shown)

    def shown(self, pane: str, default: bool) -> bool:
        """Whether a pane was shown."""
        return {"true": True, "false": False}.get(str(self._store.value(f"panes/{pane}")).lower(), default)

    def save_words(self, name: str, words: Iterable[str]) -> None:
        """Keep a few words without spaces, such as the ids of the commands run last."""
        self._store.setValue(f"words/{name}", " ".join(words))

    def words(self, name: str) -> tuple[str, ...]:
        """The words kept under a name."""
        return tuple(_text(self._store.value(f"words/{name}")).split()[:MAX_WORDS])

    def flush(self) -> None:
        """Write to disk now, not when Qt next finds the time."""
        self._store.sync()

    def _sizes(self, name: str, parts: int) -> list[int] | None:
        words = _text(self._store.value(f"splitters/{name}")).split(",")
        if len(words) != parts or not all(word.isascii() and word.isdigit() for word in words):
            return None
        sizes = [int(word) for word in words if len(word) < 10]
        usable = len(sizes) == parts and sum(sizes) > 0 and max(sizes) <= MAX_PANE_PIXELS
        return sizes if usable else None


def bring_back(window: QWidget) -> None:
    """Move a window that no screen shows any more to the middle of the main one, and make it fit there."""
    place = window.frameGeometry()
    top = QRect(place.topLeft(), QSize(place.width(), GRIP.height()))
    for screen in QGuiApplication.screens():
        seen = screen.availableGeometry().intersected(top)
        if seen.width() >= min(GRIP.width(), place.width()) and seen.height() >= GRIP.height() // 2:
            return
    room = QGuiApplication.primaryScreen().availableGeometry()
    frame = place.size() - window.size()
    size = place.size().boundedTo(room.size())
    window.resize(size - frame)
    window.move(room.topLeft() + QPoint((room.width() - size.width()) // 2, (room.height() - size.height()) // 2))


def _text(value: object) -> str:
    """A stored text; Qt gives a text with commas that it did not write itself as a list."""
    if isinstance(value, list):
        return ",".join(str(item).strip() for item in value)
    return value if isinstance(value, str) else ""
