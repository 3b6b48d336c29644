"""The sheet of shortcuts: every command with its keys, by group, in as many columns as the window has room for."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui.shortcuts import CommandGroup, Commands, key_texts, plain_text

COLUMN_LETTERS = 38
"""Width of a column; a window narrower than two of them has one."""
MAX_COLUMNS = 3


class ShortcutSheet(QDialog):
    """All commands of a window. Read only; Esc closes it."""

    def __init__(self, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        title = QLabel(self.tr("Keyboard shortcuts"))
        title.setProperty("role", "title")
        title.setIndent(12)
        self._sheet = _Sheet([_group(commands, group) for group in commands.groups()])
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(self.tr("All commands and their keys"))
        self._scroll.setWidget(self._sheet)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 24, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(title)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(buttons)
        self.resize(self.sizeHint())
        self._scroll.setFocus()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Three columns, and lines for the longest of them as far as the screen goes."""
        # Between and beside the columns, around the sheet, and for a scroll bar.
        wanted = self._sheet.column_width() * MAX_COLUMNS + 24 * (MAX_COLUMNS + 3)
        screen = self.screen().availableSize()
        rows = self.fontMetrics().height() * 34
        return QSize(min(wanted, screen.width() - 48), min(rows, screen.height() - 96))


class _Sheet(QWidget):
    """Groups one below the other in columns of about the same length; they move when the width changes."""

    def __init__(self, groups: list[QWidget]) -> None:
        super().__init__()
        self._groups = groups
        self._lengths = [group.sizeHint().height() for group in groups]
        self._columns = 0
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 12, 12, 12)
        self._row.setSpacing(24)
        self._arrange(1)

    def column_width(self) -> int:
        """In pixels, for text of the size in force."""
        return self.fontMetrics().averageCharWidth() * COLUMN_LETTERS

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """One column, so that a narrower window gives fewer columns instead of cutting them."""
        return QSize(self.column_width(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Arrange the groups anew when another number of columns fits."""
        super().resizeEvent(event)
        fitting = self.width() // (self.column_width() + 24)
        self._arrange(max(1, min(fitting, MAX_COLUMNS, len(self._groups))))

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        while self._row.count():
            item = self._row.takeAt(0)
            if item is not None and (column := item.layout()) is not None:
                while column.count():
                    column.takeAt(0)
                column.deleteLater()
        for groups in balanced(self._lengths, columns):
            layout = QVBoxLayout()
            layout.setSpacing(24)
            for place in groups:
                layout.addWidget(self._groups[place])
            layout.addStretch(1)
            self._row.addLayout(layout, 1)


def balanced(lengths: list[int], columns: int) -> list[list[int]]:
    """Places of the lengths, in order, cut into at most `columns` runs so that the longest is as short as can be."""
    least, most = max(lengths, default=0), sum(lengths)
    while least < most:
        middle = (least + most) // 2
        if len(_runs(lengths, middle)) <= columns:
            most = middle
        else:
            least = middle + 1
    return _runs(lengths, least)


def _runs(lengths: list[int], longest: int) -> list[list[int]]:
    runs: list[list[int]] = [[]]
    length = 0
    for place, item in enumerate(lengths):
        if runs[-1] and length + item > longest:
            runs.append([])
            length = 0
        runs[-1].append(place)
        length += item
    return runs


def _group(commands: Commands, group: CommandGroup) -> QWidget:
    widget = QWidget()
    widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(0, 1)
    heading = QLabel(group.name)
    heading.setProperty("role", "heading")
    line = QFrame()
    line.setProperty("role", "line")
    line.setFixedHeight(1)
    grid.addWidget(heading, 0, 0, 1, 2)
    grid.addWidget(line, 1, 0, 1, 2)
    separator = QCoreApplication.translate("ShortcutSheet", " or ")
    for row, command in enumerate(group.commands, start=2):
        action = commands.action(command.id)
        name = QLabel(plain_text(action.text()).removesuffix("…"))
        name.setWordWrap(True)
        keys = QLabel(separator.join(key_texts(action)[:2]))
        keys.setProperty("role", "muted")
        keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        keys.setTextFormat(Qt.TextFormat.PlainText)
        grid.addWidget(name, row, 0)
        grid.addWidget(keys, row, 1)
    return widget
