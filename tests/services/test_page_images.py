"""Pages of a PDF as the window asks for them: in a process that may hang or die, and another after it."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.core.errors import DocumentError
from app.documents.hashing import content_hash
from app.documents.limits import ReadingLimits
from app.services import page_images
from app.services.page_images import PageSize, PdfPages, thumbnail
from app.worker import rendering
from tests.documents.pdf_files import column, encrypt, write_pdf

QUICK = ReadingLimits(page_timeout_s=1.0)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a file whose pages do what its lines say, from the second line on."""
    monkeypatch.setattr(rendering, "SOURCE", "tests.worker.hostile_pages:HostilePageSource")
    return tmp_path / "hostile.pdf"


def test_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes in slices, a picture, a quote and a search; once closed there is no process and no answer."""
    monkeypatch.setattr(page_images, "_SIZES_AT_ONCE", 2)
    path = write_pdf(
        tmp_path / "a.pdf", [column(72, 700, [f"Page {name} of three."]) for name in ("one", "two", "six")]
    )
    pages = PdfPages(path)
    assert multiprocessing.active_children() == []
    assert pages.page_count == 3
    assert pages.sizes() == (PageSize(612.0, 792.0),) * 3
    image = pages.image(2, 306)
    assert (image.page, image.width, image.height, len(image.data)) == (2, 306, 396, image.stride * 396)
    found = pages.locate(3, "Page six of three.")
    assert (found.page, found.share, len(found.boxes)) == (3, 1.0, 1)
    assert pages.locate(1, "Nothing of the sort is written anywhere.").boxes == ()
    assert [(hit.page, hit.before, hit.match, hit.after) for hit in pages.find("PAGE t")] == [
        (2, "", "Page t", "wo of three.")
    ]
    for page in (0, 4):
        with pytest.raises(DocumentError, match=f"has no page {page}: it has 3"):
            pages.image(page, 100)
    pages.close()
    assert multiprocessing.active_children() == []
    with pytest.raises(DocumentError, match="was closed"):
        pages.sizes()


def test_pages_that_hang_crash_or_raise(hostile: Path) -> None:
    """Each costs the call that asked for it; the next call has an answer."""
    hostile.write_text("%PDF-\nok\nhang\ncrash\nraise\nhoard\nlie\n")
    reasons = {
        2: "page 2 cannot be drawn: took longer than 1 s",
        3: "page 3 cannot be drawn: its parser crashed",
        4: "page 4 cannot be drawn: no such font",
        5: "page 5 cannot be drawn: it needs more memory than one document may take",
        6: "page 6 cannot be drawn: its parser sent nonsense",
    }
    with closing(PdfPages(hostile, limits=QUICK)) as pages:
        for page, reason in reasons.items():
            with pytest.raises(DocumentError) as caught:
                pages.image(page, 100)
            assert (caught.value.message, caught.value.code) == (reason, "page")
            assert pages.image(1, 100).width == 2
        with pytest.raises(DocumentError, match="page 3 cannot be searched: its parser crashed"):
            pages.locate(3, "words")


def test_find_passes_over_bad_pages(hostile: Path) -> None:
    """A search goes on behind pages that fail, until too many processes were lost."""
    hostile.write_text("%PDF-\none\ncrash\nraise\nfour\ncrash\nsix\n")
    with closing(PdfPages(hostile, limits=QUICK)) as pages:
        assert [hit.match for hit in pages.find("words")] == ["one", "four", "six"]
    with closing(PdfPages(hostile, limits=ReadingLimits(max_restarts=1))) as pages:
        hits = pages.find("words")
        assert [next(hits).match, next(hits).match] == ["one", "four"]
        with pytest.raises(DocumentError, match="page 5 cannot be searched: its parser crashed"):
            next(hits)


def test_find_ends_early(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the most hits that are shown, and when it is cancelled, even in the middle of a page."""
    monkeypatch.setattr(page_images, "MAX_HITS", 2)
    hostile.write_text("%PDF-\none\ntwo\nthree\n")
    with closing(PdfPages(hostile)) as pages:
        assert [hit.match for hit in pages.find("words")] == ["one", "two"]
        assert list(pages.find("words", cancelled=lambda: True)) == []
    hostile.write_text("%PDF-\none\nhang\n")
    with closing(PdfPages(hostile)) as pages:
        assert [hit.match for hit in pages.find("words", cancelled=hostile.with_suffix(".hangs").exists)] == ["one"]
        assert pages.image(1, 100).width == 2


def test_killed_while_idle(tmp_path: Path) -> None:
    """A process that the system ended between two calls is replaced without a word."""
    path = write_pdf(tmp_path / "a.pdf", [column(72, 700, ["Words."])])
    with closing(PdfPages(path)) as pages:
        pages.sizes()
        (child,) = multiprocessing.active_children()
        assert child.pid is not None
        process = psutil.Process(child.pid)
        process.kill()
        child.join()
        assert pages.image(1, 100).width == 100


def drawing_a_page_that_hangs(hostile: Path) -> tuple[PdfPages, threading.Thread, list[DocumentError]]:
    """Pages of which one hangs, the thread that waits for it, and what will be raised there."""
    hostile.write_text("%PDF-\nhang\n")
    pages = PdfPages(hostile, limits=ReadingLimits(page_timeout_s=500))
    errors: list[DocumentError] = []

    def draw() -> None:
        try:
            pages.image(1, 100)
        except DocumentError as error:
            errors.append(error)

    thread = threading.Thread(target=draw)
    thread.start()
    while not hostile.with_suffix(".hangs").exists():
        time.sleep(0.01)
    return pages, thread, errors


