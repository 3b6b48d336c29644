"""A page of the settings dialog: fields, each with its name, a hint and what is wrong; and labels for other dialogs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.settings import Settings
from app.ui import theme
from app.ui.widgets.tool_tips import set_tool_tip

SHORT_LETTERS = 28
"""Width of a field that holds a word or a number."""


@dataclass(slots=True)
class Field:
    """One setting on a page. What `read` gives after `write` is what the user has not touched."""

    label: str
    widget: QWidget
    read: Callable[[], object]
    write: Callable[[object], None]
    error: QLabel
    shown: object = None


class SettingsPage(QScrollArea):
    """Fields by the name of their setting."""

    changed = Signal()
    """The user has changed a field."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Its fields are gone through by Tab, and it follows them.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(0, 0, 16, 16)
        self._column.setSpacing(4)
        self._heading = QLabel()
        self._heading.setProperty("role", "title")
        self._column.addWidget(self._heading)
        self._column.addStretch(1)
        self.setWidget(body)

    @property
    def title(self) -> str:
        """The page's name."""
        return self._heading.text()

    def set_title(self, title: str) -> None:
        """Name the page, at its top and in the list of pages."""
        self._heading.setText(title)

    def load(self, settings: Settings) -> None:
        """Show the values in force."""
        for name in self.fields:
            if hasattr(settings, name):
                self.put(name, getattr(settings, name))

    def put(self, name: str, value: object) -> None:
        """Show a value as one that the user has not touched."""
        field = self.fields[name]
        field.write(value)
        field.shown = field.read()

    def changes(self) -> Mapping[str, object]:
        """Values of the fields that the user has changed."""
        values = {name: field.read() for name, field in self.fields.items()}
        return {name: value for name, value in values.items() if value != self.fields[name].shown}

    def set_problem(self, name: str, sentence: str) -> None:
        """Say beside a field what is wrong with it; "" is nothing."""
        field = self.fields[name]
        field.error.setText(sentence)
        field.error.setVisible(bool(sentence))
        theme.set_property(field.widget, "invalid", bool(sentence))
        field.widget.setAccessibleDescription(sentence)
        if sentence:
            # Once the new line has its place.
            QTimer.singleShot(0, field.error, lambda: self.ensureWidgetVisible(field.error))

    def add(self, widget: QWidget, *, above: int = 0) -> None:
        """Put a widget below what is there, with so many pixels between."""
        if above:
            self._column.insertSpacing(self._column.count() - 1, above)
        self._column.insertWidget(self._column.count() - 1, widget)

    def add_field(
        self,
        name: str,
        label: str,
        widget: QWidget,
        read: Callable[[], object],
        write: Callable[[object], None],
        touched: SignalInstance,
        *,
        hint: str = "",
        buttons: Sequence[QWidget] = (),
    ) -> None:
        """Add a setting: its name above the field, the hint and what is wrong below it, buttons beside it."""
        caption = QLabel(label)
        caption.setBuddy(widget)
        widget.setAccessibleName(widget.accessibleName() or label)
        error = text(role="error")
        error.hide()
        self.fields[name] = Field(label, widget, read, write, error)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for part in (widget, *buttons):
            line.addWidget(part)
        if widget.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Fixed:
            line.addStretch(1)
        if label:
            self.add(caption, above=16)
        self.add(row, above=0 if label else 16)
        if hint:
            self.add(text(hint, role="muted"))
        self.add(error)
        touched.connect(lambda *_: self._touched(name))
        # The wheel scrolls the page; it changes a field only where the user is in it.
        if isinstance(widget, QComboBox | QAbstractSpinBox):
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.installEventFilter(self)

    def add_choice(self, name: str, label: str, choices: Sequence[tuple[str, str]], *, hint: str = "") -> None:
        """Add a setting that is one of a few words: pairs of the word and what the user reads."""
        box = QComboBox()
        for value, shown in choices:
            box.addItem(shown, value)
        # Never narrower than a word and never as wide as the longest name of a model.
        box.setMinimumContentsLength(SHORT_LETTERS - 6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

        def write(value: object) -> None:
            # What the file says is shown even where it is none of those known here.
            if box.findData(value) < 0:
                box.addItem(str(value), value)
            box.setCurrentIndex(box.findData(value))

        self.add_field(name, label, box, box.currentData, write, box.currentIndexChanged, hint=hint)

    def add_number(
        self,
        name: str,
        label: str,
        bounds: tuple[float, float],
        *,
        step: float = 1,
        decimals: int = 0,
        unit: str = "",
        factor: float = 1,
        least_text: str = "",
        hint: str = "",
    ) -> None:
        """Add a number; the setting is `factor` times what is shown. `least_text` stands in place of the least."""
        box = QDoubleSpinBox()
        box.setDecimals(decimals)
        box.setSingleStep(step)
        box.setRange(*bounds)
        box.setSuffix(unit)
        box.setSpecialValueText(least_text)
        box.setGroupSeparatorShown(True)
        box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        box.setMinimumWidth(self.fontMetrics().averageCharWidth() * (SHORT_LETTERS // 2))
        kind = type(getattr(Settings(), name))

        def read() -> object:
            value = box.value() * factor
            return round(value) if kind is int else round(value, 6)

        def write(value: object) -> None:
            shown = float(str(value)) / factor
            # What the file says is shown even where it is more than this machine has.
            box.setMaximum(max(box.maximum(), shown))
            box.setValue(shown)

        self.add_field(name, label, box, read, write, box.valueChanged, hint=hint)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep the wheel from a field that has not the focus."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _touched(self, name: str) -> None:
        self.set_problem(name, "")
        self.changed.emit()


def text(words: str = "", *, role: str = "") -> QLabel:
    """A text that takes as many lines as it needs."""
    label = QLabel(words)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def breakable(words: str) -> str:
    """A path with a place to break behind each separator, which takes no room."""
    return words.replace("/", "/\u200b").replace("\\", "\\\u200b")


def copyable(words: str) -> QLabel:
    """A path or the like that can be selected; a long one is broken between its parts."""
    label = text(breakable(words), role="muted")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName(words)
    set_tool_tip(label, words)
    return label


def aligned(*widgets: QWidget) -> QWidget:
    """Widgets side by side at the beginning of a line, no wider than they need be."""
    row = QFrame()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return row
