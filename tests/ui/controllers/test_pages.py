"""The pages of an open document: pictures, or the text where there are none to be had."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from app.core.paths import resources_dir
from app.documents.limits import ReadingLimits
from app.services import page_images, thumbnails
from app.tasks.model import Citation
from app.ui.controllers.actions import SAMPLE
from app.ui.controllers.document_room import DocumentRoom
from app.ui.jobs import Lane
from app.ui.widgets.page_canvas import ImageWanted
from app.worker import rendering
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


def changed(path: Path) -> str:
    """What is said of a file that holds another document by now."""
    return f"The file at {path} is not the document that was read any more; the text that was read is shown instead."


def test_another_document_saved_over_the_file(desks: Desks, sample: Path) -> None:
    """The old document's citations lead to the text that was read, not to pages of the new one."""
    window = desks.window()
    room = window.open(sample)
    first = sample.read_bytes()
    sample.write_bytes(locked_pdf(sample.with_name("other.pdf")).read_bytes())
    room.show_citation(Citation(7, room.item.document.pages[6].text[:80], 0, 80))
    window.wait(lambda: room.pages.is_text)
    assert why(room) == changed(sample) and room.document_view.text_pages.current_page == 7
    sample.write_bytes(first)
    assert window.open(sample) is room
    window.wait(lambda: room.document_view.pages.current_page and not room.pages.is_text)


@pytest.mark.parametrize("asked", ["draw", "cite", "find"])
def test_another_document_saved_in_the_middle(desks: Desks, sample: Path, asked: str) -> None:
    """Whatever is asked next, the text takes the pages' place, at the page that was looked at or cited; once."""
    window = desks.window()
    room = window.open(sample)
    show_pages(window, room)
    view, text = room.document_view.pages, room.document_view.text_pages
    view.canvas.go_to_page(5)
    window.wait(lambda: view.current_page == 5)
    window.rest()
    shown: list[str] = []
    room.pages.text_only.connect(shown.append)
    sample.write_bytes(sample.read_bytes() + b"\n% and more\n")
    if asked == "cite":
        room.show_citation(Citation(7, room.item.document.pages[6].text[:80], 0, 80))
    elif asked == "find":
        view.frame.find_bar.find_wanted.emit("forest")
    else:
        for page in (5, 6):
            view.image_wanted.emit(ImageWanted(page, 333))
        room.show_citation(Citation(7, room.item.document.pages[6].text[:80], 0, 80))  # waits behind them
    window.wait(lambda: room.pages.is_text)
    window.rest()
    assert shown == [changed(sample)] and why(room) == changed(sample)
    assert text.current_page == (5 if asked == "find" else 7)


def test_a_touched_file_is_shown_on(desks: Desks, sample: Path) -> None:
    """A backup or a copy may change its time, and no more."""
    window = desks.window()
    room = window.open(sample)
    show_pages(window, room)
    window.rest()
    os.utime(sample, ns=(1, 1))
    view = room.document_view.pages
    room.show_citation(Citation(7, room.item.document.pages[6].text[:80], 0, 80))
    window.wait(lambda: view.current_page == 7)
    window.rest()
    assert not room.pages.is_text and view.frame.note.text == ""


def test_a_page_that_hangs_keeps_nobody(desks: Desks, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its document closed, the next one's pages have the lane; and the window ends."""
    monkeypatch.setattr(thumbnails, "thumbnail", lambda *arguments: None)  # covers would hang, too
    monkeypatch.setattr(page_images, "ReadingLimits", lambda: ReadingLimits(page_timeout_s=500))
    monkeypatch.setattr(rendering, "SOURCE", "tests.worker.hanging_pages:HangingPageSource")
    other = sample.with_name("other.pdf")
    other.write_bytes(sample.read_bytes() + b"\n% and more\n")
    window = desks.window()
    for path in (sample, other):
        room = window.open(path)
        show_pages(window, room)
        window.wait(path.with_suffix(".hangs").exists)
        if path is sample:
            window.controller.rooms.forget_document(room.item.document_id)
            window.wait(lambda: not window.jobs.is_busy(Lane.PAGES))
    window.close()
    assert window.jobs.close()


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
