"""What an empty conversation shows: what it is for, and examples that can be clicked."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget


class ChatHint(QWidget):
    """A title, and a button for each example."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(textFormat=Qt.TextFormat.PlainText)
        self._title.setProperty("role", "heading")
        self._title.setWordWrap(True)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._note = QLabel(textFormat=Qt.TextFormat.PlainText)
        self._note.setProperty("role", "muted")
        self._note.setWordWrap(True)
        self._note.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._note.hide()
        self._examples = QVBoxLayout()
        self._examples.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 16)
        column.setSpacing(16)
        column.addStretch()
        column.addWidget(self._title)
        column.addWidget(self._note)
        column.addLayout(self._examples)
        column.addStretch()

    def set_hint(self, title: str, examples: tuple[str, ...]) -> None:
        """Show these."""
        self._title.setText(title)
        while (item := self._examples.takeAt(0)) is not None:
            button = item.widget()
            if button is not None:
                button.deleteLater()
        for example in examples:
            button = ExampleButton(example)
            button.clicked.connect(lambda _=False, text=example: self.chosen.emit(text))
            self._examples.addWidget(button)

    def set_note(self, note: str) -> None:
        """What the user should know before the first word; '' is nothing."""
        self._note.setText(note)
        self._note.setVisible(bool(note))


class ExampleButton(QPushButton):
    """A button whose text wraps."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.setAccessibleName(text)
        self._words = QLabel(text)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QVBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.addWidget(self._words)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """The text wraps."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Of the text and its margins."""
        return self._words.heightForWidth(max(1, width - 24)) + 16

    def sizeHint(self) -> QSize:  # noqa: N802
        """Of the text on one line."""
        return self._words.sizeHint() + QSize(24, 16)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """A few words on a line."""
        return QSize(self.fontMetrics().averageCharWidth() * 16, self.fontMetrics().height() + 16)
