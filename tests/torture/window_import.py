"""Files through the window, in a process that is watched.

Each file is opened as if it had been dropped on the window; its row, cover, pages and words are looked at, and what the
window says of it is told in a line of JSON. No model is there: nothing of all this may wait for one.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QTimer

from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.imports import OpenedDocument, PasswordWanted
from app.ui.dialogs.password import PasswordDialog
from app.ui.failure import Failure
from app.ui.views.document import DocumentTab
from benchmarks.window_desk import DeskWindow, desk_window
from tests.torture.import_lines import Lines, Order, document_facts

STEP_S = 600.0
"""Longer than any step may take; whoever watches loses patience before."""
ROW_S = 15.0
"""Within which a file that is read or refused has its row, on a machine that is busy with other things."""
BEAT_MS = 10
_SETTINGS = 'model = "there-is-none"\nlog_level = "WARNING"\nlanguage = "en"\n'


class _Mistakes(logging.Handler):
    """Tracebacks: of slots, and of jobs that failed for no reason of the user's."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []
        sys.excepthook = self._hook

    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.texts.append((record.getMessage() + "\n" + trace)[-2000:])

    def take(self) -> list[str]:
        """Those since the last time."""
        texts, self.texts = self.texts, []
        return texts

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.texts.append("".join(traceback.format_exception(kind, error, trace))[-2000:])


class _Heart:
    """The longest time that the event loop was kept."""

    def __init__(self, desk: DeskWindow) -> None:
        self._timer = QTimer(desk.window)
        self._last, self._longest = time.monotonic(), 0.0
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def _beat(self) -> None:
        now = time.monotonic()
        self._longest, self._last = max(self._longest, now - self._last), now

    def take(self) -> float:
        """Since this was last asked, seconds."""
        longest, self._longest = self._longest, 0.0
        return longest


