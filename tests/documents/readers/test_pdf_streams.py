"""The compressed parts of a PDF: damage in one is seen, where PDFium reads on without a word."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from pypdf import PdfWriter

from app.documents.readers.base import OpenOptions
from app.documents.readers.pdf import PdfReader
from app.documents.readers.pdf_streams import damaged_streams
from app.worker.reading import load_document
from tests.documents.pdf_files import column, write_pdf

LINES = [f"Line {number} of the ferry's timetable, which is long enough." for number in range(40)]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Two pages packed by zlib alone."""
    write_pdf(tmp_path / "plain.pdf", [column(72, 700, LINES), column(72, 700, LINES)])
    writer = PdfWriter(clone_from=tmp_path / "plain.pdf")
    for page in writer.pages:
        page.compress_content_streams()
    writer.write(tmp_path / "a.pdf")
    return tmp_path / "a.pdf"


def flip(path: Path, at: int) -> None:
    """Another byte there."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def start(path: Path, number: int = 0) -> int:
    """Where the first byte of a compressed part stands."""
    parts = path.read_bytes().split(b"stream\n")
    return sum(len(part) + 7 for part in parts[: 2 * number + 1])


def test_whole_file(packed: Path) -> None:
    """Every part is looked at, and nothing is said."""
    assert damaged_streams(packed) == (0, 2)
    assert PdfReader().open(packed, OpenOptions()).warnings == []


@pytest.mark.parametrize("into", [0, 60, 200])
def test_one_byte(packed: Path, into: int) -> None:
    """In the header, or anywhere in what is packed."""
    flip(packed, start(packed) + into)
    assert damaged_streams(packed) == (1, 2)


def test_the_reader_of_the_document_is_told(packed: Path) -> None:
    """PDFium gives half of a page; the document says that it is damaged."""
    flip(packed, start(packed) + 200)
    document = load_document(packed)
    assert "Line 39" not in document.pages[0].text and "Line 39" in document.pages[1].text
    assert document.warnings == (
        "a.pdf is damaged in 1 of its 2 compressed parts: text may be missing or wrong where no page says so.",
    )


@pytest.mark.parametrize(
    ("dictionary", "looked_at"),
    [
        (b"<</Filter/FlateDecode/Length 9>>", 1),
        (b"<</Length 9/Filter [ /Fl ] >>", 1),
        (b"<</Filter/FlateDecode/Subtype/Image>>", 0),
        (b"<</Filter[/ASCII85Decode/FlateDecode]>>", 0),
        (b"<</Length 9>>", 0),
    ],
)
def test_what_is_looked_at(tmp_path: Path, dictionary: bytes, looked_at: int) -> None:
    """What zlib packed last, and is no image; with any line end, and with more behind it."""
    path = tmp_path / "a.pdf"
    for end in (b"\n", b"\r\n"):
        path.write_bytes(b"%PDF-1.4\n1 0 obj\n" + dictionary + b"stream" + end + b"no zlib" + end + b"endstream")
        assert damaged_streams(path) == (looked_at, looked_at)
        path.write_bytes(b"1 0 obj\n" + dictionary + b"stream" + end + zlib.compress(b"text") + end + b"endstream")
        assert damaged_streams(path) == (0, looked_at)


def test_encrypted(tmp_path: Path) -> None:
    """Nothing can be said of it."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"<</Encrypt 1 0 R>> 1 0 obj <</Filter/FlateDecode>>stream\nxxxx\nendstream")
    assert damaged_streams(path) == (0, 0)


def test_cut_off(packed: Path) -> None:
    """A part that ends with the file."""
    packed.write_bytes(packed.read_bytes()[: start(packed) + 100])
    assert damaged_streams(packed) == (1, 1)


def test_bombs_are_not_unpacked_to_their_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No part further than its limit, and no more parts than theirs together."""
    monkeypatch.setattr("app.documents.readers.pdf_streams._MAX_PART_BYTES", 1 << 20)
    monkeypatch.setattr("app.documents.readers.pdf_streams._MAX_BYTES", 4 << 20)
    part = zlib.compress(bytes(8 << 20))[:-4] + b"\0\0\0\0"
    path = tmp_path / "a.pdf"
    path.write_bytes(b"".join(b"1 0 obj<</Filter/FlateDecode>>stream\n" + part + b"\nendstream\n" for _ in range(9)))
    assert damaged_streams(path) == (0, 4)
    damaged = part[:1000] + b"\xff" * 100  # a limit that only whole parts counted for would be none
    path.write_bytes(
        b"".join(b"1 0 obj<</Filter/FlateDecode>>stream\n" + damaged + b"\nendstream\n" for _ in range(99))
    )
    assert damaged_streams(path)[1] < 20


def test_parts_without_end_are_not_all_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file of nothing but such words only so many are."""
    monkeypatch.setattr("app.documents.readers.pdf_streams._MAX_BYTES", 1 << 20)
    path = tmp_path / "a.pdf"
    path.write_bytes(b"/Filter/FlateDecode stream\n" * 9999)
    assert damaged_streams(path)[1] < 2000


def test_an_empty_part_is_whole(tmp_path: Path) -> None:
    """Some programs write it so for an empty page, packed as they say it is."""
    path = tmp_path / "a.pdf"
    for end in (b"\n", b"\r\n"):
        path.write_bytes(b"1 0 obj\n<</Filter/FlateDecode/Length 0>>stream" + end + end + b"endstream\nendobj")
        assert damaged_streams(path) == (0, 0)
        path.write_bytes(b"1 0 obj\n<</Filter/FlateDecode/Length 0>>stream" + end + b"endstream\nendobj")
        assert damaged_streams(path) == (0, 0)
