"""The text of a summary and the notes it was made from: two pages behind a switch, or words on what will happen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.tasks.model import Line, SectionNotes
from app.ui.amounts import count_text
from app.ui.widgets.line_list import LineList
from app.ui.widgets.summary_html import Block, LineBlock, SectionBlock, TextBlock


class SummaryBody(QWidget):
    """Notes grow at their end while a summary is made; when it is there it shows, unless the notes are being read."""

    cited = Signal(object)
    """A Citation whose page chip was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = ""
        self._summary_button = self._segment(self.tr("Summary"))
        self._notes_button = self._segment("")
        self._switch = QFrame()
        self._switch.setProperty("role", "segments")
        self._group = QButtonGroup(self)
        self._banner = QFrame()
        self._banner.setProperty("role", "notice")
        self._banner.setProperty("kind", "info")
        self._show_button = QPushButton(self.tr("Show it"))
        self._intro = LineList(self.tr("What will happen"))
        self._waiting = LineList(self.tr("Section notes"))
        self._summary = LineList(self.tr("Summary"))
        self._notes = LineList(self.tr("Section notes"))
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self.clear()

    def _segment(self, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setProperty("kind", "segment")
        return button

    def _lay_out(self) -> None:
        switch = QHBoxLayout(self._switch)
        switch.setContentsMargins(0, 0, 0, 0)
        switch.setSpacing(0)
        for button in (self._summary_button, self._notes_button):
            self._group.addButton(button)
            switch.addWidget(button)
        banner = QHBoxLayout(self._banner)
        banner.setContentsMargins(12, 4, 8, 4)
        banner.addWidget(QLabel(self.tr("The summary is ready.")), 1)
        banner.addWidget(self._show_button)
        coming = self.tr("The notes on each section appear here as they are written.")
        self._waiting.set_blocks([TextBlock("", (coming,))])
        for page in (self._intro, self._waiting, self._summary, self._notes):
            self._stack.addWidget(page)
        top = QHBoxLayout()
        top.setContentsMargins(16, 8, 16, 8)
        top.addWidget(self._switch)
        top.addStretch(1)
        self._top = QFrame()
        self._top.setProperty("role", "header")
        self._top.setLayout(top)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self._top, self._banner, self._stack):
            column.addWidget(widget)
        column.setStretchFactor(self._stack, 1)

    def _connect(self) -> None:
        self._summary_button.clicked.connect(self.show_summary)
        self._notes_button.clicked.connect(self.show_notes)
        self._show_button.clicked.connect(self.show_summary)
        self._summary.cited.connect(self.cited)
        self._notes.cited.connect(self.cited)

    @property
    def has_sections(self) -> bool:
        """Whether there are notes."""
        return bool(self._notes.blocks)

    @property
    def has_summary(self) -> bool:
        """Whether there is a finished summary."""
        return bool(self._summary.blocks)

    def open(self, mark: str) -> None:
        """Another document, of which nothing is there yet; `mark` is how its pages are called."""
        self._mark = mark
        self.clear()

    def clear(self) -> None:
        """Neither summary nor notes: the words on what will happen show."""
        self._summary.set_blocks(())
        self._notes.set_blocks(())
        self._banner.hide()
        self._top.hide()
        self._count()
        self._stack.setCurrentWidget(self._intro)

    def set_intro(self, heading: str, lines: tuple[str, ...]) -> None:
        """What will happen, for as long as there is nothing else."""
        self._intro.set_blocks([TextBlock(heading, lines, muted=False)] if lines else ())

    def begin(self) -> None:
        """Notes will come; a finished summary and its notes give way to them."""
        if self.has_summary:
            self.clear()
        self.show_notes()

    def add_section(self, notes: SectionNotes) -> None:
        """One more section at the end."""
        self._notes.add(SectionBlock(notes, self._mark))
        self._count()
        if self._stack.currentWidget() in (self._intro, self._waiting):
            self.show_notes()

    def set_sections(self, sections: Iterable[SectionNotes]) -> None:
        """All notes there are; those that are shown already stay as they are."""
        blocks: list[Block] = [SectionBlock(notes, self._mark) for notes in sections]
        shown = len(self._notes.blocks)
        if tuple(blocks[:shown]) == self._notes.blocks and shown:
            for block in blocks[shown:]:
                self._notes.add(block)
        else:
            self._notes.set_blocks(blocks)
        self._count()
        if self._stack.currentWidget() is not self._summary and (blocks or not self._top.isHidden()):
            self.show_notes()

    def set_summary(self, lines: Sequence[Line], coverage: str, figures: str) -> None:
        """The finished summary, then what was read of the document and how fast, each line of them by itself."""
        blocks: list[Block] = [LineBlock(line, self._mark) for line in lines]
        if not blocks:
            blocks.append(TextBlock(self.tr("No sentence worth quoting"), ()))
        blocks.append(TextBlock(self.tr("Coverage"), tuple(coverage.splitlines())))
        if figures:
            blocks.append(TextBlock(self.tr("How it was made"), tuple(figures.splitlines())))
        self._summary.set_blocks(blocks)
        reading_notes = self._stack.currentWidget() is self._notes and self._notes.touched
        self._count()
        if reading_notes:
            self._banner.show()
        else:
            self.show_summary()

    def show_summary(self) -> None:
        """The page of the summary."""
        # The switch loses its focus to nobody when the banner goes.
        if self._show_button.hasFocus():
            self._summary.setFocus(Qt.FocusReason.OtherFocusReason)
        self._banner.hide()
        self._top.show()
        self._summary_button.setChecked(True)
        self._stack.setCurrentWidget(self._summary)

    def show_notes(self) -> None:
        """The page of the notes, or that they will come."""
        self._top.show()
        self._notes_button.setChecked(True)
        self._stack.setCurrentWidget(self._notes if self.has_sections else self._waiting)

    def _count(self) -> None:
        number = count_text(len(self._notes.blocks))
        self._notes_button.setText(self.tr("Section notes ({number})").format(number=number))
        self._summary_button.setEnabled(self.has_summary)