class WindowImports:
    """Brings files in, one by one."""

    def __init__(self, desk: DeskWindow, order: Order, lines: Lines, mistakes: _Mistakes) -> None:
        self._desk, self._order, self._lines, self._mistakes = desk, order, lines, mistakes
        self._heart = _Heart(desk)
        self._opened: list[OpenedDocument] = []
        self._failures: list[Failure] = []
        self._wanted: list[PasswordWanted] = []
        self._ended = 0
        self._covers: set[str] = set()
        imports, shelf = desk.controller.imports, desk.controller.shelf
        imports.opened.connect(self._opened.append)
        imports.failed.connect(self._failures.append)
        imports.password_wanted.connect(self._wanted.append)
        imports.ended.connect(self._count)
        imports.progressed.connect(lambda row: lines.say("page", share=row.progress))
        shelf.cover.connect(lambda cover: self._covers.add(cover.key))

    def bring_in(self, path: Path) -> dict[str, Any]:
        """One file, and all that is to be said of it."""
        for heard in (self._opened, self._failures, self._wanted, self._covers):
            heard.clear()
        self._import(path)
        asked = len(self._wanted)
        self._answer(path)
        row = self._row(path)
        facts = _row_facts(row, self._failures, self._wanted)
        if row is not None and row.document_id and self._opened:
            facts["document"] = document_facts(self._opened[-1].item.document)
            facts["cover"] = self._cover(row)
            facts["shown"] = self._look(self._opened[-1])
        facts |= {"asked": asked, "stall": round(self._heart.take(), 3)}
        if mistakes := self._mistakes.take():
            facts |= {"how": "mistake", "said": mistakes[0]}
        return facts

    def _row(self, path: Path) -> ShelfDocument | None:
        """Of a file, as it stands at the end of its way; None where there is none after a while."""
        end = time.monotonic() + ROW_S
        while True:
            row = next((row for row in self._desk.controller.shelf.documents if row.path == str(path)), None)
            if (row is not None and row.state is not DocumentState.OPENING) or time.monotonic() > end:
                return row
            self._settle()

    def _count(self) -> None:
        self._ended += 1

    def _import(self, path: Path) -> None:
        before = self._ended
        self._desk.controller.imports.open_files((path,))
        self._desk.wait(lambda: self._ended > before or bool(self._failures), STEP_S, "the import")
        self._settle()

    def _answer(self, path: Path) -> None:
        """Type the password into the dialog, first a wrong one; put the dialog away where none is known."""
        known = self._order.passwords.get(path.name)
        for password in (f"not {known}", known) if known is not None else ():
            if self._wanted and not self._opened:
                before = self._ended
                self._dialog().entered.emit(password)
                self._desk.wait(lambda: self._ended > before, STEP_S, "the import with a password")  # noqa: B023
                self._settle()
        for dialog in self._desk.window.findChildren(PasswordDialog):
            dialog.reject()

    def _dialog(self) -> PasswordDialog:
        return self._desk.window.findChildren(PasswordDialog)[-1]

    def _settle(self) -> None:
        """Until no lane has anything to do, and the lists are what the library has."""
        self._desk.run(0.01)
        self._desk.wait(lambda: self._desk.jobs.idle, STEP_S, "the lanes")
        self._desk.run(0.08)  # what the lanes have told is handed over at most thirty times a second
        self._desk.wait(lambda: self._desk.jobs.idle, STEP_S, "the lanes")

    def _cover(self, row: ShelfDocument) -> bool:
        self._desk.controller.shelf.draw_cover(row.key)
        self._settle()
        self._lines.say("cover")
        return row.key in self._covers

    def _look(self, opened: OpenedDocument) -> dict[str, Any]:
        """The pages: whether there are pictures of them, how many could be drawn, and what was said of the others."""
        room = self._desk.controller.room
        if not isinstance(room, DocumentRoom) or room.item.document_id != opened.item.document_id:
            return {"as": "nothing", "why": "another room is in front"}
        view, pages = room.document_view.pages, room.pages
        shown: list[str] = []
        drawn: set[int] = set()
        problems: dict[int, str] = {}
        pages.pictures.connect(lambda: shown.append(""))
        pages.text_only.connect(shown.append)
        pages.password_wanted.connect(lambda _: shown.append("password"))
        _tap(view, "set_image", lambda image: drawn.add(image.page))
        _tap(view, "set_problem", lambda page, text: problems.__setitem__(page, text))
        room.show_tab(DocumentTab.PAGES)
        self._desk.wait(lambda: bool(shown), STEP_S, "the pages")
        self._settle()
        if pages.is_text or shown[0]:
            return {"as": "text", "why": shown[0]}
        count = len(opened.item.document.pages)
        for page in sorted({1, count, 1 + count // 2})[: self._order.looked_at]:
            view.canvas.go_to_page(page)
            self._desk.wait(lambda: page in drawn or page in problems, STEP_S, f"page {page}")  # noqa: B023
            self._lines.say("drawn", page=page)
        if self._order.find:
            found: list[bool] = []
            _tap(view, "find_done", lambda: found.append(True))
            view.frame.find_bar.find_wanted.emit(self._order.find)
            self._desk.wait(lambda: bool(found), STEP_S, "the words")
        self._settle()
        return {"as": "pictures", "drawn": len(drawn), "problems": {str(page): text for page, text in problems.items()}}


def _tap(thing: object, name: str, hear: Callable[..., object]) -> None:
    """Hear of a call before it is done."""
    call = getattr(thing, name)

    def heard(*arguments: Any) -> Any:
        hear(*arguments)
        return call(*arguments)

    setattr(thing, name, heard)


def _row_facts(row: ShelfDocument | None, failures: list[Failure], wanted: list[PasswordWanted]) -> dict[str, Any]:
    """By the row of the list, which is what stays: a sentence that goes by is not enough."""
    code = failures[-1].error.code if failures else ""
    if row is None:
        return {"how": "lost", "code": code, "said": failures[-1].error.message if failures else "no row and no word"}
    if row.state is DocumentState.NEEDS_PASSWORD:
        how = "password" if wanted else "lost"
        return {"how": how, "code": "password", "said": row.problem}
    if row.state is DocumentState.REFUSED:
        how = "refused" if row.problem.strip() and failures and failures[-1].error.message == row.problem else "lost"
        return {"how": how, "code": code, "said": row.problem}
    return {"how": "read", "code": "", "said": ""}


def bring_all_in(order: Order) -> None:
    """Open the window on the folder and bring all files in."""
    faulthandler.enable()
    lines = Lines()
    folder = Path(order.folder)
    (folder / "desk").mkdir(parents=True, exist_ok=True)
    (folder / "desk" / "settings.toml").write_text(_SETTINGS, encoding="utf-8")
    mistakes = _Mistakes()
    logging.getLogger("app").addHandler(mistakes)
    with desk_window(folder) as desk:
        imports = WindowImports(desk, order, lines, mistakes)
        desk.run(0.2)
        for number, file in enumerate(order.files):
            lines.say("began", number=number)
            began = time.monotonic()
            facts = imports.bring_in(Path(file))
            lines.say("ended", number=number, seconds=time.monotonic() - began, **facts)