def test_closed_in_the_middle(hostile: Path) -> None:
    """Closing does not wait for a page that hangs: the call that waits for it ends."""
    pages, thread, errors = drawing_a_page_that_hangs(hostile)
    pages.close()
    thread.join()
    assert [error.code for error in errors] == ["closed"]
    assert multiprocessing.active_children() == []


def test_interrupted_while_a_page_hangs(hostile: Path) -> None:
    """Whoever interrupts waits for nothing, although another thread holds the pages; that one's call ends."""
    pages, thread, errors = drawing_a_page_that_hangs(hostile)
    with closing(pages):
        pages.interrupt()
        thread.join()
        assert [error.code for error in errors] == ["closed"]
    assert multiprocessing.active_children() == []


def test_another_document_in_the_file(tmp_path: Path) -> None:
    """Never shown as the one that was read: neither from the beginning, nor in the middle; the old one back, it is."""
    path = write_pdf(tmp_path / "report.pdf", [column(72, 700, ["The first version."])])
    first, first_id = path.read_bytes(), content_hash(path)
    with closing(PdfPages(path, expected_id=first_id)) as pages:
        assert pages.image(1, 100).width == 100
        write_pdf(path, [column(72, 700, ["The second version."])])
        for _ in range(2):
            with pytest.raises(DocumentError, match=r"report\.pdf is not the document that was read") as caught:
                pages.image(1, 100)
            assert caught.value.code == "changed"
        assert multiprocessing.active_children() == []
        path.write_bytes(first)
        assert len(pages.locate(1, "The first version.").boxes) == 1
    write_pdf(path, [column(72, 700, ["The second version."])])
    with closing(PdfPages(path, expected_id=first_id)) as pages, pytest.raises(DocumentError) as caught:
        pages.sizes()
    assert caught.value.code == "changed"
    assert thumbnail(path, 100, expected_id=first_id) is None
    assert thumbnail(path, 100, expected_id=content_hash(path)) is not None


def test_replaced_while_it_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was drawn of a file that was another one before the drawing ended is given to nobody."""
    path = write_pdf(tmp_path / "report.pdf", [column(72, 700, ["The first version."])])
    first_id = content_hash(path)

    class Replaced(rendering.Renderer):
        def __init__(self, *arguments: Any) -> None:
            write_pdf(path, [column(72, 700, ["The second version."])])
            super().__init__(*arguments)

    monkeypatch.setattr(page_images, "Renderer", Replaced)
    assert thumbnail(path, 100, expected_id=first_id) is None
    assert thumbnail(path, 100) is not None


def test_a_touched_file_is_shown_on(tmp_path: Path) -> None:
    """Another time of change, or a copy in its place, with the same bytes: the pages go on with another process."""
    path = write_pdf(tmp_path / "report.pdf", [column(72, 700, ["Words."])])
    with closing(PdfPages(path, expected_id=content_hash(path))) as pages:
        pages.sizes()
        (before,) = multiprocessing.active_children()
        os.utime(path, ns=(1, 1))
        assert pages.image(1, 100).width == 100
        (after,) = multiprocessing.active_children()
        assert after is not before
        copy = tmp_path / "copy.pdf"
        copy.write_bytes(path.read_bytes())
        copy.replace(path)
        assert pages.image(1, 200).width == 200
        (after,) = multiprocessing.active_children()
        assert pages.image(1, 300).width == 300
        assert multiprocessing.active_children() == [after]


def test_files_that_cannot_be_shown(tmp_path: Path) -> None:
    """Missing, empty, encrypted, changed, and what is no PDF: a DocumentError with its code, and no thumbnail."""
    plain = write_pdf(tmp_path / "plain.pdf", [column(72, 700, ["Words."])])
    locked = encrypt(plain, tmp_path / "locked.pdf", user="secret", algorithm="AES-256")
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "words.txt").write_text("Some words.")
    for name, code in {
        "gone.pdf": "missing",
        "empty.pdf": "empty",
        "words.txt": "format",
        "locked.pdf": "password",
    }.items():
        with closing(PdfPages(tmp_path / name)) as pages, pytest.raises(DocumentError) as caught:
            pages.image(1, 100)
        assert caught.value.code == code and name in caught.value.message
        assert thumbnail(tmp_path / name, 100) is None
    image = thumbnail(locked, 100, "secret")
    assert image is not None and (image.page, image.width) == (1, 100)
    with closing(PdfPages(plain)) as pages:
        assert pages.page_count == 1
        write_pdf(plain, [column(72, 700, ["Other words."])] * 2)
        with pytest.raises(DocumentError, match="was changed since it was opened") as caught:
            pages.sizes()
        assert caught.value.code == "changed"


def test_real_manual(shared_data: Path) -> None:
    """Sizes of all 2,415 pages, and the first of many hits."""
    with closing(PdfPages(shared_data / "pdfs" / "r-doc-pdf__fullrefman.pdf")) as pages:
        assert len(pages.sizes()) == 2415
        hit = next(pages.find("R Core Team"))
        assert hit.page == 1 and len(hit.boxes) == 1
