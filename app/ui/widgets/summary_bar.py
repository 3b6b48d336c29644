"""The controls above a summary: its style, the model, and the buttons that make, pause, stop and take it away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.tasks.model import Style
from app.ui import theme
from app.ui.icons import icon
from app.ui.widgets.tool_tips import set_tool_tip


class SummaryState(StrEnum):
    """Where the work on a summary is."""

    NONE = "none"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class SummaryWish:
    """A summary to be made; `fresh`: not the stored one, nor on from an interrupted one.

    `style` is None where there was none to choose from.
    """

    style: Style | None
    fresh: bool


class SummaryBar(QWidget):
    """Says what the user wants; which buttons there are follows from the state."""

    begun = Signal(object)
    """A SummaryWish."""
    paused = Signal()
    resumed = Signal()
    stopped = Signal()
    exported = Signal()
    copied = Signal()
    model_wanted = Signal()
    style_chosen = Signal(object)
    """The Style in the chooser has changed, by the user or by `open`; None for no style."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = SummaryState.NONE
        self._made_in: Style | None = None
        self._begun_before = False
        self._model_text = ""
        self._style = QComboBox()
        self._style.setAccessibleName(self.tr("Style of the summary"))
        self._style.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._model = QPushButton()
        self._model.setToolTip(self.tr("Choose another model"))
        self._main = QPushButton()
        self._stop = self._tool(self.tr("Stop"), "stop")
        self._export = self._tool(self.tr("Export…"), "export")
        self._copy = self._tool(self.tr("Copy"), "copy")
        self._explanation = QLabel(wordWrap=True)
        self._explanation.setProperty("role", "muted")
        self._lay_out()
        self._connect()
        self._set_icons()
        self._update()

    def _tool(self, text: str, icon_name: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        set_tool_tip(button, text.rstrip("…"))
        button.setAccessibleName(text.rstrip("…"))
        button.setProperty("icon_name", icon_name)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _lay_out(self) -> None:
        choices, actions = QHBoxLayout(), QHBoxLayout()
        for layout, widgets in (
            (choices, (self._style, self._model)),
            (actions, (self._main, self._stop, self._export, self._copy)),
        ):
            layout.setSpacing(8)
            for widget in widgets:
                layout.addWidget(widget)
        choices.addStretch(1)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(8)
        self._row.addLayout(choices, 1)
        self._row.addLayout(actions)
        self._actions = actions
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._row)
        column.addWidget(self._explanation)

    def _connect(self) -> None:
        self._style.currentIndexChanged.connect(self._choose)
        self._model.clicked.connect(self.model_wanted)
        self._main.clicked.connect(self._go)
        self._stop.clicked.connect(self.stopped)
        self._export.clicked.connect(self.exported)
        self._copy.clicked.connect(self.copied)
        theme.signals().changed.connect(self._set_icons)

    @property
    def style_wanted(self) -> Style | None:
        """The style in the chooser."""
        return None if self._style.currentIndex() < 0 else Style(self._style.currentData())

    def open(self, styles: tuple[Style, ...], style: Style, model: str) -> None:
        """Another document: its styles to choose from, the one in use, and the model's name."""
        self._style.blockSignals(True)
        self._style.clear()
        for item in styles:
            self._style.addItem(self._style_name(item), item.value)
            self._style.setItemData(self._style.count() - 1, self._explain(item), Qt.ItemDataRole.ToolTipRole)
        self._style.setCurrentIndex(max(0, self._style.findData(style.value)) if styles else -1)
        self._style.blockSignals(False)
        self._made_in, self._begun_before = style, False
        self._model_text = model or self.tr("Choose a model")
        self._model.setAccessibleName(self.tr("Model: {name}").format(name=model) if model else self._model_text)
        self._choose()

    def set_state(self, state: SummaryState, *, begun_before: bool) -> None:
        """begun_before: an interrupted summary in this style is there to go on from."""
        if state is not SummaryState.NONE and self._state is SummaryState.NONE:
            self._made_in = self.style_wanted
        self._state, self._begun_before = state, begun_before
        self._update()

    def _choose(self) -> None:
        style = self.style_wanted
        self._explanation.setText(self._explain(style) if style is not None else "")
        self._explanation.setVisible(style is not None)
        self._update()
        self.style_chosen.emit(style)

    def _go(self) -> None:
        if self._state is SummaryState.RUNNING:
            self.paused.emit()
        elif self._state is SummaryState.PAUSED:
            self.resumed.emit()
        else:
            again = self._state is SummaryState.DONE and self.style_wanted is self._made_in
            self._made_in = self.style_wanted
            self.begun.emit(SummaryWish(self.style_wanted, fresh=again))

    def _update(self) -> None:
        idle = self._state in (SummaryState.NONE, SummaryState.DONE)
        same = self.style_wanted is self._made_in
        if self._state is SummaryState.RUNNING:
            text, name = self.tr("Pause"), "pause"
        elif self._state is SummaryState.PAUSED or (idle and same and self._begun_before):
            text, name = self.tr("Resume"), "play"
        elif self._state is SummaryState.DONE and same:
            text, name = self.tr("Make anew"), "refresh"
        else:
            text, name = self.tr("Summarise"), "play"
        self._main.setText(text)
        self._main.setProperty("icon_name", name)
        quiet = name in ("pause", "refresh")
        theme.set_property(self._main, "kind", "" if quiet else "primary")
        self._main.setIcon(icon(name) if quiet else QIcon())
        self._style.setEnabled(idle and self._style.count() > 0)
        self._stop.setVisible(not idle)
        for button in (self._export, self._copy):
            button.setVisible(self._state is SummaryState.DONE)
        self._fit()

    def _set_icons(self) -> None:
        for button in (self._stop, self._export, self._copy):
            button.setIcon(icon(str(button.property("icon_name"))))
        self._update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Narrower than one row: there may be two."""
        return QSize(self._style.minimumSizeHint().width(), super().minimumSizeHint().height())

    def _fit(self) -> None:
        """One row where there is room for words, else two, with icons where the second is narrow too."""
        self._model.setText(self._model_text)
        choices = self._style.sizeHint().width() + 8 + self._model.sizeHint().width()
        self._show_words(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        words = self._actions.sizeHint().width()
        one_row = choices + 24 + words <= self.width()
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._row.setDirection(right if one_row else down)
        self._row.setAlignment(self._actions, Qt.AlignmentFlag.AlignRight if one_row else Qt.AlignmentFlag.AlignLeft)
        if not one_row and words > self.width():
            self._show_words(Qt.ToolButtonStyle.ToolButtonIconOnly)
        if choices > self.width():
            room = self._model.fontMetrics().horizontalAdvance(self._model_text) - (choices - self.width())
            cut = self._model.fontMetrics().elidedText(self._model_text, Qt.TextElideMode.ElideMiddle, room)
            self._model.setText(cut)

    def _show_words(self, style: Qt.ToolButtonStyle) -> None:
        for button in (self._stop, self._export, self._copy):
            button.setToolButtonStyle(style)

    def _style_name(self, style: Style) -> str:
        names = {
            Style.BRIEF: self.tr("Brief"),
            Style.DETAILED: self.tr("Detailed"),
            Style.KEY_PASSAGES: self.tr("Key passages"),
        }
        return names[style]

    def _explain(self, style: Style) -> str:
        texts = {
            Style.BRIEF: self.tr("Written by the model: the main points of the whole document on about a page."),
            Style.DETAILED: self.tr("Written by the model: the points of every section, in the document's order."),
            Style.KEY_PASSAGES: self.tr("The document's own sentences: those that say most, word for word."),
        }
        return texts[style]
