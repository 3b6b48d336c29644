from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.views.home import RECENT, HomeView, RecentDocument
from app.ui.widgets.card_button import CardButton
from app.ui.widgets.recent_row import RecentRow


@pytest.fixture
def home(qtbot: QtBot) -> HomeView:
    """On the screen."""
    made = HomeView()
    qtbot.addWidget(made)
    made.resize(900, 600)
    with qtbot.waitActive(made):
        made.show()
    return made


def document(number: int) -> RecentDocument:
    """A recent document."""
    return RecentDocument(f"key-{number}", f"Document {number}", "today", "read")


def test_three_things_to_do(qtbot: QtBot, home: HomeView) -> None:
    """And a way to other models."""
    for name, signal in (
        ("Open the sample document", home.sample_wanted),
        ("Open a file…", home.file_wanted),
        ("Start a chat", home.chat_wanted),
        ("Choose or add a model…", home.model_wanted),
    ):
        (button,) = (b for b in home.findChildren(QAbstractButton) if name in (b.accessibleName(), b.text()))
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_recent_documents(qtbot: QtBot, home: HomeView) -> None:
    """At most six, newest first, each saying its key; none and no title where there are none."""
    title = next(label for label in home.findChildren(QLabel) if label.text() == "Recent documents")
    assert not title.isVisible()
    home.set_recent([document(number) for number in range(9)])
    home.set_recent([document(number) for number in range(1, 9)])
    rows = [row for row in home.findChildren(RecentRow) if row.isVisible()]
    qtbot.waitUntil(lambda: rows[-1].y() > rows[0].y())
    rows.sort(key=lambda row: row.mapTo(home, row.rect().topLeft()).y())
    assert title.isVisible()
    assert [row.document for row in rows] == [document(number) for number in range(1, RECENT + 1)]
    with qtbot.waitSignal(home.recent_chosen) as chosen:
        qtbot.mouseClick(rows[1], Qt.MouseButton.LeftButton)
    assert chosen.args == ["key-2"]
    home.set_recent(())
    assert not title.isVisible()


def test_model_in_force(home: HomeView) -> None:
    """By its name; nothing is said of none."""
    home.set_model("Griffin starter 150M")
    assert "The model in use is Griffin starter 150M." in [x.text() for x in home.findChildren(QLabel) if x.isVisible()]
    home.set_model("")
    assert not any("in use" in label.text() for label in home.findChildren(QLabel) if label.isVisible())


def test_all_of_it_by_keyboard(qtbot: QtBot, home: HomeView) -> None:
    """Tab goes over the cards, the documents and the model; the space bar opens."""
    home.set_recent([document(0)])
    home.findChildren(CardButton)[0].setFocus()
    seen = []
    for _ in range(5):
        focused = QApplication.focusWidget()
        assert isinstance(focused, QAbstractButton)
        seen.append(focused.accessibleName() or focused.text())
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert seen[:3] == ["Open the sample document", "Open a file…", "Start a chat"]
    assert set(seen[3:]) == {"Document 0, read, today", "Choose or add a model…"}
    home.findChildren(RecentRow)[0].setFocus()
    with qtbot.waitSignal(home.recent_chosen):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)


def test_narrow_window_stacks_the_cards(qtbot: QtBot, qapp: QApplication, home: HomeView) -> None:
    """None is cut, also with large text."""
    tops = {card.geometry().top() for card in home.findChildren(CardButton)}
    assert len(tops) == 1
    theme.apply(qapp, theme.Scheme.LIGHT, 2.0)
    home.resize(400, 600)
    qtbot.waitUntil(lambda: len({card.geometry().top() for card in home.findChildren(CardButton)}) == 3)
    for card in home.findChildren(CardButton):
        assert card.height() >= card.heightForWidth(card.width())
        assert card.mapTo(home, card.rect().topLeft()).x() >= 0
        assert card.mapTo(home, card.rect().topRight()).x() < home.width()
    theme.apply(qapp, theme.Scheme.LIGHT, 1.0)


def test_a_long_word_stacks_the_cards_too(qtbot: QtBot, home: HomeView) -> None:
    """Beside each other the cards are of one width; where a word is wider than a third they stand below each other."""
    cards = home.findChildren(CardButton)
    assert max(card.width() for card in cards) - min(card.width() for card in cards) <= 1
    title = next(label for label in cards[0].findChildren(QLabel) if label.text() == "Open the sample document")
    title.setText("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz")
    home.resize(home.width() - 1, home.height())
    qtbot.waitUntil(lambda: len({card.geometry().top() for card in cards}) == 3)
