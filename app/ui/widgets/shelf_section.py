"""The parts of the left pane: a heading with a count over a list, or over a sentence where the list is empty."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.ui.widgets.row_paint import UNIT
from app.ui.widgets.shelf_views import ConversationTree, RowList


class ShelfSection(QWidget):
    """A heading, a count, and a list."""

    def __init__(self, title: str, view: RowList | ConversationTree, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        heading = QLabel(title)
        heading.setProperty("role", "heading")
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        self._sentence = QLabel()
        self._sentence.setProperty("role", "muted")
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._sentence.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
        self._body = QStackedWidget()
        self._body.addWidget(view)
        self._body.addWidget(self._sentence)
        self._line = line = QHBoxLayout()
        line.setContentsMargins(3 * UNIT, 2 * UNIT, 3 * UNIT, UNIT)
        line.setSpacing(2 * UNIT)
        line.addWidget(heading)
        line.addWidget(self._count, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self._body, 1)

    @property
    def sentence(self) -> str:
        """What stands in place of the list, or '' where the list is shown."""
        return self._sentence.text() if self._body.currentWidget() is self._sentence else ""

    @property
    def count(self) -> str:
        """What stands beside the heading."""
        return self._count.text()

    def set_count(self, shown: int, total: int, sentence: str) -> None:
        """Say how many rows there are and how many of them are shown; with none, `sentence` stands in their place."""
        locale = QLocale()
        some = self.tr("{shown} of {total}").format(shown=locale.toString(shown), total=locale.toString(total))
        self._count.setText("" if total == 0 else locale.toString(total) if shown == total else some)
        self._sentence.setText(sentence)
        self._body.setCurrentIndex(0 if shown else 1)

    def wanted_height(self) -> int:
        """Pixels in which all rows, or the sentence, would be seen whole."""
        body = self._sentence.heightForWidth(self.width()) if self.sentence else self._view.rows_height()
        return max(self._line.sizeHint().height() + 3 * UNIT + body, self.minimumSizeHint().height())


class ShelfSplitter(QSplitter):
    """Sections under each other, which share the height as the user says, or for a while as their rows need it."""

    def __init__(self, *sections: ShelfSection) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._sections = sections
        self._users_sizes: list[int] = []
        self.setObjectName("sidebar-sections")
        self.setChildrenCollapsible(False)
        for section in sections:
            self.addWidget(section)

    def fit(self) -> None:
        """Give each section what its rows need, and what is left to the last; `as_before` takes that back."""
        self._users_sizes = self._users_sizes or self.sizes()
        seen = [section for section in self._sections if not section.isHidden()]
        wanted = {section: min(section.wanted_height(), self.height()) for section in seen}
        left = self.height() - sum(wanted.values()) - (len(seen) - 1) * self.handleWidth()
        wanted[seen[-1]] += max(left, 0)
        self.setSizes([wanted.get(section, 0) for section in self._sections])

    def as_before(self) -> None:
        """The sizes that the user has chosen."""
        if self._users_sizes:
            self.setSizes(self._users_sizes)
            self._users_sizes = []
