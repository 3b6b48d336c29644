"""The way to a model whose licence has to be accepted first, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.dialogs.models_page import StepPage
from app.ui.dialogs.settings_page import aligned, text
from app.ui.models.model_row import ForgetToken, Get, KeepToken, ModelRow, OpenPage, Told
from app.ui.models.model_words import size_of
from app.ui.widgets.icon_words import IconWords
from app.ui.widgets.told_box import ToldBox

TOKEN_PAGE = "/settings/tokens"


@dataclass(frozen=True, slots=True)
class Access:
    """What is known of the token. place: as in FoundToken, "" where there is none; account: its name, once asked."""

    place: str = ""
    account: str = ""
    is_checking: bool = False
    told: Told | None = None
    """Why a step did not work."""


class AccessPage(StepPage):
    """Nothing is sent before the user presses a button that says so. Wishes: OpenPage, KeepToken, ForgetToken, Get."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._row: ModelRow | None = None
        self._access = Access()
        self.main.setText(self.tr("Download"))
        self._told = ToldBox()
        self._licence = QPushButton(self.tr("Open the licence page"))
        self._tokens = QPushButton(self.tr("Open the page of tokens"))
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setPlaceholderText("hf_…")
        self._field.setAccessibleName(self.tr("Token"))
        self._show = QCheckBox(self.tr("Show the token"))
        self._keep = QPushButton(self.tr("Check and keep"))
        self._state = IconWords()
        self._forget = QPushButton(self.tr("Forget the token"))
        self._forget.setProperty("kind", "link")
        self._build()
        self._connect()

    def _build(self) -> None:
        self.column.addWidget(self._told)
        self.say(
            self.tr(
                "Its makers give it to those who have accepted their terms. Both pages below open in your web browser."
            )
        )
        self._step(1, self.tr("Accept the licence"), self.tr("Log in there, read it, and accept it."))
        self.column.addWidget(aligned(self._licence))
        self._step(2, self.tr("Make a token"), self.tr("A new one with the right to read is enough."))
        self.column.addWidget(aligned(self._tokens))
        self._step(
            3,
            self.tr("Paste it here"),
            self.tr(
                "It is sent to Hugging Face to check it, then kept in this system's keyring: in no file, log or "
                "database of Griffin Desk."
            ),
        )
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._field, 1)
        line.addWidget(self._keep)
        field = QVBoxLayout()
        field.setSpacing(4)
        field.addLayout(line)
        field.addWidget(aligned(self._show))
        self.column.addLayout(field)
        self.column.addWidget(self._state)
        self.column.addWidget(aligned(self._forget))
        self._step(4, self.tr("Download"), "")
        self._size = self.say(role="muted")
        self.column.addStretch(1)

    def _connect(self) -> None:
        self._licence.clicked.connect(self._open_licence)
        self._tokens.clicked.connect(self._open_tokens)
        self._field.textChanged.connect(lambda _: self._update_buttons())
        self._field.returnPressed.connect(self._keep_it)
        self._show.toggled.connect(self._set_shown)
        self._keep.clicked.connect(self._keep_it)
        self._forget.clicked.connect(lambda: self.wished.emit(ForgetToken(self._name)))
        self._told.step_wanted.connect(self.wished)
        self.main.clicked.connect(lambda: self.wished.emit(Get(self._name)))

    @property
    def _name(self) -> str:
        return "" if self._row is None else self._row.entry.name

    def show_access(self, row: ModelRow, access: Access) -> None:
        """The steps to this model, and how far they have been gone."""
        if self._row is None or self._row.entry.name != row.entry.name:
            self._field.clear()
        self._row = row
        self._access = access
        self.heading.setText(self.tr("Get {model}").format(model=row.entry.title))
        self._told.show_told(access.told)
        wrong = access.told is not None and access.told.is_problem and bool(self._field.text())
        theme.set_property(self._field, "invalid", wrong)
        self._size.setText(
            self.tr(
                "{size} are downloaded, and can be paused at any time. Nothing is sent but what asks for them."
            ).format(size=size_of(row.entry))
        )
        if access.account:
            self._field.clear()
        self._state.setVisible(bool(access.place) or access.is_checking)
        if access.is_checking:
            self._state.show_words("info", self.tr("Asking Hugging Face"), "muted")
        elif access.place:
            self._state.show_words("check", self._found(access))
        self._forget.setVisible(access.place == "keyring" and not access.is_checking)
        self._update_buttons()

    def focus(self) -> None:
        """To the first thing to do."""
        (self.main if self.main.isEnabled() else self._licence).setFocus()

    def _found(self, access: Access) -> str:
        places = {
            "keyring": self.tr("A token is in this system's keyring."),
            "environment": self.tr("A token is in the environment (HF_TOKEN)."),
        }
        words = places.get(access.place, self.tr("A token is in the file of Hugging Face's own tools."))
        if not access.account:
            return words
        return self.tr("{where} It belongs to the account {name}.").format(where=words, name=access.account)

    def _step(self, number: int, title: str, words: str) -> None:
        heading = QLabel(f"{number}. {title}")
        heading.setWordWrap(True)
        heading.setProperty("role", "heading")
        self.column.addSpacing(8)
        self.column.addWidget(heading)
        if words:
            self.column.addWidget(text(words))

    def _update_buttons(self) -> None:
        self._keep.setEnabled(bool(self._field.text().strip()) and not self._access.is_checking)
        self.main.setEnabled(bool(self._access.place) and not self._access.is_checking)

    def _keep_it(self) -> None:
        if self._keep.isEnabled():
            self.wished.emit(KeepToken(self._name, self._field.text().strip()))

    def _set_shown(self, shown: bool) -> None:
        self._field.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)

    def _open_licence(self) -> None:
        if self._row is not None:
            self.wished.emit(OpenPage(self._row.entry.licence_url))

    def _open_tokens(self) -> None:
        if self._row is not None:
            address = urlsplit(self._row.entry.licence_url)
            self.wished.emit(OpenPage(f"{address.scheme}://{address.netloc}{TOKEN_PAGE}"))
