"""The window gauge says what is exact and what lives in the state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.theme import LIGHT
from app.ui.widgets.window_gauge import WindowGauge, WindowGaugeWidget


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Separators are the locale's."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("gauge", "expected"),
    [
        (None, "Nothing is read yet"),
        (WindowGauge(0, 2048), "Nothing is read yet"),
        (WindowGauge(1, 2048), "The only token exactly"),
        (WindowGauge(312, 2048), "All 312 tokens exactly"),
        (WindowGauge(2048, 2048), "All 2,048 tokens exactly"),
        (WindowGauge(2049, 2048), "The last 2,048 tokens exactly, 1 before them in the state"),
        (WindowGauge(98262, 2048), "The last 2,048 tokens exactly, 96,214 before them in the state"),
    ],
)
def test_the_sentence(qtbot: QtBot, gauge: WindowGauge | None, expected: str) -> None:
    """It counts right, and is what a screen reader gets."""
    widget = WindowGaugeWidget()
    qtbot.addWidget(widget)
    widget.set_gauge(gauge)
    assert widget.text == expected == widget.accessibleDescription()


def inked(widget: QWidget, ink: str) -> int:
    """Pixels of an ink in the middle row of the bar."""
    bar = widget.findChildren(QWidget)[0]
    image = bar.grab().toImage()
    return sum(image.pixelColor(x, bar.height() // 2).name() == ink for x in range(2, image.width() - 2))


def test_the_bar_is_in_proportion(qtbot: QtBot) -> None:
    """Half of the window filled is half a bar; half of the text in the state is half a bar of the state's ink."""
    widget = WindowGaugeWidget()
    qtbot.addWidget(widget)
    widget.resize(204, 60)
    widget.show()
    widget.set_gauge(WindowGauge(1024, 2048))
    assert inked(widget, LIGHT.accent.name()) == pytest.approx(100, abs=3)
    assert inked(widget, LIGHT.outline.name()) == 0
    widget.set_gauge(WindowGauge(4096, 2048))
    assert inked(widget, LIGHT.accent.name()) == pytest.approx(100, abs=3)
    assert inked(widget, LIGHT.outline.name()) == pytest.approx(100, abs=3)


def test_the_exact_part_is_seen_however_long_the_text(qtbot: QtBot) -> None:
    """2,048 of two million tokens are a thousandth of the bar: a few pixels show it all the same."""
    widget = WindowGaugeWidget()
    qtbot.addWidget(widget)
    widget.resize(204, 60)
    widget.show()
    widget.set_gauge(WindowGauge(2_000_000, 2048))
    assert 3 <= inked(widget, LIGHT.accent.name()) <= 10
