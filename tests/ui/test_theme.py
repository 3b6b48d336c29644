"""The colours can be read in every scheme, text grows with the scale, and the system's changes are followed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.style_sheet import mixed
from app.ui.theme import DARK, HIGH_CONTRAST, LIGHT, Colours, Scheme
from tests.ui.contrast import contrast

SCHEMES = [(LIGHT, 4.5), (DARK, 4.5), (HIGH_CONTRAST, 7.0)]
SURFACES = ("window", "base", "hover", "selected", "chip", "code")
TEXTS = ("text", "muted", "accent", "chip_text", "unsupported", "error")
LINES = ("reading", "writing", "memory", "gpu", "state")


def test_contrast_of_known_colours() -> None:
    """The measure itself: black on white is 21, the grey #767676 on white the well-known 4.54."""
    white = QColor("white")
    assert contrast(white, QColor("black")) == pytest.approx(21)
    assert contrast(QColor("#767676"), white) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("colours", "least"), SCHEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read_on_every_surface(colours: Colours, least: float, surface: str, text: str) -> None:
    """WCAG AA in light and dark, AAA in high contrast."""
    assert contrast(getattr(colours, text), getattr(colours, surface)) >= least


@pytest.mark.parametrize(("colours", "least"), SCHEMES)
def test_text_can_be_read_on_buttons(colours: Colours, least: float) -> None:
    """Primary buttons also while they are hovered and pressed, plain ones also while they are pressed or checked."""
    for share in (0.0, 0.14, 0.26):
        assert contrast(colours.on_accent, mixed(colours.accent, colours.text, share)) >= least
    assert contrast(colours.text, mixed(colours.hover, colours.text, 0.1)) >= least
    assert contrast(colours.disabled, colours.window) >= least


@pytest.mark.parametrize(("colours", "least"), SCHEMES)
def test_marks_can_be_seen(colours: Colours, least: float) -> None:
    """What is no text but must be seen, as outlines of fields, the focus and lines of plots, stands out 3 to 1."""
    for mark in ("outline", "accent", *LINES):
        for surface in ("window", "base"):
            assert contrast(getattr(colours, mark), getattr(colours, surface)) >= 3.0, (mark, surface)


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK, Scheme.HIGH_CONTRAST])
def test_a_scheme_is_put_in_force(qapp: QApplication, scheme: Scheme) -> None:
    """Palette and `colours()` are those of the scheme, also where the platform knows no schemes."""
    theme.apply(qapp, scheme)
    expected = {Scheme.LIGHT: LIGHT, Scheme.DARK: DARK, Scheme.HIGH_CONTRAST: HIGH_CONTRAST}[scheme]
    assert theme.colours() is expected
    assert qapp.palette().color(QPalette.ColorRole.Window) == expected.window
    assert qapp.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text) == expected.disabled


def test_the_system_is_followed(qapp: QApplication, qtbot: QtBot) -> None:
    """A change of the system's scheme changes the colours while the scheme is SYSTEM, and at no other time."""
    theme.apply(qapp, Scheme.SYSTEM)
    assert theme.colours() is LIGHT
    with qtbot.waitSignal(theme.signals().changed):
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.colours() is DARK
    assert qapp.palette().color(QPalette.ColorRole.Base) == DARK.base
    theme.apply(qapp, Scheme.LIGHT)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.colours() is LIGHT


def test_text_scale_reaches_every_role(qapp: QApplication, qtbot: QtBot) -> None:
    """Plain labels, titles, buttons and icons grow alike, and come back to the size they had."""
    window = QWidget()
    qtbot.addWidget(window)
    plain, title, button = QLabel("Text"), QLabel("Title"), QPushButton("Button")
    title.setProperty("role", "title")
    layout = QVBoxLayout(window)
    for widget in (plain, title, button):
        layout.addWidget(widget)
    window.show()

    def sizes() -> list[float]:
        return [plain.font().pointSizeF(), title.font().pointSizeF(), button.font().pointSizeF()]

    before = sizes()
    assert before[1] == pytest.approx(1.5 * before[0], abs=0.01)
    theme.apply(qapp, Scheme.LIGHT, 2.0)
    assert sizes() == pytest.approx([2 * size for size in before], abs=0.02)
    theme.apply(qapp, Scheme.LIGHT, 1.0)
    assert sizes() == before


def test_a_property_set_later_restyles(qtbot: QtBot) -> None:
    """`set_property` shows at once on a widget that is on the screen."""
    button = QPushButton("Go")
    qtbot.addWidget(button)
    button.show()
    middle_left = (4, button.height() // 2)
    assert button.grab().toImage().pixelColor(*middle_left) == LIGHT.base
    theme.set_property(button, "kind", "primary")
    assert button.grab().toImage().pixelColor(*middle_left) == LIGHT.accent
