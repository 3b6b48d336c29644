"""Colours, text size and look of the window: light, dark, high contrast, or whatever the system says.

The look is one style sheet, resources/themes/window.qss, filled in with the colours in force. A widget says what it is
by a dynamic property, set before it is shown or later with `set_property`; no other file sets a style sheet:

QPushButton, QToolButton   kind       primary, quiet (every QToolButton is), card, chip, segment, link, danger
QLabel                     role       title, heading, figure, muted, small, error, warning
QFrame                     role       card, bubble, line, segments, bar, header, notice (with kind info, warning, error)
QWidget                    role       pane (behind text that is read), surround
text edits, item views     role       field: framed as a line edit is
QProgressBar               kind       thin: no text
fields                     invalid    true: what stands in it cannot be used
anything focusable         focusRing  own: it paints its own focus, see focus_ring.py
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

from app.ui.focus_ring import FocusRing
from app.ui.style_sheet import style_sheet


class Scheme(StrEnum):
    """What the user chooses from."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    HIGH_CONTRAST = "high-contrast"


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours in force."""

    window: QColor
    base: QColor
    """Behind text that is read."""
    text: QColor
    muted: QColor
    """Text of less weight: times, counts, hints."""
    border: QColor
    accent: QColor
    on_accent: QColor
    chip: QColor
    """Behind a page chip."""
    chip_text: QColor
    unsupported: QColor
    """Text and marks of claims that nothing supports."""
    error: QColor
    code: QColor
    """Behind code."""
    highlight: QColor
    """Over a quote on a page, translucent."""
    reading: QColor
    """Of the plot of reading; those below likewise."""
    writing: QColor
    memory: QColor
    gpu: QColor
    state: QColor
    hover: QColor
    """Behind what the pointer is over."""
    selected: QColor
    """Behind a selected row; its text stays `text`."""
    outline: QColor
    """Around what is filled in or ticked: stands out more than `border`."""
    disabled: QColor
    """Text of what cannot be used now."""


def _colours(*names: str) -> Colours:
    made = Colours(*map(QColor, names))
    made.highlight.setAlpha(96)
    return made


LIGHT = _colours(
    "#f6f6f4", "#ffffff", "#1c1d1f", "#5d6068", "#d9d9d6", "#2459a6", "#ffffff", "#e4ecf8", "#1d4a8c", "#8a5300",
    "#b3261e", "#f1f1ee", "#ffd54a", "#2459a6", "#b3541e", "#2e7d5b", "#7b3fa0", "#5d6068",
    "#ecebe8", "#e1e9f5", "#85888f", "#6a6d75",
)  # fmt: skip
DARK = _colours(
    "#1d1e21", "#26272b", "#e7e7e4", "#a8abb3", "#3b3d43", "#8ab4f0", "#10233f", "#2c3d57", "#c3d9fa", "#e8b45a",
    "#f2938c", "#303238", "#ffd54a", "#8ab4f0", "#f0a878", "#7fcfa6", "#c79be6", "#a8abb3",
    "#303237", "#2f3b4e", "#80838c", "#8f929b",
)  # fmt: skip
HIGH_CONTRAST = _colours(
    "#000000", "#000000", "#ffffff", "#ffffff", "#ffffff", "#ffff00", "#000000", "#000000", "#ffff00", "#ffb000",
    "#ff8080", "#101010", "#ffff00", "#00ffff", "#ffb000", "#80ff80", "#ff80ff", "#ffffff",
    "#1c1c1c", "#000000", "#ffffff", "#a8a8a8",
)  # fmt: skip

GLYPHS = ((LIGHT, "light"), (DARK, "dark"), (HIGH_CONTRAST, "high-contrast"))


class ThemeSignals(QObject):
    """Says when the colours or the size of text have changed."""

    changed = Signal()


class _InForce:
    """What was applied last."""

    colours = LIGHT
    scheme = Scheme.LIGHT
    text_scale = 1.0
    signals: ThemeSignals | None = None
    focus_ring: FocusRing | None = None
    plain_point_size = 0.0


def colours() -> Colours:
    """The colours in force."""
    return _InForce.colours


def signals() -> ThemeSignals:
    """One object for the whole window."""
    if _InForce.signals is None:
        _InForce.signals = ThemeSignals()
    return _InForce.signals


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet asks for on a widget that may be on the screen already."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def apply(application: QApplication, scheme: Scheme, text_scale: float = 1.0) -> None:
    """Put a scheme in force, and text of `text_scale` times the system's size."""
    hints = QGuiApplication.styleHints()
    wanted = {Scheme.LIGHT: Qt.ColorScheme.Light, Scheme.SYSTEM: Qt.ColorScheme.Unknown}
    hints.setColorScheme(wanted.get(scheme, Qt.ColorScheme.Dark))
    if _InForce.focus_ring is None or _InForce.focus_ring.parent() is not application:
        _InForce.focus_ring = FocusRing(application)
        application.setStyle(QStyleFactory.create("Fusion"))
        hints.colorSchemeChanged.connect(_follow_system)
    _InForce.scheme, _InForce.text_scale = scheme, text_scale
    _put(application, _chosen(scheme, hints.colorScheme()))


def _follow_system(system: Qt.ColorScheme) -> None:
    application = QApplication.instance()
    if _InForce.scheme is Scheme.SYSTEM and isinstance(application, QApplication):
        _put(application, _chosen(Scheme.SYSTEM, system))


def _chosen(scheme: Scheme, system: Qt.ColorScheme) -> Colours:
    if scheme is Scheme.HIGH_CONTRAST or (scheme is Scheme.SYSTEM and _system_wants_contrast()):
        return HIGH_CONTRAST
    dark = system == Qt.ColorScheme.Dark if scheme is Scheme.SYSTEM else scheme is Scheme.DARK
    return DARK if dark else LIGHT


def _system_wants_contrast() -> bool:
    """Whether high contrast is on in the system's settings; Qt knows since 6.10."""
    hints = QGuiApplication.styleHints()
    if not hasattr(hints, "accessibility"):
        return False
    return bool(hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast)


def _put(application: QApplication, chosen: Colours) -> None:
    _InForce.colours = chosen
    application.setPalette(_palette(chosen))
    font = application.font()
    _InForce.plain_point_size = _InForce.plain_point_size or QFontInfo(font).pointSizeF()
    font.setPointSizeF(_InForce.plain_point_size * _InForce.text_scale)
    application.setFont(font)
    sheet = style_sheet(chosen, glyphs=next(name for colours, name in GLYPHS if colours is chosen), font=font)
    if sheet != application.styleSheet():
        application.setStyleSheet(sheet)
    if _InForce.focus_ring is not None:
        _InForce.focus_ring.set_colours(chosen.accent, chosen.base, chosen.on_accent)
    signals().changed.emit()


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.base,
        QPalette.ColorRole.AlternateBase: colours.window,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.window,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Accent: colours.accent,
        QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.ToolTipBase: colours.base,
        QPalette.ColorRole.ToolTipText: colours.text,
    }
    for role, colour in roles.items():
        palette.setColor(role, colour)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, colours.disabled)
    return palette
