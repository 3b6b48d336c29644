"""Files that come into the library: shown, refused, locked, from folders, twice, and given up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.core.errors import StorageError
from app.documents.model import Document, Passage
from app.documents.passages import split_passages
from app.services.shelf_rows import DocumentState
from app.ui.controllers.document_room import DocumentRoom
from app.ui.dialogs.password import PasswordDialog
from app.ui.jobs import Lane
from tests.ui.desk_window import Desks, DeskWindow, write_book


def dialogs(window: DeskWindow) -> list[PasswordDialog]:
    """Those that wait for a password."""
    return [one for one in window.window.findChildren(PasswordDialog) if one.isVisible()]


def enter(qtbot: QtBot, window: DeskWindow, password: str) -> bool:
    """Type into the dialog; whether it said that the password before was wrong."""
    window.wait(lambda: dialogs(window))
    dialog = dialogs(window)[0]
    wrong = any("does not open it" in text for text in window.texts(dialog))
    qtbot.keyClicks(dialog.findChildren(QLineEdit)[0], password)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    return wrong


def states(window: DeskWindow) -> dict[str, DocumentState]:
    return {row.title: row.state for row in window.controller.shelf.documents}


def test_a_file_is_shown_and_listed(desks: Desks, tmp_path: Path) -> None:
    """With its title in the window's own."""
    window = desks.window()
    window.open(write_book(tmp_path, "rivers"))
    window.rest()
    assert states(window) == {"rivers": DocumentState.NEW}
    assert window.window.windowTitle() == "rivers – Griffin Desk"
    row = window.controller.shelf.documents[0]
    assert row.pages == 4 and row.opened_at > 0


def test_a_folder_brings_all_of_it_and_shows_none(desks: Desks, tmp_path: Path) -> None:
    """Hidden files and others are left; a folder without documents says so."""
    folder, empty = tmp_path / "folder", tmp_path / "empty"
    (folder / "inner").mkdir(parents=True)
    empty.mkdir()
    write_book(folder, "rivers", 1), write_book(folder / "inner", "seas", 1), (folder / "notes.xyz").write_text("x")
    window = desks.window()
    window.controller.imports.open_files([folder])
    window.wait(lambda: set(states(window)) == {"rivers", "seas"})
    window.rest()
    assert window.controller.room is None and window.notices == []
    window.controller.imports.open_files([empty])
    window.wait(lambda: window.notices)
    assert window.notices == ["There are no documents in what was opened."]


def test_a_refused_file_stays_on_the_list_with_its_reason(desks: Desks, tmp_path: Path) -> None:
    """One notice; taken off the list, it is gone; mended, it is read."""
    path = tmp_path / "broken.txt"
    path.write_text("bad")
    window = desks.window()
    window.controller.imports.open_file(path)
    window.wait(lambda: window.notices and window.jobs.idle)
    window.rest()
    assert window.notices == ["broken.txt is damaged; get a fresh copy."]
    assert states(window) == {"broken.txt": DocumentState.REFUSED}
    write_book(tmp_path, "broken")
    window.controller.open_row(window.controller.shelf.documents[0])
    window.wait(lambda: window.controller.room is not None and states(window) == {"broken": DocumentState.NEW})


