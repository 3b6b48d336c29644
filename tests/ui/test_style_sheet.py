"""The style sheet is complete for every scheme and holds no colour of its own."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QFile
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.core.paths import resources_dir
from app.ui.style_sheet import mixed, style_sheet
from app.ui.theme import GLYPHS, Colours


@pytest.mark.parametrize(("colours", "glyphs"), GLYPHS)
def test_the_sheet_is_filled_in(colours: Colours, glyphs: str) -> None:
    """No name is left, every colour is one that the scheme gives or mixes, every glyph is there."""
    sheet = style_sheet(colours, glyphs=glyphs, font=QFont("Sans Serif", 10))
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    assert "$" not in rules
    for url in re.findall(r"url\(([^)]*)\)", rules):
        assert QFile.exists(url), url
    assert colours.accent.name() in rules


def test_the_source_names_no_colour() -> None:
    """Colours come from the theme alone."""
    source = (resources_dir() / "themes" / "window.qss").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", source) == []


@pytest.mark.parametrize(("colours", "glyphs"), GLYPHS)
def test_glyphs_have_the_colours_of_their_scheme(colours: Colours, glyphs: str) -> None:
    """Arrows have the colour of text, ticks that of what stands on the accent: files cannot follow the theme."""
    folder = resources_dir() / "themes" / glyphs
    for name, colour in {
        "down": colours.text,
        "up": colours.text,
        "right": colours.text,
        "check": colours.on_accent,
    }.items():
        assert f'"{colour.name()}"' in (folder / f"{name}.svg").read_text(encoding="utf-8")


def test_qt_can_read_the_sheet(qapp: QApplication, qtbot: QtBot, capfd: pytest.CaptureFixture[str]) -> None:
    """Qt complains of no rule and no property."""
    sheet = qapp.styleSheet()
    qapp.setStyleSheet("")
    qapp.setStyleSheet(sheet)
    button = QPushButton("Any")
    qtbot.addWidget(button)
    button.show()
    assert "parse" not in capfd.readouterr().err.lower()


def test_mixed_colours() -> None:
    """A share of 0 is the one colour, 1 the other, a half lies between."""
    black, white = QColor("black"), QColor("white")
    assert mixed(black, white, 0.0) == QColor.fromRgbF(0, 0, 0)
    assert mixed(black, white, 1.0).name() == "#ffffff"
    assert mixed(black, white, 0.5).name() == "#808080"
