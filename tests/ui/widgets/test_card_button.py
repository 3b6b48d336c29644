from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.ui.widgets.card_button import CardButton

TEXT = "A sentence of some length on what happens when this card is clicked with the mouse."


def test_card_is_one_button(qtbot: QtBot) -> None:
    """Clicked anywhere on its texts; it speaks its title and its sentence."""
    card = CardButton("open", "Open a file…", TEXT)
    qtbot.addWidget(card)
    card.resize(200, card.heightForWidth(200))
    card.show()
    words = next(label for label in card.findChildren(QLabel) if label.text() == TEXT)
    assert card.childAt(words.geometry().center()) is None
    with qtbot.waitSignal(card.clicked):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=words.geometry().center())
    assert (card.accessibleName(), card.accessibleDescription()) == ("Open a file…", TEXT)


def test_sentence_has_room_at_any_width(qtbot: QtBot) -> None:
    """A narrower card is higher; no text is cut."""
    card = CardButton("open", "Open a file…", TEXT)
    qtbot.addWidget(card)
    assert card.heightForWidth(160) > card.heightForWidth(400)
    card.resize(160, card.heightForWidth(160))
    card.show()
    for label in card.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
        assert card.rect().contains(label.mapTo(card, QPoint(label.width() - 1, label.height() - 1)))
