"""One turn of a conversation: who said it and when, the words, and what can be done with them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QEvent, QLocale, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.ui.markdown import Rendered
from app.ui.theme import colours
from app.ui.widgets.rich_text import RichText
from app.ui.widgets.shown_turn import WRITING_KEY, BranchChosen, Edited, ShownTurn
from app.ui.widgets.turn_actions import TurnActions
from app.ui.widgets.turn_editor import TurnEditor
from app.ui.widgets.turn_html import CUT_CHARACTERS, MORE, cited, turn_html

_NAME_CHARACTERS = 300
_RADIUS = 10.0
TURN_MARGIN = 8
"""Around the words, for the frame of the current turn."""


class TurnWidget(QWidget):
    """Shows one turn after another: a list keeps a few of these for thousands of turns."""

    edited = Signal(object)
    regenerated = Signal(int)
    forked = Signal(int)
    branch_chosen = Signal(object)
    cited = Signal(object)
    link_opened = Signal(str)
    height_changed = Signal(int)
    """The key: the turn has become higher or lower by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setProperty("focusRing", "own")
        self._turn = ShownTurn(-1, "assistant", "", 0.0)
        self._rendered = Rendered("")
        self._limit = CUT_CHARACTERS
        self._last = self._current = self._marked = self._hovered = False
        self._header, self._label, self._note = _muted(), _muted(), _muted()
        self.body = RichText()
        self.body.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._editor: TurnEditor | None = None
        self.tools = TurnActions()
        self._bubble = QWidget()
        self._words = QVBoxLayout(self._bubble)
        self._words.addWidget(self.body)
        column = QVBoxLayout(self)
        column.setContentsMargins(TURN_MARGIN, TURN_MARGIN, TURN_MARGIN, 0)
        column.setSpacing(4)
        for part in (self._header, self._bubble, self._label, self._note, self.tools):
            column.addWidget(part)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._connect()

    def _connect(self) -> None:
        self.body.link_activated.connect(self._open)
        self.tools.copy_wanted.connect(self._copy)
        self.tools.edit_wanted.connect(self.start_editing)
        self.tools.again_wanted.connect(lambda: self.regenerated.emit(self._turn.key))
        self.tools.fork_wanted.connect(lambda: self.forked.emit(self._turn.key))
        self.tools.stepped.connect(lambda step: self.branch_chosen.emit(BranchChosen(self._turn.key, step)))

    @property
    def turn(self) -> ShownTurn:
        """What is shown."""
        return self._turn

    @property
    def editing(self) -> bool:
        """Whether the user is changing the words."""
        return self._editor is not None

    def set_turn(self, turn: ShownTurn) -> None:
        """Show this turn instead."""
        if turn == self._turn:
            return
        if turn.key != self._turn.key:
            self._stop_editing()
            self._limit = CUT_CHARACTERS
            self._hovered = False
        self._turn = turn
        self._header.setText(_header(self.tr("You") if turn.by_user else self.tr("Model"), turn.created_at))
        _say(self._label, turn.label)
        _say(self._note, turn.note)
        margins = (12, 8, 12, 8) if turn.by_user else (0, 0, 0, 0)
        self._words.setContentsMargins(*margins)
        self.setAccessibleName(spoken(turn))
        self.body.setAccessibleName(self.accessibleName())
        self.tools.set_turn(turn)
        self._show_actions()
        self._render()

    def set_last(self, last: bool) -> None:
        """The last turn's buttons are always shown."""
        if last != self._last:
            self._last = last
            self._show_actions()

    def set_current(self, current: bool, marked: bool = False) -> None:
        """The turn that keys act on; marked where the user was brought to it from elsewhere."""
        if (current, marked) != (self._current, self._marked):
            self._current, self._marked = current, marked
            self._show_actions()
            self.update()

    def refresh(self) -> None:
        """Draw everything in the colours and the size in force."""
        self.tools.refresh_icons()
        self._render()

    def focusables(self) -> list[QWidget]:
        """What Tab goes over inside the turn, in order."""
        if self._editor is not None:
            return [self._editor.field, self._editor.cancel, self._editor.save]
        links: list[QWidget] = [self.body] if self.body.has_links() else []
        return [*links, *self.tools.focusables()]

    def start_editing(self) -> None:
        """Put a field in the place of the user's words."""
        if not self._turn.by_user or self._editor is not None:
            return
        self._editor = TurnEditor()
        self._editor.saved.connect(self._save)
        self._editor.cancelled.connect(self._cancel_editing)
        self._editor.start(self._turn.text)
        self._words.addWidget(self._editor)
        # Now, not when the layout gets to it: the turn's height is asked for before.
        self._editor.show()
        self.body.hide()
        self._show_actions()
        self._changed()
        self._editor.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _stop_editing(self) -> None:
        if self._editor is not None:
            self._words.removeWidget(self._editor)
            self._editor.hide()
            self._editor.deleteLater()
            self._editor = None
            self.body.show()
            self._show_actions()

    def _cancel_editing(self) -> None:
        self._stop_editing()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._changed()

    def _save(self, text: str) -> None:
        key = self._turn.key
        self._cancel_editing()
        self.edited.emit(Edited(key, text))

    def _render(self) -> None:
        self._rendered = turn_html(self._turn, self._limit)
        waiting = self._turn.key == WRITING_KEY and not self._turn.plain
        html = f'<p style="margin:0; color:{colours().muted.name()}">…</p>' if waiting else self._rendered.html
        self.body.set_html(html)
        self._invalidate()

    def _invalidate(self) -> None:
        # By hand: a hidden widget's layout does not hear that its parts have changed.
        self._words.invalidate()
        self._bubble.updateGeometry()

    def _changed(self) -> None:
        self._invalidate()
        self.height_changed.emit(self._turn.key)

    def _open(self, address: str) -> None:
        citation = cited(self._turn, address)
        scheme, _, rest = address.partition(":")
        if citation is not None:
            self.cited.emit(citation)
        elif scheme == "copy" and rest.isdecimal() and int(rest) < len(self._rendered.codes):
            QGuiApplication.clipboard().setText(self._rendered.codes[int(rest)])
        elif address == MORE:
            self._limit *= 2
            self._render()
            self._changed()
        elif scheme in ("http", "https", "mailto"):
            self.link_opened.emit(address)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._turn.plain)
        self.tools.show_copied()

    def _show_actions(self) -> None:
        shown = self._last or self._current or self._hovered
        self.tools.set_shown(shown and not self.editing)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """The buttons appear under the pointer."""
        self._hovered = True
        self._show_actions()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """And go with it."""
        self._hovered = False
        self._show_actions()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """The buttons as a menu."""
        menu = self.tools.menu(self)
        if not menu.isEmpty():
            menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The user's bubble, and the frame around the current turn."""
        look = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._turn.by_user:
            # The border shows where the ground is that of the window.
            painter.setPen(QPen(look.border if look.chip == look.window else look.chip, 1))
            painter.setBrush(look.chip)
            painter.drawRoundedRect(QRectF(self._bubble.geometry()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        if self._current and (self._marked or self.hasFocus() or self.body.hasFocus()):
            painter.setPen(QPen(look.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
        painter.end()


def spoken(turn: ShownTurn) -> str:
    """What a screen reader says of a turn."""
    if turn.key == WRITING_KEY:
        # The same all the while: every change of a name may be read aloud.
        return QCoreApplication.translate("TurnWidget", "Model: writing")
    words = turn.plain[: _NAME_CHARACTERS + 1]
    words = words if len(words) <= _NAME_CHARACTERS else words[:_NAME_CHARACTERS] + "…"
    if turn.by_user:
        return QCoreApplication.translate("TurnWidget", "You: {words}").format(words=words)
    return QCoreApplication.translate("TurnWidget", "Model: {words}").format(words=words)


def _header(speaker: str, created_at: float) -> str:
    if created_at <= 0:
        return speaker
    when = QDateTime.fromSecsSinceEpoch(int(created_at))
    short = QLocale.FormatType.ShortFormat
    today = when.date() == QDate.currentDate()
    time = QLocale().toString(when.time(), short) if today else QLocale().toString(when, short)
    return f"{speaker}  ·  {time}"


def _muted() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", "muted")
    return label


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