def test_what_is_no_fault_of_a_file_is_told_of_one_among_many(
    desks: Desks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It stands on no list of refused files; without a word it would be gone."""
    paths = [write_book(tmp_path, name, 1) for name in ("rivers", "seas")]
    window = desks.window()

    def break_off(document: Document) -> Sequence[Passage]:
        if document.title == "seas":
            raise StorageError("the disk is full", code="disk-full")
        return split_passages(document)

    monkeypatch.setattr("app.services.library.split_passages", break_off)
    window.controller.imports.open_files(paths)
    window.wait(lambda: window.notices and window.jobs.idle)
    window.rest()
    assert window.notices == ["The disk is full."] and set(states(window)) == {"rivers"}


def test_a_password_is_asked_until_it_is_right(desks: Desks, qtbot: QtBot, tmp_path: Path) -> None:
    """It is called wrong only when one was given and does not open the file."""
    path = tmp_path / "secret.txt"
    path.write_text("locked: open\n\nRivers run through hills to the sea.")
    window = desks.window()
    window.controller.imports.open_file(path)
    assert enter(qtbot, window, "no") is False
    window.wait(lambda: not dialogs(window))
    assert enter(qtbot, window, "open") is True
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom))
    assert window.controller.imports.password(str(path)) == "open"
    window.rest()
    assert window.notices == [] and dialogs(window) == []


def test_a_file_opened_twice_quickly_has_one_room(desks: Desks, tmp_path: Path) -> None:
    """And one row."""
    path = write_book(tmp_path, "rivers")
    window = desks.window()
    for _ in range(3):
        window.controller.imports.open_file(path)
    assert len(window.controller.imports.rows) == 1
    window.wait(lambda: window.controller.room is not None)
    window.rest()
    window.open(path)
    window.rest()
    assert len(window.controller.rooms.all) == 1 and len(window.controller.shelf.documents) == 1


def test_a_file_on_its_way_can_be_given_up(desks: Desks, tmp_path: Path) -> None:
    """Removed from the list, it is not read on, and nothing is told."""
    path = tmp_path / "long.txt"
    path.write_text("slow")
    window = desks.window()
    window.controller.imports.open_file(path)
    row = window.controller.imports.rows[0]
    assert row.state is DocumentState.OPENING
    window.controller.shelf.remove_document(row)
    window.wait(lambda: window.controller.imports.rows == [])
    window.rest()
    assert states(window) == {} and window.notices == [] and window.controller.room is None


def test_what_the_user_went_to_meanwhile_stays_in_front(desks: Desks, tmp_path: Path) -> None:
    """A file that took long to be read does not push it away; one line says that it is there."""
    path = tmp_path / "rivers.txt"
    path.write_text("slow")
    window = desks.window()
    window.controller.imports.open_file(path)
    window.rest_but(Lane.IMPORT)
    chat = window.controller.open_chat()
    write_book(tmp_path, "whole").replace(path)
    window.controller.imports.open_file(path, show=False)  # is on its way already
    window.wait(lambda: [room.title for room in window.controller.rooms.all] == ["", "rivers"])
    assert window.controller.room is chat
    assert window.notices == ["Rivers is in the library now."]


def test_the_same_document_from_another_place(desks: Desks, tmp_path: Path) -> None:
    """It is the same room, which looks for its pages there from now on."""
    path = write_book(tmp_path, "rivers")
    window = desks.window()
    room = window.open(path)
    moved = path.rename(tmp_path / "moved.txt")
    assert window.open(moved) is room
    assert room.path == moved


def test_a_file_on_its_way_among_others_is_shown_when_asked_for(desks: Desks, tmp_path: Path) -> None:
    """It keeps its place and what is read of it, is read once, and its room comes to the front."""
    slow, other = tmp_path / "slow.txt", tmp_path / "other.txt"
    slow.write_text("slow")
    other.write_text("slow")
    window = desks.window()
    imports = window.controller.imports
    imports.open_files([slow, other])
    window.wait(lambda: len(imports.rows) == 2)
    jobs = dict(imports._running)
    window.controller.open_chat()
    imports._progress(imports.rows[0].key, 0.5)
    for path in (slow, other):
        imports.open_file(path)
    assert imports._running == jobs and not any(job.cancelled for job in jobs.values())
    assert [(row.title, row.progress) for row in imports.rows] == [("slow.txt", 0.5), ("other.txt", 0.0)]
    write_book(tmp_path, "whole").replace(slow)
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom) and window.controller.room.path == slow)
    write_book(tmp_path, "another").replace(other)
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom) and window.controller.room.path == other)
    window.rest()
    assert window.notices == [] and imports.rows == []


def test_why_a_file_asked_for_on_its_way_cannot_be_shown(desks: Desks, tmp_path: Path) -> None:
    """That is told, though it came among others."""
    path = tmp_path / "rivers.txt"
    path.write_text("slow")
    window = desks.window()
    window.controller.imports.open_file(path, show=False)
    window.controller.imports.open_file(path)
    broken = tmp_path / "broken"
    broken.write_text("bad")
    broken.replace(path)
    window.wait(lambda: window.notices)
    assert window.notices == ["rivers.txt is damaged; get a fresh copy."]


def test_a_file_given_up_and_asked_for_again(desks: Desks, tmp_path: Path) -> None:
    """It is read anew, though the first reading has not ended yet."""
    path = tmp_path / "rivers.txt"
    path.write_text("slow")
    window = desks.window()
    imports = window.controller.imports
    imports.open_file(path)
    imports.cancel(imports.rows[0].key)
    imports.open_file(path)
    write_book(tmp_path, "whole").replace(path)
    window.wait(lambda: isinstance(window.controller.room, DocumentRoom) and window.controller.room.path == path)
