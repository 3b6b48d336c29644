"""Icons are drawn in the colours in force."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication

from app.core.paths import resources_dir
from app.ui import theme
from app.ui.icons import icon
from app.ui.theme import DARK, LIGHT, Scheme

IN_COLOURS = {"griffin-desk"}
"""The program's own mark is no line drawing."""

FILES = sorted(path for path in (resources_dir() / "icons").glob("*.svg") if path.stem not in IN_COLOURS)


def inks(drawn: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> set[str]:
    """The colours of the pixels that are fully covered."""
    image = drawn.pixmap(48, 48, mode).toImage()
    pixels = (image.pixelColor(x, y) for y in range(image.height()) for x in range(image.width()))
    return {pixel.name() for pixel in pixels if pixel.alpha() == 255}


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_every_icon_is_drawn_in_the_ink_of_text(qapp: QApplication, name: str) -> None:
    """Nothing in a drawing has a colour of its own, nothing is empty."""
    assert inks(icon(name)) == {LIGHT.text.name()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_icons_are_of_one_style(path: object) -> None:
    """24 units wide and high, lines of one weight with round ends."""
    root = ElementTree.parse(str(path)).getroot()
    assert root.get("viewBox") == "0 0 24 24"
    assert (root.get("stroke"), root.get("stroke-width"), root.get("stroke-linecap")) == (
        "currentColor",
        "1.75",
        "round",
    )


def test_icons_follow_the_theme(qapp: QApplication) -> None:
    """Asked again after a change they have the new ink; the disabled look is the scheme's."""
    theme.apply(qapp, Scheme.DARK)
    assert inks(icon("stop")) == {DARK.text.name()}
    assert inks(icon("stop"), QIcon.Mode.Disabled) == {DARK.disabled.name()}


def test_another_ink(qapp: QApplication) -> None:
    """A primary button's icon has the ink of its text."""
    assert inks(icon("play", QColor("#123456"))) == {"#123456"}
