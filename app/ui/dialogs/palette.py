"""The command palette: type a few letters of a command, a document or a conversation, and press Enter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from app.ui.dialogs.palette_row import PaletteRowDelegate
from app.ui.models.palette_entries import PaletteEntry, PaletteModel, command_entries
from app.ui.shortcuts import Commands

SHOWN_ROWS = 12
WIDTH_LETTERS = 76

_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: SHOWN_ROWS, Qt.Key.Key_PageUp: -SHOWN_ROWS}


class CommandPalette(QDialog):
    """Made anew each time it is opened: it lists what can be done at that moment."""

    def __init__(self, commands: Commands, extra: Sequence[PaletteEntry] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setWindowTitle(self.tr("Commands"))
        self.setModal(True)
        self._model = PaletteModel(self)
        self._field = QLineEdit()
        self._field.setPlaceholderText(self.tr("Type a command, a document or a conversation"))
        self._field.setAccessibleName(self.tr("Find a command, a document or a conversation"))
        self._list = QListView()
        self._list.setAccessibleName(self.tr("Commands found"))
        self._list.setModel(self._model)
        self._list.setItemDelegate(PaletteRowDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setMouseTracking(True)
        self._list.setFrameShape(QListView.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # The arrow keys work from the field, so the list need not be gone to.
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._nothing = QLabel(self.tr("Nothing has these letters in this order."))
        self._nothing.setProperty("role", "muted")
        card = QFrame()
        card.setProperty("role", "card")
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(card)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._field)
        layout.addWidget(self._nothing)
        layout.addWidget(self._list, 1)
        layout.addStretch()
        self._connect()
        entries, n_recent = command_entries(commands)
        self._model.set_entries([*entries, *extra], n_recent=n_recent)
        self._show_found()
        self._place(parent)

    def _connect(self) -> None:
        self._field.installEventFilter(self)
        self._field.textChanged.connect(self._filter)
        self._list.clicked.connect(self._run)
        self._list.selectionModel().currentChanged.connect(self._tell)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Arrow keys and Enter in the field belong to the list."""
        if watched is self._field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = Qt.Key(event.key())
            if key in _STEPS:
                self._step(_STEPS[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self._list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """A palette that lost the window's attention is in the way."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isVisible() and not self.isActiveWindow():
            self.reject()

    def _filter(self, text: str) -> None:
        self._model.set_query(text)
        self._show_found()

    def _show_found(self) -> None:
        found = self._model.rowCount()
        self._nothing.setVisible(found == 0)
        self._list.setVisible(found > 0)
        self._step(0)

    def _step(self, by: int) -> None:
        """Go on by so many rows that can be run, round the ends for single steps; 0 is the first of them."""
        rows = [row for row in range(self._model.rowCount()) if self._model.entry(row).enabled]
        if not rows:
            return
        current = self._list.currentIndex().row()
        if by == 0 or current not in rows:
            place = 0
        elif abs(by) == 1:
            place = (rows.index(current) + by) % len(rows)
        else:
            place = max(0, min(rows.index(current) + by, len(rows) - 1))
        self._list.setCurrentIndex(self._model.index(rows[place]))
        self._list.scrollTo(self._list.currentIndex(), QAbstractItemView.ScrollHint.EnsureVisible)

    def _tell(self, current: QModelIndex) -> None:
        """A screen reader stays in the field: the row chosen is said with it."""
        self._field.setAccessibleDescription(str(current.data(Qt.ItemDataRole.AccessibleTextRole) or ""))

    def _run(self, index: QModelIndex) -> None:
        if not index.isValid() or not self._model.entry(index.row()).enabled:
            return
        entry = self._model.entry(index.row())
        # Closed first: what is run may open a dialog of its own.
        self.accept()
        entry.run()

    def _place(self, parent: QWidget | None) -> None:
        """Near the top of the window, over its middle, and never wider than it."""
        metrics = self.fontMetrics()
        width = metrics.averageCharWidth() * WIDTH_LETTERS
        row = self._list.sizeHintForRow(0)
        around = self._field.sizeHint().height() + 34
        if parent is None:
            self.resize(width, SHOWN_ROWS * row + around)
            return
        window = parent.window()
        rows = max(1, min(SHOWN_ROWS, (window.height() - 96 - around) // max(1, row)))
        self.resize(min(width, window.width() - 48), rows * row + around)
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 48)
