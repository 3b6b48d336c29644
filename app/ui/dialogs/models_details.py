"""One model of the dialog on models: what it is, how it will run here, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.core.text import capitalised
from app.inference.fit import Fit
from app.services.catalogue import ModelStatus
from app.ui.amounts import decimal_text, size_text
from app.ui.dialogs.models_page import lay_out_page
from app.ui.dialogs.settings_page import breakable, copyable, text
from app.ui.models.model_row import Check, Discard, Get, ModelRow, OpenPage, Stop
from app.ui.models.model_words import (
    FIT_ROLES,
    fit_icon,
    fit_text,
    size_of,
    speed_text,
    state_icon,
    state_text,
)
from app.ui.widgets.icon_words import IconWords
from app.ui.widgets.told_box import ToldBox
from app.ui.widgets.tool_tips import set_tool_tip
from app.ui.widgets.work_box import WorkBox


class ModelDetails(QWidget):
    """Shows a ModelRow."""

    wished = Signal(object)
    """Wish."""
    use_wanted = Signal(str)
    """The model's name: what it costs is said first. So it is with those below."""
    copy_wanted = Signal(str)
    remove_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: ModelRow | None = None
        self._title = text(role="heading")
        self._state, self._fit = IconWords(), IconWords()
        self._work, self._told = WorkBox(), ToldBox()
        self._why = text(role="muted")
        self._facts = QFormLayout()
        self._name_text = text()
        self._kind, self._memory, self._speed, self._runs_on = text(), text(), text(), text()
        self._size, self._nbytes = _label(""), text()
        self._parameters, self._weights, self._source, self._folder = text(), text(), text(), copyable("")
        self._main, self._discard = QPushButton(), QPushButton(self.tr("Discard the download"))
        self._check = _link(self.tr("Check the files"))
        self._copy = _link(self.tr("Make a smaller copy…"))
        self._page = _link(self.tr("Show the licence page in the browser"))
        self._remove = _link(self.tr("Remove from this machine…"))
        self._scroll = QScrollArea()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        for part in (self._title, self._state, self._work, self._told, self._fit, self._why):
            column.addWidget(part)
        column.addSpacing(4)
        self._facts.setContentsMargins(0, 0, 0, 0)
        self._facts.setHorizontalSpacing(16)
        self._facts.setVerticalSpacing(4)
        self._facts.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._facts.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        for label, field in (
            (_label(self.tr("Name")), self._name_text),
            (_label(self.tr("Kind")), self._kind),
            (_label(self.tr("Memory")), self._memory),
            (_label(self.tr("Speed here")), self._speed),
            (_label(self.tr("Runs on")), self._runs_on),
            (self._size, self._nbytes),
            (_label(self.tr("Parameters")), self._parameters),
            (_label(self.tr("Weights")), self._weights),
            (_label(self.tr("From")), self._source),
            (_label(self.tr("Folder")), self._folder),
        ):
            self._facts.addRow(label, field)
        column.addLayout(self._facts)
        column.addSpacing(4)
        for link in (self._check, self._copy, self._page, self._remove):
            column.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._scroll.setAccessibleName(self.tr("About the model"))
        self._main.setProperty("kind", "primary")
        lay_out_page(self, self._scroll, body, [self._main, self._discard])

    def _connect(self) -> None:
        self._main.clicked.connect(self._do)
        self._work.stop_wanted.connect(lambda name: self.wished.emit(Stop(name)))
        self._told.step_wanted.connect(self.wished)
        self._discard.clicked.connect(lambda: self._wish(Discard))
        self._check.clicked.connect(lambda: self._wish(Check))
        self._copy.clicked.connect(lambda: self.copy_wanted.emit(self._name))
        self._remove.clicked.connect(lambda: self.remove_wanted.emit(self._name))
        self._page.clicked.connect(self._show_page)

    @property
    def _name(self) -> str:
        return "" if self._row is None else self._row.entry.name

    def show_row(self, row: ModelRow) -> None:
        """Show this model, or what has changed of it."""
        before, self._row = self._row, row
        if before == row:
            return
        entry, idle = row.entry, row.work is None
        self._state.show_words(state_icon(row), _sentence(state_text(row), entry.problem), _state_role(row))
        self._state.setVisible(idle)
        self._work.show_work(row.work)
        self._told.show_told(row.told)
        if before is None or (before.entry, before.in_use) != (entry, row.in_use):
            self._show_facts(row)
        if before is None or before.entry.name != entry.name:
            self._scroll.verticalScrollBar().setValue(0)
        self._main.setText(self._main_text(row))
        self._main.setVisible(idle and bool(self._main.text()))
        self._discard.setVisible(idle and entry.status is ModelStatus.PAUSED)
        on_disk = row.is_here or entry.status is ModelStatus.DAMAGED
        self._check.setVisible(on_disk)
        self._check.setEnabled(idle)
        self._copy.setVisible(row.is_here and entry.weight_format in ("float32", "bfloat16", "float16"))
        self._copy.setEnabled(idle)
        self._page.setVisible(bool(entry.licence_url))
        self._remove.setVisible(on_disk and entry.status is not ModelStatus.BUNDLED)
        self._remove.setEnabled(idle and not row.in_use)

    def _show_facts(self, row: ModelRow) -> None:
        entry, fit = row.entry, row.entry.fit
        self._title.setText(entry.title)
        role = "muted" if fit is None else FIT_ROLES[fit.verdict]
        self._fit.show_words(fit_icon(fit), fit_text(fit), role)
        self._why.setText("\n".join(_sentence(reason) for reason in fit.reasons) if fit is not None else "")
        self._why.setVisible(bool(self._why.text()))
        folder = "" if entry.path is None else str(entry.path)
        self._folder.setAccessibleName(folder)
        set_tool_tip(self._folder, folder)
        kinds = {True: self.tr("Converses: it was trained to follow instructions"), False: self.tr("Completes text")}
        there = entry.status not in (ModelStatus.AVAILABLE, ModelStatus.PAUSED)
        self._size.setText(self.tr("On the disk") if there else self.tr("Download"))
        for field, words in (
            (self._name_text, entry.name),
            (self._kind, "" if entry.instruction_tuned is None else kinds[entry.instruction_tuned]),
            (self._memory, size_text(fit.need.total) if fit is not None else ""),
            (self._speed, self._speed_text(fit)),
            (self._runs_on, self._device_text(fit)),
            (self._nbytes, size_of(entry)),
            (self._parameters, self._count_text(entry.parameters)),
            (self._weights, entry.weight_format),
            (self._source, entry.source or entry.repository),
            (self._folder, breakable(folder)),
        ):
            field.setText(words)
            self._facts.setRowVisible(field, bool(words))

    def _speed_text(self, fit: Fit | None) -> str:
        """Where there is no room for the model it has none worth telling."""
        if fit is None or fit.need.total > fit.free_bytes:
            return ""
        return speed_text(fit) or self.tr("not known until this machine has been measured")

    def _device_text(self, fit: Fit | None) -> str:
        if fit is None:
            return ""
        names = {"cpu": self.tr("the processor"), "cuda": self.tr("the NVIDIA GPU"), "mps": self.tr("the Apple GPU")}
        where = names.get(fit.device, fit.device)
        return self.tr("{device}, with weights as {form}").format(device=where, form=fit.weight_format)

    def _count_text(self, count: int) -> str:
        if count >= 10**9:
            return self.tr("{number} billion").format(number=decimal_text(count / 1e9, 2))
        return self.tr("{number} million").format(number=decimal_text(count / 1e6, 0)) if count else ""

    def _main_text(self, row: ModelRow) -> str:
        if row.in_use:
            return ""
        match row.entry.status:
            case ModelStatus.AVAILABLE:
                return self.tr("Download")
            case ModelStatus.PAUSED:
                return self.tr("Go on with the download")
            case ModelStatus.DAMAGED:
                return ""
        return self.tr("Use this model…")

    def focus_main(self) -> None:
        """To the button that does what is likeliest wanted."""
        self._main.setFocus()

    def _do(self) -> None:
        if self._row is None:
            return
        if self._row.is_here:
            self.use_wanted.emit(self._name)
        else:
            self._wish(Get)

    def _wish(self, make: Callable[[str], object]) -> None:
        self.wished.emit(make(self._name))

    def _show_page(self) -> None:
        if self._row is not None:
            self.wished.emit(OpenPage(self._row.entry.licence_url))


def _sentence(*texts: str) -> str:
    """Beginning with a capital; parts after a colon."""
    return capitalised(": ".join(part for part in texts if part))


def _state_role(row: ModelRow) -> str:
    return "error" if row.entry.status is ModelStatus.DAMAGED and row.work is None else ""


def _label(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "muted")
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    return label


def _link(words: str) -> QPushButton:
    button = QPushButton(words)
    button.setProperty("kind", "link")
    return button
