"""The Summary tab of a document: how it is to be made, how far it is, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app.tasks.model import Line, SectionNotes, Style
from app.ui.widgets.progress_line import ProgressLine, ReadingShown
from app.ui.widgets.summary_bar import SummaryBar, SummaryState, SummaryWish
from app.ui.widgets.summary_body import SummaryBody

__all__ = ["ReadingShown", "SummaryHead", "SummaryState", "SummaryView", "SummaryWish"]


@dataclass(frozen=True, slots=True)
class SummaryHead:
    """The document that is summarised, and with what.

    `styles` are those to choose from, `style` the one in use; `page_mark` is how pages are called; `coverage` has the
    sentence on what was read on its first line, then a line that begins with a hyphen for each gap.
    """

    title: str
    pages: int
    model: str
    styles: tuple[Style, ...]
    style: Style
    page_mark: str
    coverage: str


class SummaryView(QWidget):
    """Shows what it is told; says what the user wants."""

    begun = Signal(object)
    """A SummaryWish."""
    paused = Signal()
    resumed = Signal()
    stopped = Signal()
    exported = Signal()
    copied = Signal()
    cited = Signal(object)
    """The Citation of a page chip."""
    model_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head: SummaryHead | None = None
        self._state = SummaryState.NONE
        self._bar = SummaryBar()
        self._progress = ProgressLine()
        self._note = self._message("muted")
        self._error = self._message("error")
        self._body = SummaryBody()
        self._lay_out()
        self._connect()
        self.clear()

    def _message(self, role: str) -> QLabel:
        # A message may name a document or a file.
        label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        label.setProperty("role", role)
        label.hide()
        return label

    def _lay_out(self) -> None:
        header = QFrame()
        header.setProperty("role", "header")
        rows = QVBoxLayout(header)
        rows.setContentsMargins(16, 12, 16, 12)
        rows.setSpacing(8)
        for widget in (self._bar, self._progress, self._note, self._error):
            rows.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(self._body, 1)

    def _connect(self) -> None:
        self._bar.begun.connect(self._begin)
        self._bar.paused.connect(self.paused)
        self._bar.resumed.connect(self.resumed)
        self._bar.stopped.connect(self.stopped)
        self._bar.exported.connect(self.exported)
        self._bar.copied.connect(self.copied)
        self._bar.model_wanted.connect(self.model_wanted)
        self._bar.style_chosen.connect(self._explain)
        self._body.cited.connect(self.cited)

    @property
    def style_wanted(self) -> Style | None:
        """The style in the chooser."""
        return self._bar.style_wanted

    def open(self, head: SummaryHead) -> None:
        """Another document, of which nothing is written yet; or the same one with another model, style or styles.

        Of the same document all stays as it is, except what is said of model and styles.
        """
        before = self._head
        if before is None or replace(before, model=head.model, styles=head.styles, style=head.style) != head:
            self.clear()
            self._body.open(head.page_mark)
        self._head = head
        self._bar.open(head.styles, head.style, head.model)
        self._update_bar()

    def clear(self) -> None:
        """No document."""
        self._head = None
        self._body.clear()
        self._body.set_intro("", ())
        self.set_note("")
        self.set_error("")
        self.set_state(SummaryState.NONE)

    def set_state(self, state: SummaryState) -> None:
        """Where the work is. A run that begins takes the place of a finished summary."""
        begins = state is SummaryState.RUNNING and self._state is not SummaryState.RUNNING
        self._state = state
        if begins:
            self.set_error("")
            self._body.begin()
        if state in (SummaryState.NONE, SummaryState.DONE):
            self._progress.set_reading(None)
            self.set_note("")
        if state is SummaryState.NONE and not self._body.has_sections:
            self._body.clear()
        self._update_bar()

    def set_reading(self, reading: ReadingShown | None) -> None:
        """How far the reading is."""
        self._progress.set_reading(reading)

    def add_section(self, notes: SectionNotes) -> None:
        """Notes that have just been written."""
        self._body.add_section(notes)
        self._update_bar()

    def set_sections(self, sections: Sequence[SectionNotes]) -> None:
        """All notes so far, of an earlier run or of this one."""
        self._body.set_sections(sections)
        self._update_bar()

    def set_result(self, lines: tuple[Line, ...], sections: Sequence[SectionNotes], stats_text: str) -> None:
        """The finished summary, the notes of its sections, and the figures of the runs that made it."""
        self._body.set_sections(sections)
        self._body.set_summary(lines, self._head.coverage if self._head is not None else "", stats_text)
        self._update_bar()

    def set_note(self, text: str) -> None:
        """One muted line on the run under way; '' takes it away."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def set_error(self, text: str) -> None:
        """Why there is no summary, and what to do; '' takes it away."""
        self._error.setText(text)
        self._error.setVisible(bool(text))

    def _begin(self, wish: SummaryWish) -> None:
        if self._head is not None:
            self.begun.emit(wish)

    def _update_bar(self) -> None:
        interrupted = self._body.has_sections and not self._body.has_summary
        self._bar.set_state(self._state, begun_before=interrupted)

    def _explain(self) -> None:
        """What will happen, in the style chosen."""
        if self._head is None:
            return
        if self._bar.style_wanted is Style.KEY_PASSAGES:
            text = self.tr(
                "The whole document is read, from its first page to its last, and the sentences that say most are kept "
                "section by section. The summary is made of the most telling of them, each with its page to check."
            )
        else:
            text = self.tr(
                "The whole document is read, from its first page to its last, and notes are written at the end of each "
                "section. The summary is made from the notes, and every line shows the pages it rests on."
            )
        self._body.set_intro(self._head.title, (text,))
