"""Reading in a child process: pages that hang or crash, files that cannot be read, limits, cancellation."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from app.core.errors import DocumentError, UserError
from app.documents.hashing import content_hash
from app.documents.limits import PageRange, ReadingLimits
from app.documents.raw import RawDocument
from app.documents.readers import registry
from app.inference.generator import ReadCancelled
from app.worker import reading
from app.worker.reading import load_document
from tests.documents.pdf_files import column, write_pdf
from tests.torture.hostile_zip import epub

QUICK = ReadingLimits(page_timeout_s=1.0, open_timeout_s=10.0)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The path of a text file that the hostile reader will read."""
    monkeypatch.setitem(registry._READERS, "text", "tests.worker.hostile_reader:HostileReader")
    return tmp_path / "hostile.txt"


def test_page_that_hangs(hostile: Path) -> None:
    """A page over its time is recorded as such, the pages after it are read."""
    hostile.write_text("one\nhang\nthree\n")
    document = load_document(hostile, limits=QUICK)
    assert [(page.number, page.text.strip(), page.problem) for page in document.pages] == [
        (1, "one", ""),
        (2, "", "took longer than 1 s"),
        (3, "three", ""),
    ]
    assert document.pages_without_text == (2,)


def test_pages_that_crash_or_raise(hostile: Path) -> None:
    """A crash and an exception cost one page each; memory beyond the limit too."""
    hostile.write_text("crash\ntwo\nraise\nhoard\nfive\n")
    document = load_document(hostile, limits=QUICK)
    assert [page.problem for page in document.pages] == [
        "damaged: its parser crashed",
        "",
        "damaged: no such font",
        "damaged: needs more memory than one document may take",
        "",
    ]


def test_page_that_says_it_is_another(hostile: Path) -> None:
    """It is given up like a crash, and the rest is read."""
    hostile.write_text("one\nlie\nthree\n")
    document = load_document(hostile, limits=QUICK)
    assert [page.problem for page in document.pages] == ["", "its parser sent nonsense (page 99 out of turn)", ""]


def test_too_many_failures(hostile: Path) -> None:
    """After the allowed number of failures the rest is left unread, and said so."""
    hostile.write_text("one\ncrash\ncrash\nfour\n")
    document = load_document(hostile, limits=ReadingLimits(max_restarts=1))
    assert [page.problem for page in document.pages][3] == "not read: 2 pages before it failed"
    assert document.warnings == ("Reading stopped after 2 pages that could not be read.",)


def test_outline_that_crashes(hostile: Path) -> None:
    """A broken table of contents is left out with a warning; the pages stay."""
    hostile.write_text("one\nbad outline\n")
    document = load_document(hostile, limits=QUICK)
    assert len(document.pages) == 2
    assert document.warnings == ("The file's own table of contents could not be read (its parser crashed).",)


@pytest.mark.parametrize(
    ("order", "limit_s", "words"),
    [("crash at open", 60.0, "its parser crashed"), ("hang at open", 2.0, "took longer than 2 s")],
)
def test_open_fails(hostile: Path, order: str, limit_s: float, words: str) -> None:
    """A file whose opening crashes or hangs is refused."""
    hostile.write_text(order)
    with pytest.raises(DocumentError, match=words):
        load_document(hostile, limits=ReadingLimits(open_timeout_s=limit_s))


def test_cancelled(hostile: Path) -> None:
    """Cancelling in the middle of an endless page ends the child."""
    hostile.write_text("one\nhang\n")
    seen: list[tuple[int, int]] = []
    with pytest.raises(ReadCancelled):
        load_document(hostile, on_page=lambda done, total: seen.append((done, total)), cancelled=lambda: bool(seen))
    assert seen == [(1, 2)]
    assert multiprocessing.active_children() == []


def test_page_range(tmp_path: Path) -> None:
    """Only the pages asked for are read, under their own numbers; a range outside the document is refused."""
    path = write_pdf(
        tmp_path / "a.pdf", [column(50, 700, [f"This is page {number}."]) for number in ["one", "two", "three"]]
    )
    document = load_document(path, pages=PageRange(2, 9))
    assert [(page.number, page.text.strip()) for page in document.pages] == [
        (2, "This is page two."),
        (3, "This is page three."),
    ]
    with pytest.raises(UserError, match="has 3 pages, so there are no pages 7- to read"):
        load_document(path, pages=PageRange.parse("7-"))
    single = write_pdf(tmp_path / "b.pdf", [column(50, 700, ["The only page."])])
    with pytest.raises(UserError, match="has 1 page, so there are no pages 2- to read"):
        load_document(single, pages=PageRange.parse("2-"))


