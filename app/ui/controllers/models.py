"""Models: which there are, what the user wants done with them, and how that is going."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.services.catalogue import CatalogueEntry
from app.services.model_store import Converted
from app.services.models import InstalledModel
from app.ui.controllers.engine import EngineController
from app.ui.controllers.model_access import AccessShown, ModelAccess
from app.ui.controllers.model_catalogue import ModelCatalogue
from app.ui.controllers.model_imports import ModelImports
from app.ui.controllers.model_tells import activity_of, sentence_of, told_failure, told_of
from app.ui.controllers.model_works import ModelWorks, WorkEnded
from app.ui.controllers.models_going_on import ModelsGoingOn
from app.ui.dialogs.models import ModelsDialog
from app.ui.dialogs.models_use import SwitchCost
from app.ui.failure import Failure
from app.ui.job import Task
from app.ui.jobs import Jobs, Lane
from app.ui.models import model_row as wishes
from app.ui.models.model_row import ModelRow, Told, Wish, WorkKind, WorkShown, rows_of
from app.ui.models.model_words import work_sentence
from app.ui.widgets.notice_bar import Notice, NoticeKind
from app.ui.window_state import WindowState

MEASURE_AGAIN_MS = 3000  # while something is read or written


class ModelsController(QObject):
    """The dialog is one way to look at it; what is under way goes on without."""

    running = Signal(object)
    """ModelsActivity | None, for the status line."""
    online = Signal(bool)
    """Whether something is being fetched from the network."""
    noticed = Signal(object)
    """Notice: something ended while the dialog was closed, or is offered."""
    use_wanted = Signal(str)
    """The name of a model that is to take the place of the one in use."""
    page_opened = Signal(str)
    """The address of a web page that the user wants to see."""
    settings_wanted = Signal(str)
    """The name of a setting to be shown."""

    def __init__(
        self,
        jobs: Jobs,
        engine: EngineController,
        state: WindowState,
        window: QWidget,
        cost: Callable[[], SwitchCost],
        parent: QObject | None = None,
    ) -> None:
        """cost: what a change of the model would touch just now."""
        super().__init__(parent)
        self._jobs = jobs
        self._engine = engine
        self._window = window
        self._cost = cost
        self._going_on = ModelsGoingOn(state)
        self._told: dict[str, Told] = {}
        self._may_measure = False
        """The dialog was opened, and it has not been tried to the end yet."""
        self._settling: dict[str, WorkShown] = {}
        """Work that has ended, while it is looked what it left."""
        self._pausing: set[str] = set()
        """Models whose work was paused where it can be gone on with at once."""
        self._dialog: ModelsDialog | None = None
        self._later = QTimer(self, singleShot=True)
        self.catalogue = ModelCatalogue(jobs, self)
        self.works = ModelWorks(jobs, self)
        self.imports = ModelImports(jobs, self.works, self)
        self.access = ModelAccess(jobs, self)
        self._connect()

    def _connect(self) -> None:
        self._later.timeout.connect(self._measure)
        self.catalogue.changed.connect(self._show)
        self.catalogue.failed.connect(self._not_looked)
        self.works.changed.connect(self._show)
        self.works.ended.connect(self._ended)
        self.imports.found.connect(self._looked_into)
        self.imports.refused.connect(self._import_refused)
        self.access.changed.connect(self._show_access)
        self._engine.loading.connect(lambda _: self._show())
        self._engine.ready.connect(lambda _: self._show())
        self._engine.failed.connect(self._not_loaded)

    # -- for the window ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Offer to go on with what an earlier run left."""
        if self._going_on.is_wanted:
            self.catalogue.refresh(self._offer)

    def show_dialog(self, name: str = "") -> None:
        """Let the user look at the models, at one of them if it is named."""
        if self._dialog is None:
            dialog = self._dialog = ModelsDialog(self._window)
            dialog.wished.connect(self.do)
            dialog.cost_wanted.connect(self._show_cost)
            dialog.finished.connect(self._closed)
            self._show()
            dialog.open()
            self._may_measure = True
            self.catalogue.refresh(self._measure)
        self._dialog.raise_()
        if name:
            self._dialog.choose(name)

    def pause(self) -> None:
        """What the status line shows."""
        if self.works.shown:
            name = self.works.shown[0].name
            self._pausing.add(name)
            self.works.stop(name)

    def resume(self) -> None:
        """Go on with what is offered."""
        for wish in self._going_on.take():
            self.do(wish)

    def stop(self) -> None:
        """Stop all work; what is offered is not offered any more."""
        self._going_on.take()
        self.works.stop_all()
        self._show()

    # -- wishes ------------------------------------------------------------------------------------------------------

    def do(self, wish: Wish) -> None:
        """What the user wants done."""
        match wish:
            case wishes.Get(name):
                self._get(wish, name)
            case wishes.Stop(name):
                self.works.stop(name)
            case wishes.Discard(name):
                self._forget(name)
                row = self._row(name)
                repository = row.entry.repository if row is not None else ""
                self._change(lambda task: task.desk.store.discard(repository), name, wish)
            case wishes.Use(name):
                self._forget(name)
                self.use_wanted.emit(name)
                self._show_details()
            case wishes.Check(name):
                self._forget(name)
                self.works.check(wish, self._title(name))
            case wishes.Copy(name, _):
                self._forget(name)
                self.works.copy(wish, self._title(name))
                self._show_details()
            case wishes.Remove(name):
                self._forget(name)
                self._change(lambda task: task.desk.store.remove(name), name, wish)
            case wishes.LookInto(path):
                self._look_into(path)
            case wishes.Import():
                self._import(wish)
            case wishes.OpenPage(address):
                self.page_opened.emit(address)
            case wishes.OpenSettings(name):
                if self._dialog is not None:
                    self._dialog.reject()
                self.settings_wanted.emit(name)
            case wishes.AskAccess(name):
                self.access.ask(name, self._told.get(name))
            case wishes.KeepToken(name, token):
                self.access.keep(name, token)
            case wishes.ForgetToken(name):
                self.access.forget(name)

    def _get(self, wish: wishes.Get, name: str) -> None:
        row = self._row(name)
        if row is None:
            return
        self._forget(name)

        def begin() -> None:
            self.works.get(wish, row.entry.title, row.entry.repository)
            self._show_details()

        # Without the dialog there is nobody to go through the steps: then the refusal tells.
        if row.is_gated and self._dialog is not None:
            self.access.look(name, begin)
        else:
            begin()

    def _look_into(self, path: Path) -> None:
        if self._dialog is not None:
            self._dialog.show_looking(path)
            self.imports.look_into(path)

    def _looked_into(self, entry: CatalogueEntry) -> None:
        if self._dialog is not None:
            self._dialog.show_found(entry)

    def _import_refused(self, told: Told) -> None:
        if self._dialog is not None:
            self._dialog.show_import_problem(told)

    def _import(self, wish: wishes.Import) -> None:
        if any(entry.name == wish.name for entry in self.catalogue.entries):
            text = self.tr("There is a model {name} already: choose another name.").format(name=wish.name)
            self._import_refused(Told(text, True))
            return
        self._forget(wish.name)
        self.imports.begin(wish)
        if self._dialog is not None:
            self._dialog.choose(wish.name)
            self._dialog.show_details()

    def _change(self, change: Callable[[Task[None]], None], name: str, wish: Wish) -> None:
        def failed(failure: Failure) -> None:
            self._told[name] = told_failure(failure, name, wish)
            self._show()

        self._jobs.submit(Lane.HUB, change, failed=failed, ended=self.catalogue.refresh)

    def _measure(self) -> None:
        """In the background, once nothing is read or written: beside that the machine would be taken for a slow one."""
        if not self.catalogue.is_measured and self._may_measure:
            if any(self._jobs.is_busy(lane) for lane in (Lane.READING, Lane.TALK)):
                self._later.start(MEASURE_AGAIN_MS)
            else:
                self.works.measure()

    # -- what is told ------------------------------------------------------------------------------------------------

    def _ended(self, ended: WorkEnded) -> None:
        work, result = ended.work, ended.result
        if work.kind is WorkKind.MEASURE:
            self._may_measure = ended.was_stopped
            self.catalogue.refresh(self._measure)
            return
        if ended.was_stopped and work.name in self._pausing:
            self._going_on.add(ended.wish)
        self._pausing.discard(work.name)
        model = result.model if isinstance(result, Converted) else result
        name = model.name if isinstance(model, InstalledModel) else work.name

        def settled() -> None:
            self._settling.pop(work.name, None)
            self._tell(ended, name)
            self._measure()

        # What has become of the model is told together with it, not before.
        self._settling[work.name] = work
        self.catalogue.refresh(settled)

    def _tell(self, ended: WorkEnded, name: str) -> None:
        """Of work that has ended; name: of the model that it left."""
        told = told_of(ended)
        if told is not None:
            self._told[name] = told
            if self._dialog is None and not ended.was_stopped:
                self._notice(work_sentence(ended.work), told, name)
        if ended.failure is None:
            self.imports.forget(ended.work.name)
        if self._dialog is not None and name != ended.work.name:
            self._dialog.choose(name)
        self._show()

    def _notice(self, what: str, told: Told, name: str) -> None:
        kind = NoticeKind.ERROR if told.is_problem else NoticeKind.INFO
        show = partial(self.show_dialog, name)
        self.noticed.emit(Notice(kind, f"{what}: {told.text}", told.details, self.tr("Show"), show))

    def _offer(self) -> None:
        self._going_on.look(self._row)
        self._show()
        if self._going_on.offered:
            text = self.tr("{model}: what was interrupted can be gone on with.").format(model=self._offered_titles())
            self.noticed.emit(Notice(NoticeKind.INFO, text, "", self.tr("Go on"), self.resume))

    def _offered_titles(self) -> str:
        return ", ".join(self._title(wish.name) for wish in self._going_on.offered)

    def _not_loaded(self, failure: Failure) -> None:
        name = self._engine.wish.name
        if self._dialog is not None:
            self._told[name] = told_failure(failure, name, wishes.Use(name))
        self._show()

    def _not_looked(self, failure: Failure) -> None:
        self.noticed.emit(Notice(NoticeKind.ERROR, sentence_of(failure), failure.details))

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        works = self.works.shown
        self._going_on.keep(self.works.wishes)
        self.online.emit(any(work.kind is WorkKind.GET for work in works))
        self.running.emit(activity_of(works, self._offered_titles()))
        if self._dialog is not None:
            measuring = any(work.kind is WorkKind.MEASURE for work in works)
            note = self.tr("This machine is being measured once, for the expected speeds: about a quarter of a minute.")
            self._dialog.set_note(note if measuring else "")
            self._dialog.set_rows(self._rows())

    def _rows(self) -> list[ModelRow]:
        names = {entry.name for entry in self.catalogue.entries}
        entries = (*self.catalogue.entries, *(entry for entry in self.imports.coming if entry.name not in names))

        def work(name: str) -> WorkShown | None:
            return self.works.of(name) or self._settling.get(name)

        return rows_of(entries, self._engine.wish.name, work, self._told)

    def _row(self, name: str) -> ModelRow | None:
        return next((row for row in self._rows() if row.entry.name == name), None)

    def _title(self, name: str) -> str:
        row = self._row(name)
        return name if row is None else row.entry.title

    def _show_details(self) -> None:
        if self._dialog is not None:
            self._dialog.show_details()

    def _show_cost(self, name: str) -> None:
        row = self._row(name)
        if row is not None and self._dialog is not None:
            self._dialog.show_cost(row, self._cost())

    def _show_access(self, shown: AccessShown) -> None:
        row = self._row(shown.name)
        if row is not None and self._dialog is not None:
            self._dialog.show_access(row, shown.access)

    def _forget(self, name: str) -> None:
        """Something new is begun with a model: what was told or offered of it is over."""
        self._told.pop(name, None)
        self._going_on.drop(name)
        self._show()

    def _closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
        self._told.clear()
        self.imports.forget_failed()
