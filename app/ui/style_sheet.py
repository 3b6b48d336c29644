"""The window's style sheet: resources/themes/window.qss with colours and sizes filled in."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from string import Template
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir
from PySide6.QtGui import QColor, QFont, QFontMetrics

from app.core.paths import resources_dir

if TYPE_CHECKING:
    from app.ui.theme import Colours

SIZES = {"title": 1.5, "heading": 1.15, "figure": 1.6, "small": 0.9}
"""Text sizes by role, as multiples of plain text."""


def style_sheet(colours: Colours, *, glyphs: str, font: QFont) -> str:
    """The sheet for these colours and plain text in this font.

    glyphs: the sub-folder of resources/themes whose arrows and ticks fit the colours.
    """
    values = {item.name: getattr(colours, item.name).name() for item in fields(colours)}
    values |= {f"{role}_pt": f"{font.pointSizeF() * times:.2f}pt" for role, times in SIZES.items()}
    line = QFontMetrics(font).height()
    knob = round(line * 0.45)
    plain = colours.chip == colours.window
    values |= {
        "accent_hover": mixed(colours.accent, colours.text, 0.14).name(),
        "accent_pressed": mixed(colours.accent, colours.text, 0.26).name(),
        "pressed": mixed(colours.hover, colours.text, 0.1).name(),
        "handle": mixed(colours.window, colours.outline, 0.75).name(),
        "handle_hover": colours.muted.name(),
        "glyphs": f"themes:{glyphs}",
        "tick": f"{round(line * 0.95)}px",
        "tick_radius": f"{round(line * 0.95) // 2 + 1}px",
        "arrow": f"{round(line * 0.7)}px",
        "icon": f"{max(16, round(line * 1.05))}px",
        "knob": f"{2 * knob}px",
        "knob_out": f"-{knob - 2}px",
        "knob_radius": f"{knob}px",
        # Where nothing but a border can be told from the window.
        "chip_border": (colours.chip_text if plain else colours.chip).name(),
        "bubble_border": (colours.border if plain else colours.chip).name(),
    }
    return Template(_source()).substitute(values)


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """A colour between two: `share` of the other."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )


@lru_cache(maxsize=1)
def _source() -> str:
    folder = resources_dir() / "themes"
    # By way of a search path no character of the folder's own path can break the sheet.
    QDir.setSearchPaths("themes", [str(folder)])
    return (folder / "window.qss").read_text(encoding="utf-8")
