"""What the window shows while nothing is open: three things to do, and the documents of late."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.ui.widgets.card_button import CardButton
from app.ui.widgets.recent_row import RecentDocument, RecentRow

__all__ = ["HomeView", "RecentDocument"]

RECENT = 6
CARD_CHARS = 20
"""Of average width on a card; with less room the cards stand below each other."""
PAGE_CHARS = 110
"""The page is no wider than so many."""


class HomeView(QWidget):
    """Teaches at the first start, and is the way back in later."""

    sample_wanted = Signal()
    file_wanted = Signal()
    chat_wanted = Signal()
    model_wanted = Signal()
    recent_chosen = Signal(str)
    """The key of a RecentDocument."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._sample = CardButton(
            "document",
            self.tr("Open the sample document"),
            self.tr("A booklet of 34 pages, read in about half a minute."),
        )
        self._file = CardButton(
            "open",
            self.tr("Open a file…"),
            self.tr("PDF, EPUB, Word, HTML, Markdown or plain text. Or drop one anywhere in this window."),
        )
        self._chat = CardButton(
            "chat", self.tr("Start a chat"), self.tr("Talk with the model. Conversations are kept and can branch.")
        )
        self._recent_title = QLabel(self.tr("Recent documents"), wordWrap=True)
        self._recent_title.setProperty("role", "heading")
        self._recent = QVBoxLayout()
        self._rows = [RecentRow() for _ in range(RECENT)]
        self._model = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._model.setProperty("role", "muted")
        self._hint = QLabel(wordWrap=True)
        self._hint.setProperty("role", "muted")
        self._hint.setText(
            self.tr("RecurrentGemma 2B and 9B, which write better, can be downloaded or added from files.")
        )
        self._add_model = QPushButton(self.tr("Choose or add a model…"))
        self._page = QWidget()
        self._lay_out()
        self._connect()
        self.set_recent(())
        self.set_model("")

    def _lay_out(self) -> None:
        name = QLabel("Griffin Desk")
        name.setProperty("role", "title")
        promise = QLabel(wordWrap=True)
        promise.setText(
            self.tr("Reads long documents whole, on this machine, and shows where in them each line comes from.")
        )
        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._cards.setSpacing(12)
        for card in (self._sample, self._file, self._chat):
            self._cards.addWidget(card, 1)
        for row in self._rows:
            self._recent.addWidget(row)
        self._recent.setSpacing(0)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(4)
        column.addWidget(name)
        column.addWidget(promise)
        column.addSpacing(16)
        column.addLayout(self._cards)
        column.addSpacing(16)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent)
        column.addSpacing(16)
        column.addWidget(self._model)
        column.addWidget(self._hint)
        column.addSpacing(4)
        column.addWidget(self._add_model, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        scrolled = QWidget()
        centre = QHBoxLayout(scrolled)
        centre.setContentsMargins(0, 0, 0, 0)
        centre.addStretch(1)
        centre.addWidget(self._page, PAGE_CHARS)
        centre.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(scrolled)
        # The view's own ground shows through.
        area.viewport().setAutoFillBackground(False)
        scrolled.setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def _connect(self) -> None:
        self._sample.clicked.connect(self.sample_wanted)
        self._file.clicked.connect(self.file_wanted)
        self._chat.clicked.connect(self.chat_wanted)
        self._add_model.clicked.connect(self.model_wanted)
        for row in self._rows:
            row.clicked.connect(partial(self._choose, row))

    def set_recent(self, documents: Sequence[RecentDocument]) -> None:
        """The documents of late, newest first; the first six are shown."""
        shown = documents[:RECENT]
        for row, document in zip(self._rows, shown, strict=False):
            row.set_document(document)
        for number, row in enumerate(self._rows):
            row.setVisible(number < len(shown))
        self._recent_title.setVisible(bool(shown))

    def _choose(self, row: RecentRow, _checked: bool = False) -> None:
        if row.document is not None:
            self.recent_chosen.emit(row.document.key)

    def set_model(self, name: str) -> None:
        """The model in force by its name; '' while there is none."""
        self._model.setText(self.tr("The model in use is {name}.").format(name=name))
        self._model.setVisible(bool(name))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Passed on. Not by a focus proxy: Tab would go to that, past all that stands before it."""
        self._sample.setFocus(event.reason())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        width = self.fontMetrics().averageCharWidth()
        self._page.setMaximumWidth(PAGE_CHARS * width)
        cards = (self._sample, self._file, self._chat)
        widest = max(CARD_CHARS * width, *(card.minimumSizeHint().width() for card in cards))
        beside = min(self.width(), PAGE_CHARS * width) >= 3 * widest + 2 * 12 + 2 * 24
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._cards.setDirection(right if beside else down)