def test_limits(tmp_path: Path) -> None:
    """File size, page count and amount of text are held to their limits."""
    path = write_pdf(tmp_path / "a.pdf", [column(50, 700, ["some words"])] * 3)
    for limits in (ReadingLimits(max_file_bytes=100), ReadingLimits(max_pages=2), ReadingLimits(max_text_chars=15)):
        with pytest.raises(DocumentError) as caught:
            load_document(path, limits=limits)
        assert caught.value.code == "too-large"


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("gone.pdf", lambda path: None, "missing"),
        ("folder.pdf", Path.mkdir, "folder"),
        ("empty.pdf", _empty, "empty"),
        ("photo.pdf", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50)), "format"),
        ("noise.bin", lambda path: path.write_bytes(bytes(range(256)) * 8), "format"),
        ("old.doc", lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "format"),
        ("cut.epub", lambda path: path.write_bytes(b"PK\x03\x04" + bytes(60)), "damaged"),
        ("blank.txt", lambda path: path.write_text(" \n\n "), "no-text"),
        pytest.param("pipe.pdf", _fifo, "special", marks=pytest.mark.skipif(os.name == "nt", reason="no FIFOs")),
    ],
)
def test_bad_input(tmp_path: Path, name: str, make, code: str) -> None:  # type: ignore[no-untyped-def]
    """Each bad input is one DocumentError that names the file, and nothing blocks."""
    path = tmp_path / name
    make(path)
    with pytest.raises(DocumentError) as caught:
        load_document(path)
    assert caught.value.code == code
    assert name in caught.value.message and "\n" not in caught.value.message


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero")
def test_device() -> None:
    """A device is refused without being opened."""
    with pytest.raises(DocumentError, match="device"):
        load_document(Path("/dev/zero"))


def test_truncated_pdf(tmp_path: Path) -> None:
    """A PDF cut in half is either read with its losses named, or refused as damaged or without text."""
    whole = write_pdf(tmp_path / "whole.pdf", [column(50, 700, ["Some words here."])] * 4).read_bytes()
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DocumentError) as caught:
        load_document(cut)
    assert caught.value.code in ("damaged", "no-text")


def test_no_text_names_the_pages(tmp_path: Path) -> None:
    """A PDF without any text is refused with the pages named; one page of text is enough to be read."""
    path = write_pdf(tmp_path / "a.pdf", [[], [], []])
    with pytest.raises(DocumentError, match="pages 1-3 give none") as caught:
        load_document(path)
    assert caught.value.code == "no-text"
    document = load_document(write_pdf(tmp_path / "b.pdf", [[], column(50, 700, ["Words."]), []]))
    assert document.pages_without_text == (1, 3)


def test_pages_that_all_fail_are_damage(hostile: Path) -> None:
    """Where no page could be read the file is not called one without text; empty pages beside them change nothing."""
    for orders in ("raise\nraise\n", " \nraise\n"):
        hostile.write_text(orders)
        with pytest.raises(DocumentError, match=r"pages 1-2 give no text \(no such font\)") as caught:
            load_document(hostile, limits=QUICK)
        assert caught.value.code == "damaged"


def test_nothing_left_of_a_rescued_file_is_damage(tmp_path: Path) -> None:
    """A file without its header, of which the slower parser saves empty pages only."""
    whole = write_pdf(tmp_path / "whole.pdf", [[]]).read_bytes()
    path = tmp_path / "a.pdf"
    path.write_bytes(b"#" * 2000 + whole[9:])
    with pytest.raises(DocumentError, match="page 1 gives no text") as caught:
        load_document(path)
    assert caught.value.code == "damaged"


def write_epub(path: Path, chapters: Sequence[str | None]) -> Path:
    """A book; a chapter that is None is listed and not there, one of "0 bytes" has none."""
    container = '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'
    names = [f"c{number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(f'<item id="{name}" href="{name}"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("book.opf", f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>")
        for name, text in zip(names, chapters, strict=True):
            if text is not None:
                archive.writestr(name, f"<html><body><p>{text}</p></body></html>" if text != "0 bytes" else "")
    return path


def test_lost_chapters_are_told(tmp_path: Path) -> None:
    """They leave no gap in the text by which anybody could know; a book of empty chapters has no text."""
    one = load_document(write_epub(tmp_path / "a.epub", ["One.", None, "Three."]))
    assert one.text.split() == ["One.", "Three."]
    assert one.warnings == ("Part 2 of 3 is missing: a.epub lacks its part c2.xhtml.",)
    two = load_document(write_epub(tmp_path / "b.epub", ["One.", None, None]))
    assert two.warnings[0].startswith("2 of 3 parts are missing, the first is part 2: b.epub lacks")
    three = load_document(write_epub(tmp_path / "d.epub", ["One.", "0 bytes"]))
    assert three.warnings == ("Part 2 of 2 is missing: d.epub is damaged in its part c2.xhtml, which is empty.",)
    for chapters, code in (([None, None], "damaged"), (["", None], "damaged"), (["", ""], "no-text")):
        with pytest.raises(DocumentError, match="parts 1-2 give") as caught:
            load_document(write_epub(tmp_path / "c.epub", chapters))
        assert caught.value.code == code


