"""The dialog on models: the list of those there are at the left, the one that is chosen at the right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.services.catalogue import CatalogueEntry
from app.ui.dialogs.models_access import Access, AccessPage
from app.ui.dialogs.models_copy import CopyPage
from app.ui.dialogs.models_details import ModelDetails
from app.ui.dialogs.models_import import ImportPage
from app.ui.dialogs.models_page import StepPage
from app.ui.dialogs.models_removal import ModelRemovalQuestion
from app.ui.dialogs.models_use import SwitchCost, UsePage
from app.ui.models.catalogue import CatalogueModel, CatalogueRole
from app.ui.models.model_row import LookInto, ModelRow, OpenSettings, Remove, Told
from app.ui.widgets.model_delegate import ModelDelegate

WIDTH_CHARS, LIST_CHARS, HEIGHT_LINES = 136, 56, 46


class ModelsDialog(QDialog):
    """Says what the user wants done; whoever does it calls `set_rows` with what has become of the models."""

    wished = Signal(object)
    """Wish."""
    cost_wanted = Signal(str)
    """The name of a model that the user wants to use: `show_cost` answers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Models"))
        self.setAcceptDrops(True)
        self._model = CatalogueModel(self)
        self._list = QListView()
        self._details = ModelDetails()
        self._use, self._copy, self._access, self._import = UsePage(), CopyPage(), AccessPage(), ImportPage()
        self._steps: tuple[StepPage, ...] = (self._use, self._copy, self._access, self._import)
        self._stack = QStackedWidget()
        self._note = QLabel(wordWrap=True)
        self._note.setProperty("role", "muted")
        self._folder = QPushButton(self.tr("Import a folder…"))
        self._file = QPushButton(self.tr("Import a file…"))
        self._settings = QPushButton(self.tr("Device and threads…"))
        self._close = QPushButton(self.tr("Close"))
        self._wanted = ""
        """The name of a model that is to be shown once it is in the list."""
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._list.setModel(self._model)
        self._list.setItemDelegate(ModelDelegate())
        self._list.itemDelegate().setParent(self._list)
        self._list.setAccessibleName(self.tr("Models"))
        self._list.setProperty("role", "field")
        self._list.setMouseTracking(True)
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for page in (self._details, *self._steps):
            self._stack.addWidget(page)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._list, LIST_CHARS)
        middle.addWidget(self._stack, WIDTH_CHARS - LIST_CHARS)
        line = QFrame()
        line.setProperty("role", "line")
        line.setFixedHeight(1)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        for button in (self._folder, self._file, self._settings, self._close):
            # Enter belongs to the list and to what is chosen there.
            button.setAutoDefault(False)
            bottom.addWidget(button)
        bottom.insertStretch(3, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(12)
        whole.addLayout(middle, 1)
        whole.addWidget(self._note)
        whole.addWidget(line)
        whole.addLayout(bottom)
        self._note.hide()
        metrics, screen = self.fontMetrics(), self.screen().availableSize()
        wanted = QSize(metrics.averageCharWidth() * WIDTH_CHARS, metrics.height() * HEIGHT_LINES)
        self.resize(wanted.boundedTo(screen - QSize(48, 96)))

    def _connect(self) -> None:
        self._list.selectionModel().currentChanged.connect(self._choose)
        # Not done at once: a double click must not begin a download.
        self._list.activated.connect(self._details.focus_main)
        self._details.wished.connect(self.wished)
        self._details.use_wanted.connect(self.cost_wanted)
        self._details.copy_wanted.connect(self._show_copy)
        self._details.remove_wanted.connect(self._ask_removal)
        for page in self._steps:
            page.back.connect(self.show_details)
            page.wished.connect(self.wished)
        self._folder.clicked.connect(self._choose_folder)
        self._file.clicked.connect(self._choose_file)
        self._settings.clicked.connect(lambda: self.wished.emit(OpenSettings("device")))
        self._close.clicked.connect(self.reject)

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> ModelRow | None:
        """The model at the right."""
        row = self._list.currentIndex().data(CatalogueRole.ROW)
        return row if isinstance(row, ModelRow) else None

    @property
    def page(self) -> QWidget | None:
        """What stands at the right now."""
        return self._stack.currentWidget()

    def set_rows(self, rows: Sequence[ModelRow]) -> None:
        """Show these models, the chosen one stays chosen."""
        chosen = self._wanted or (self.chosen.entry.name if self.chosen is not None else "")
        self._model.set_rows(rows)
        index = self._model.index_of(chosen)
        if index.isValid():
            self._wanted = ""
        elif not self._list.currentIndex().isValid() and rows:
            index = self._model.index(next((number for number, row in enumerate(rows) if row.in_use), 0))
        if index.isValid() and index != self._list.currentIndex():
            self._list.setCurrentIndex(index)
        elif self.chosen is not None:
            self._details.show_row(self.chosen)

    def choose(self, name: str) -> None:
        """Show a model, as soon as the list has it."""
        index = self._model.index_of(name)
        self._wanted = "" if index.isValid() else name
        if index.isValid():
            self._list.setCurrentIndex(index)

    def set_note(self, text: str) -> None:
        """What goes on in the background; "" is nothing."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def show_details(self) -> None:
        """The chosen model, in place of a step."""
        # Asked before: a page that is hidden has lost it.
        within = self._stack.isAncestorOf(self.focusWidget())
        self._stack.setCurrentWidget(self._details)
        if within:
            self._list.setFocus()

    def show_cost(self, row: ModelRow, cost: SwitchCost) -> None:
        """What using a model costs, and the button that does it."""
        self._use.show_cost(row, cost)
        self._show_step(self._use)

    def show_access(self, row: ModelRow, access: Access) -> None:
        """The steps to a model whose licence has to be accepted."""
        self._access.show_access(row, access)
        if self.page is not self._access:
            self._stack.setCurrentWidget(self._access)
            self._access.focus()

    def show_looking(self, path: Path) -> None:
        """What is to be imported is being looked into."""
        self._import.show_looking(path)
        self._stack.setCurrentWidget(self._import)

    def show_found(self, entry: CatalogueEntry) -> None:
        """What it is."""
        if self.page is self._import:
            self._import.show_found(entry)

    def show_import_problem(self, told: Told) -> None:
        """Why it is not."""
        self._import.show_problem(told)
        self._stack.setCurrentWidget(self._import)

    # -- what the user does ------------------------------------------------------------------------------------------

    def _choose(self, index: QModelIndex) -> None:
        row = index.data(CatalogueRole.ROW)
        if isinstance(row, ModelRow):
            self._details.show_row(row)
            self._stack.setCurrentWidget(self._details)

    def _show_copy(self) -> None:
        if self.chosen is not None:
            self._copy.show_row(self.chosen)
            self._show_step(self._copy)

    def _show_step(self, page: StepPage) -> None:
        self._stack.setCurrentWidget(page)
        page.main.setFocus()

    def _ask_removal(self) -> None:
        row = self.chosen
        if row is not None:
            question = ModelRemovalQuestion(row, self)
            question.accepted.connect(lambda: self.wished.emit(Remove(row.entry.name)))
            question.open()

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of a model"))
        if folder:
            self.wished.emit(LookInto(Path(folder)))

    def _choose_file(self) -> None:
        kinds = self.tr("Weights of models (*.safetensors *.pt);;All files (*)")
        name, _ = QFileDialog.getOpenFileName(self, self.tr("File of a model"), "", kinds)
        if name:
            self.wished.emit(LookInto(Path(name)))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """A folder or file of a model can be dropped anywhere."""
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """It is looked into."""
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.wished.emit(LookInto(path))


def _dropped(event: QDropEvent) -> Path | None:
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 else None
