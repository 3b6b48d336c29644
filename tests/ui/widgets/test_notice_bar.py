from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets import notice_bar
from app.ui.widgets.notice_bar import MOST, Notice, NoticeBar, NoticeKind

SAVED = Notice(NoticeKind.INFO, "The summary was saved.")
LOST = Notice(NoticeKind.WARNING, "The model was started again.", details="exit code 9")
FULL = Notice(NoticeKind.ERROR, "The disk is full; free some space and try again.", details="ENOSPC")


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    """A bar under a field that has the focus."""
    made = QWidget()
    qtbot.addWidget(made)
    layout = QVBoxLayout(made)
    layout.addWidget(QLineEdit())
    layout.addWidget(NoticeBar())
    made.resize(700, 100)
    with qtbot.waitActive(made):
        made.show()
    made.findChild(QLineEdit).setFocus()
    yield made


@pytest.fixture
def bar(window: QWidget) -> NoticeBar:
    """The bar."""
    found = window.findChild(NoticeBar)
    assert isinstance(found, NoticeBar)
    return found


def button(bar: NoticeBar, name: str) -> QAbstractButton:
    """A visible button by its name."""
    (found,) = (
        b for b in bar.findChildren(QAbstractButton) if name in (b.text(), b.accessibleName()) and b.isVisible()
    )
    return found


def texts(bar: NoticeBar) -> list[str]:
    """What is said, without buttons."""
    return [label.text() for label in bar.findChildren(QLabel) if label.isVisible() and label.text()]


def test_nothing_to_say(bar: NoticeBar) -> None:
    """The bar takes no room."""
    assert not bar.isVisible()


def test_what_matters_more_is_shown_first(qtbot: QtBot, bar: NoticeBar) -> None:
    """What it took the place of comes back; equals come in their order; the same is not said twice."""
    later = Notice(NoticeKind.INFO, "Another.")
    for notice in (SAVED, LOST, later, FULL, SAVED):
        bar.show(notice)
    assert bar.notices == (FULL, LOST, SAVED, later)
    assert texts(bar) == [FULL.text, "3 more"]
    for left in (LOST, SAVED, later):
        qtbot.mouseClick(button(bar, "Close this notice"), Qt.MouseButton.LeftButton)
        assert bar.current == left
    with qtbot.waitSignal(bar.emptied):
        qtbot.mouseClick(button(bar, "Close this notice"), Qt.MouseButton.LeftButton)
    assert not bar.isVisible() and bar.current is None


def test_too_many(bar: NoticeBar) -> None:
    """The oldest of those that matter least goes, never an error for an info."""
    infos = [Notice(NoticeKind.INFO, f"Info {number}") for number in range(MOST)]
    for notice in infos:
        bar.show(notice)
    bar.show(FULL)
    assert bar.notices == (FULL, *infos[1:])
    errors = [Notice(NoticeKind.ERROR, f"Error {number}") for number in range(MOST)]
    for notice in errors:
        bar.show(notice)
    bar.show(SAVED)
    assert bar.notices == tuple(errors)


def test_details_are_copied(qtbot: QtBot, bar: NoticeBar) -> None:
    """With the sentence; the button says that it is done; without details there is none."""
    bar.show(FULL)
    qtbot.mouseClick(button(bar, "Copy details"), Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == f"{FULL.text}\n\nENOSPC"
    assert button(bar, "Copied").isVisible()
    bar.clear()
    bar.show(SAVED)
    assert [b.text() for b in bar.findChildren(QAbstractButton) if b.isVisible()] == [""]


def test_action_is_run_once(qtbot: QtBot, bar: NoticeBar) -> None:
    """And the notice has done its work."""
    runs: list[int] = []
    bar.show(Notice(NoticeKind.WARNING, "The model is gone.", action_text="Load it again", run=lambda: runs.append(1)))
    qtbot.mouseClick(button(bar, "Load it again"), Qt.MouseButton.LeftButton)
    assert runs == [1] and not bar.isVisible()


def test_info_goes_by_itself(qtbot: QtBot, bar: NoticeBar) -> None:
    """After its time, and the next has its own; others stay."""
    bar._expiry.setInterval(1)
    bar.show(SAVED)
    bar.show(Notice(NoticeKind.INFO, "Another."))
    qtbot.waitUntil(lambda: not bar.isVisible())
    bar.show(FULL)
    bar.show(LOST)
    assert not bar._expiry.isActive() and notice_bar.INFO_MS == 8000


def test_info_stays_while_it_is_looked_at(qtbot: QtBot, window: QWidget, bar: NoticeBar) -> None:
    """With the pointer or the keyboard; its time begins again when it is left."""
    bar.show(SAVED)
    assert bar._expiry.isActive()
    place = QPointF(5, 5)
    QApplication.sendEvent(bar, QEnterEvent(place, place, place))
    assert not bar._expiry.isActive()
    QApplication.sendEvent(bar, QEvent(QEvent.Type.Leave))
    assert bar._expiry.isActive()
    button(bar, "Close this notice").setFocus()
    assert not bar._expiry.isActive()
    window.findChild(QLineEdit).setFocus()
    assert bar._expiry.isActive()


def test_focus_is_not_lost_with_the_notice(qtbot: QtBot, window: QWidget, bar: NoticeBar) -> None:
    """It goes to what comes next."""
    bar.show(SAVED)
    close = button(bar, "Close this notice")
    close.setFocus()
    qtbot.keyClick(close, Qt.Key.Key_Space)
    assert not bar.isVisible()
    assert window.findChild(QLineEdit).hasFocus()


def test_screen_readers_are_told(bar: NoticeBar, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each notice when it is shown, an error at once."""
    said: list[tuple[str, QAccessible.AnnouncementPoliteness]] = []

    def hear(event: object) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            said.append((event.message(), event.politeness()))

    monkeypatch.setattr(QAccessible, "updateAccessibility", staticmethod(hear))
    bar.show(SAVED)
    bar.show(FULL)
    politeness = QAccessible.AnnouncementPoliteness
    assert said == [(SAVED.text, politeness.Polite), (FULL.text, politeness.Assertive)]


def test_text_is_no_markup(bar: NoticeBar) -> None:
    """A file's name cannot draw on the bar."""
    bar.show(Notice(NoticeKind.ERROR, "<b>x</b>.pdf cannot be read."))
    label = next(label for label in bar.findChildren(QLabel) if label.text())
    assert label.textFormat() == Qt.TextFormat.PlainText
