"""A large figure has a name, a value and a unit."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.ui.theme import LIGHT, colours
from app.ui.widgets.figure import Figure


def test_a_figure_is_shown_and_told(qtbot: QtBot) -> None:
    """Value and unit stand as text, and assistive technology gets them with the name."""
    figure = Figure("Reading", lambda: colours().reading)
    qtbot.addWidget(figure)
    figure.set_value("612", "tokens/s")
    assert figure.text == "612 tokens/s"
    assert (figure.accessibleName(), figure.accessibleDescription()) == ("Reading", "612 tokens/s")


def test_a_figure_has_the_ink_of_its_line(qtbot: QtBot) -> None:
    """A short piece of the line stands before the name."""
    figure = Figure("Writing", lambda: colours().writing)
    qtbot.addWidget(figure)
    figure.show()
    image = figure.grab().toImage()
    assert image.pixelColor(2, image.height() // 2) == LIGHT.writing