def test_text_that_only_the_second_parser_reads(tmp_path: Path) -> None:
    """It is read by that where PDFium finds none at all, and the user is told."""
    canvas = Canvas(str(tmp_path / "whole.pdf"), pageCompression=0)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(50, 700, "Words of the only page.")
    canvas.save()
    data = (tmp_path / "whole.pdf").read_bytes()
    assert b"1 0 0 1 50 700 Tm" in data
    (tmp_path / "a.pdf").write_bytes(data.replace(b"1 0 0 1 50 700 Tm", b"1 0 0 1 50 -99999 Tm"))
    document = load_document(tmp_path / "a.pdf")
    assert document.text.strip() == "Words of the only page."
    assert document.warnings == ("a.pdf is damaged; what could be saved of it was read.",)


def test_the_second_parser_does_not_go_on_without_finding_a_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of drawings, each soon enough for itself, would be hours."""
    monkeypatch.setattr(reading, "_RESCUE_S", 0.0)
    path = write_pdf(tmp_path / "a.pdf", [[]] * 3)
    seen: list[str] = []
    run = reading._Reading.run

    def watched(self: reading._Reading, sniffed: registry.Sniffed) -> RawDocument:
        seen.append("begun")
        found = run(self, sniffed)
        seen.append("done")
        return found

    monkeypatch.setattr(reading._Reading, "run", watched)
    with pytest.raises(DocumentError, match="pages 1-3 give") as caught:
        load_document(path)
    assert (caught.value.code, seen) == ("no-text", ["begun", "done", "begun"])


def test_wrong_extension(tmp_path: Path) -> None:
    """The content decides the format, and a warning says so."""
    path = write_pdf(tmp_path / "a.txt", [column(50, 700, ["Words."])])
    document = load_document(path)
    assert (document.format, document.warnings) == ("pdf", ('a.txt is named ".txt" but is PDF; read as that.',))


def test_child_stays_light() -> None:
    """The child's modules load neither torch nor numpy nor Qt."""
    code = (
        "import sys, app.worker.reader_process, app.documents.readers.pdf, app.documents.readers.epub\n"
        "import app.documents.readers.docx, app.documents.readers.markdown\n"
        "print(sorted({'torch', 'numpy', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_real_manual(shared_data: Path) -> None:
    """A real manual of 113 pages: all pages, sections from its outline, text in reading order."""
    document = load_document(shared_data / "pdfs" / "r-doc-pdf__R-intro.pdf")
    assert (document.title, len(document.pages), document.pages_without_text) == ("An Introduction to R", 113, ())
    section = next(section for section in document.sections if section.title == "The R environment")
    text = document.text[section.start : section.end]
    assert text.startswith(
        "1.1 The R environment\n\nR is an integrated suite of software facilities for data manipulation,"
    )


def test_outline_is_read_after_a_last_page_that_fails(hostile: Path) -> None:
    """The next process goes on behind that page; nothing is read twice and nothing is said of the outline."""
    hostile.write_text("one\nhang\n")
    document = load_document(hostile, limits=QUICK)
    assert [page.problem for page in document.pages] == ["", "took longer than 1 s"]
    assert document.warnings == ()


def test_book_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    """Where there is no text there are no parts: the reason comes from the chapters."""
    path = tmp_path / "a.epub"
    path.write_bytes(epub(a="<html><body></body></html>"))
    with pytest.raises(DocumentError, match="part 1 gives none; there is nothing to read") as caught:
        load_document(path)
    assert caught.value.code == "no-text"


@pytest.mark.parametrize("later", ["page one\npage two\n", None])
def test_file_that_changes_while_it_is_read(hostile: Path, later: str | None) -> None:
    """It is not kept under the hash of other bytes; one that is gone by then is kept."""
    hostile.write_text("one\ntwo\nthree\n")

    def change(done: int, total: int) -> None:
        hostile.unlink(missing_ok=True)
        if later is not None:
            hostile.write_text(later)

    if later is None:
        assert load_document(hostile, limits=QUICK, on_page=change).text.split() == ["one", "two", "three"]
        return
    with pytest.raises(DocumentError, match="changed while it was read") as caught:
        load_document(hostile, limits=QUICK, on_page=change)
    assert caught.value.code == "changed"


def test_file_that_turns_into_a_broken_one(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that another program still writes nobody says that it is damaged."""
    hostile.write_text("one\n")

    def hash_and_change(path: Path) -> str:
        digest = content_hash(path)
        path.write_text("crash at open\n")
        return digest

    monkeypatch.setattr(reading, "content_hash", hash_and_change)
    with pytest.raises(DocumentError, match="changed while it was read"):
        load_document(hostile, limits=QUICK)
