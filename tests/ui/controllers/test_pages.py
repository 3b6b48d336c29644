"""The pages of an open document: pictures, or the text where there are none to be had."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from app.core.paths import resources_dir
from app.tasks.model import Citation
from app.ui.controllers.actions import SAMPLE
from app.ui.controllers.document_room import DocumentRoom
from tests.ui.controllers.test_imports import dialogs, enter
from tests.ui.desk_window import Desks, DeskWindow, write_book


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The booklet, where it can be moved."""
    return Path(shutil.copy(resources_dir() / SAMPLE, tmp_path / "booklet.pdf"))


def locked_pdf(path: Path) -> Path:
    """One page that the password "open" opens."""
    canvas = Canvas(str(path), encrypt=StandardEncryption("open", canPrint=1))
    canvas.drawString(72, 700, "Rivers run through hills to the sea, and birds follow them there.")
    canvas.save()
    return path


def why(room: DocumentRoom) -> str:
    """What stands above the text that is shown in the place of pictures."""
    return room.document_view._why.text()


def show_pages(window: DeskWindow, room: DocumentRoom) -> None:
    window.actions.show_pages()
    window.wait(lambda: room.document_view.pages.current_page or room.pages.is_text)


def test_pages_of_a_pdf(desks: Desks, qtbot: QtBot, sample: Path) -> None:
    """Drawn when they are looked at; a quote is marked; words are found; the screen reader has the text."""
    window = desks.window()
    room = window.open(sample)
    assert room.document_view.pages.current_page == 0  # nobody has looked at them
    show_pages(window, room)
    view = room.document_view.pages
    window.wait(lambda: view.canvas.accessibleDescription())
    page = room.item.document.pages[4]
    quote = page.text[200:300]
    room.show_citation(Citation(page.number, quote, 200, 300))
    window.wait(lambda: view.current_page == page.number)
    window.rest()
    assert view.frame.note.text == ""  # it was marked
    room.show_citation(Citation(3, "no such words are on any page of it", 0, 10))
    window.wait(lambda: "could not be marked" in view.frame.note.text)
    window.actions.find()
    view.frame.find_bar.find_wanted.emit("forest")
    window.wait(lambda: view._found.done)
    assert len(view._found.hits) > 10
    view.frame.find_bar.find_wanted.emit("")
    window.rest()


def test_a_citation_opens_the_pages(desks: Desks, sample: Path) -> None:
    """It waits until they are there, and then goes to its page."""
    window = desks.window()
    window.window.resize(1700, 900)
    room = window.open(sample)
    room.show_citation(Citation(7, room.item.document.pages[6].text[:80], 0, 80))
    assert window.button("Close the pages beside", room.document_view).isVisible()
    window.wait(lambda: room.document_view.pages.current_page == 7)
    window.button("Close the pages beside", room.document_view).click()
    show_pages(window, room)
    assert room.document_view.pages.current_page == 7


def test_pages_of_a_text_are_its_text(desks: Desks, tmp_path: Path) -> None:
    """And nothing is said about it."""
    window = desks.window()
    room = window.open(write_book(tmp_path, "rivers"))
    show_pages(window, room)
    assert room.pages.is_text and why(room) == ""


def test_a_file_that_is_gone_and_comes_back(desks: Desks, sample: Path, tmp_path: Path) -> None:
    """Its text is shown with the reason; opened from its new place, its pages are."""
    window = desks.window()
    room = window.open(sample)
    moved = sample.rename(tmp_path / "elsewhere.pdf")
    show_pages(window, room)
    assert room.pages.is_text
    assert why(room) == f"The file is not at {sample} any more; the text that was read is shown instead."
    assert window.open(moved) is room
    window.wait(lambda: room.document_view.pages.current_page == 1 and not room.pages.is_text)
    assert why(room) == "" or not room.document_view._why.isVisible()


def test_pages_ask_for_the_password_again_after_a_start(desks: Desks, qtbot: QtBot, tmp_path: Path) -> None:
    """It is kept nowhere; wrong is said only of one that was; while it is asked nobody asks twice."""
    path = locked_pdf(tmp_path / "locked.pdf")
    window = desks.window()
    window.controller.imports.open_file(path)
    assert enter(qtbot, window, "open") is False
    window.wait(lambda: window.controller.room is not None)
    show_pages(window, window.document)
    assert not window.document.pages.is_text and dialogs(window) == []
    window.end()

    window = desks.window()
    window.rest()
    window.controller.open_row(window.controller.shelf.documents[0])
    window.wait(lambda: window.controller.room is not None)
    room = window.document
    window.actions.show_pages()
    window.wait(lambda: dialogs(window))
    room.show_citation(Citation(1, "Rivers run", 0, 10))
    window.rest()
    assert len(dialogs(window)) == 1
    assert enter(qtbot, window, "no") is False
    window.wait(lambda: dialogs(window) and "Check capital" in " ".join(window.texts(dialogs(window)[0])))
    assert enter(qtbot, window, "open") is True
    window.wait(lambda: room.document_view.pages.current_page == 1)
    assert not room.pages.is_text


def test_no_password_shows_the_text(desks: Desks, qtbot: QtBot, tmp_path: Path) -> None:
    """The document was read before: that is there. A closed room hears nothing of it."""
    path = locked_pdf(tmp_path / "locked.pdf")
    window = desks.window()
    window.controller.imports.open_file(path)
    enter(qtbot, window, "open")
    window.wait(lambda: window.controller.room is not None)
    window.end()
    window = desks.window()
    window.rest()
    row = window.controller.shelf.documents[0]
    window.controller.open_row(row)
    window.wait(lambda: window.controller.room is not None)
    room = window.document
    window.actions.show_pages()
    window.wait(lambda: dialogs(window))
    dialogs(window)[0].reject()
    window.wait(lambda: room.pages.is_text)
    assert "need the file's password" in why(room)
    window.actions.go_home()
    window.controller.rooms.forget_document(row.document_id)
    window.controller.open_row(row)
    window.wait(lambda: window.controller.room is not None)
    window.actions.show_pages()
    window.wait(lambda: dialogs(window))
    assert "Check capital" not in " ".join(window.texts(dialogs(window)[0]))
    dialog = dialogs(window)[0]
    window.controller.rooms.forget_document(row.document_id)
    dialog.reject()
    window.rest()
    assert dialogs(window) == []
