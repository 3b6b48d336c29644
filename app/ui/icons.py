"""The window's icons: line drawings in resources/icons, drawn in the colour of text."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.core.paths import resources_dir
from app.ui.theme import colours

SIZES = (16, 24, 32, 48)


def icon(name: str, colour: QColor | None = None) -> QIcon:
    """An icon in the colours in force; ask again when they change.

    colour: other than that of text, as `colours().on_accent` on a primary button.
    """
    return _icon(name, (colour or colours().text).name(), colours().disabled.name())


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    svg = (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    made = QIcon()
    for mode, ink in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        for size in SIZES:
            made.addPixmap(_drawn(svg, QColor(ink), size), mode)
    return made


def _drawn(svg: str, colour: QColor, size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.replace("currentColor", colour.name()).encode())).render(painter)
    painter.end()
    return pixmap
