"""Whatever has the focus shows it, in every scheme."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QTabBar,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.theme import Scheme
from tests.ui.contrast import contrast


def button(kind: str) -> QPushButton:
    made = QPushButton("Press")
    made.setProperty("kind", kind)
    return made


def tabs() -> QTabBar:
    made = QTabBar()
    made.addTab("One")
    made.addTab("Two")
    return made


def field() -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setProperty("role", "field")
    return made


def group() -> QGroupBox:
    made = QGroupBox("Group")
    made.setCheckable(True)
    return made


def plain() -> QWidget:
    made = QWidget()
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setMinimumSize(60, 30)
    return made


FOCUSABLE: dict[str, Callable[[], QWidget]] = {
    "plain button": lambda: button(""),
    "primary": lambda: button("primary"),
    "quiet": lambda: button("quiet"),
    "card": lambda: button("card"),
    "chip": lambda: button("chip"),
    "segment": lambda: button("segment"),
    "link": lambda: button("link"),
    "danger": lambda: button("danger"),
    "tool button": QToolButton,
    "line edit": QLineEdit,
    "field": field,
    "combo box": QComboBox,
    "spin box": QSpinBox,
    "check box": lambda: QCheckBox("Tick"),
    "radio button": lambda: QRadioButton("Choose"),
    "tabs": tabs,
    "slider": lambda: QSlider(Qt.Orientation.Horizontal),
    "group": group,
    "list": QListWidget,
    "text": QTextBrowser,
    "scroll area": QScrollArea,
    "own widget": plain,
}


def differing_pixels(before: QImage, after: QImage) -> int:
    """Pixels that stand out from what was there before at least 3 to 1."""
    return sum(
        before.pixel(x, y) != after.pixel(x, y) and contrast(before.pixelColor(x, y), after.pixelColor(x, y)) >= 3.0
        for y in range(before.height())
        for x in range(before.width())
    )


Stage = Callable[[QWidget], QPushButton]


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    """Puts a widget into a window in which another has the focus; returns that one."""
    window = QWidget()
    qtbot.addWidget(window)

    def shown(widget: QWidget) -> QPushButton:
        other = QPushButton("Other")
        layout = QVBoxLayout(window)
        layout.addWidget(other)
        layout.addWidget(widget)
        window.resize(200, 120)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        other.setFocus()
        return other

    return shown


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK, Scheme.HIGH_CONTRAST])
@pytest.mark.parametrize("name", FOCUSABLE)
def test_the_focus_is_seen(qapp: QApplication, scheme: Scheme, name: str, stage: Stage) -> None:
    """Focus changes pixels all around the widget, or the tab or title that has it, and each stands out."""
    theme.apply(qapp, scheme)
    widget = FOCUSABLE[name]()
    stage(widget)
    before = widget.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    after = widget.grab().toImage()
    # A line one pixel wide around something 30 x 15 pixels large is the least.
    assert differing_pixels(before, after) >= 90


def test_nothing_moves_with_the_focus(stage: Stage) -> None:
    """A focused button is as large as it was."""
    widget = button("quiet")
    stage(widget)
    before = widget.sizeHint()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    assert widget.sizeHint() == before


def ring_of(widget: QWidget) -> QWidget | None:
    """The ring on a widget, where it can be seen."""
    ring = widget.findChild(QWidget, "focusRing")
    return ring if ring is not None and ring.isVisible() else None


def test_a_clicked_widget_shows_its_ring_at_the_next_key(qtbot: QtBot, stage: Stage) -> None:
    """The ring is for the keyboard: a click alone does not bring it."""
    widget = plain()
    stage(widget)
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert widget.hasFocus()
    assert ring_of(widget) is None
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier))
    assert ring_of(widget) is not None


def test_the_ring_follows_focus_and_size(stage: Stage) -> None:
    """It fits its widget after a resize, and there is none on a widget that lost the focus."""
    widget = plain()
    other = stage(widget)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    other.window().resize(300, 300)
    ring = ring_of(widget)
    assert ring is not None and ring.geometry() == widget.rect()
    other.setFocus()
    assert ring_of(widget) is None


def test_a_widget_may_paint_its_own_focus(stage: Stage) -> None:
    """focusRing "own" leaves it alone."""
    widget = plain()
    widget.setProperty("focusRing", "own")
    stage(widget)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    assert widget.findChild(QWidget, "focusRing") is None


def test_a_widget_may_die_with_its_ring(qtbot: QtBot, stage: Stage) -> None:
    """The focus moves on from a widget that is deleted while it has the ring."""
    widget = plain()
    other = stage(widget)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(widget.destroyed):
        widget.deleteLater()
    another = plain()
    other.window().layout().addWidget(another)
    another.show()
    another.setFocus(Qt.FocusReason.TabFocusReason)
    assert ring_of(another) is not None
