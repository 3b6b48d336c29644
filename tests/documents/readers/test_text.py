"""Plain text: encodings, form feeds, paragraphs, long files."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from app.documents.raw import BlockKind
from app.documents.readers import text as text_reader
from app.documents.readers.base import OpenOptions
from app.documents.readers.text import TextReader, decode, text_blocks

GERMAN = "Die Größe der Bäume überraschte alle, als der Frühling über die Hügel zog. " * 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    """Byte order marks, UTF-8 and a guess for the rest."""
    assert decode(GERMAN.encode(encoding))[0] == GERMAN


def test_paragraphs_and_verse() -> None:
    """Lines of one width are a paragraph, short or indented ones keep their breaks."""
    wrapped = (
        "This paragraph was wrapped at a width of forty\ncharacters or so, as mail programs used to do,\nand ends."
    )
    verse = "Tyger Tyger,\nburning bright"
    blocks = text_blocks(f"{wrapped}\n\n\n{verse}\n")
    assert [(block.kind, block.text) for block in blocks] == [
        (BlockKind.PARAGRAPH, wrapped),
        (BlockKind.PREFORMATTED, verse),
    ]


def test_form_feeds_are_pages(tmp_path: Path) -> None:
    """Form feeds make pages of their own."""
    path = tmp_path / "a.txt"
    path.write_text("one\ftwo\f\n")
    document = TextReader().open(path, OpenOptions())
    assert (document.paged, document.page_count) == (True, 2)
    assert document.read_page(2).blocks[0].text == "two"


def test_empty_pages_are_counted(tmp_path: Path) -> None:
    """The page after an empty one keeps its number; form feeds without end are no pages."""
    path = tmp_path / "a.txt"
    path.write_text("one\f\fthree\ffour\f")
    document = TextReader().open(path, OpenOptions())
    assert document.page_count == 4
    assert [bool(document.read_page(number).blocks) for number in (1, 2, 3, 4)] == [True, False, True, True]
    path.write_text("one\f" + "\f" * 100_000 + "two")
    assert TextReader().open(path, OpenOptions()).page_count == 2


@pytest.mark.parametrize("piece", ["word ", "line of text\n", "a\n\n"])
def test_long_file_is_cut_without_loss(tmp_path: Path, piece: str) -> None:
    """A file of a million characters, even on one line, comes in units and loses nothing."""
    path = tmp_path / "a.txt"
    path.write_text(piece * (1_000_000 // len(piece)))
    document = TextReader().open(path, OpenOptions())
    pages = [document.read_page(number) for number in range(1, document.page_count + 1)]
    assert len(pages) >= 3
    text = "".join("".join(block.text.split()) for page in pages for block in page.blocks)
    assert text == "".join(piece.split()) * (1_000_000 // len(piece))


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("a\n\n" * 5, ["a\n\na\n\na\n\na\n\n", "a\n\n"]),
        ("a b\n" * 5, ["a b\na b\na b\n", "a b\na b\n"]),
        ("a" * 25, ["a" * 10, "a" * 10, "a" * 5]),
        ("a" * 12 + "\n" + "b" * 12 + "\n\n" + "c\nd", ["a" * 12 + "\n", "b" * 12 + "\n\n", "c\nd"]),
        ("a" * 10, ["a" * 10]),
    ],
)
def test_cuts(text: str, units: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Units end with a paragraph, else with a line, else where they are full."""
    monkeypatch.setattr(text_reader, "_UNIT_CHARS", 10)
    assert text_reader._units(text) == units
    assert "".join(units) == text


def test_damaged_utf_8(tmp_path: Path) -> None:
    """A few broken bytes do not spoil all other letters by another encoding."""
    text = "Über den Wäldern fließt der Bach; die Füße der Böcke stehen im grünen Moos. " * 3
    data = text.encode()
    broken = data[:40] + b"\xff" + data[41:]
    assert decode(broken)[1] == "utf-8"
    assert decode(broken)[0].count("ü") == text.count("ü")
    latin = text.encode("cp1252")
    assert decode(latin)[0] == text


def test_damaged_utf_8_takes_no_more_memory_than_sound() -> None:
    """Its letters are counted, not gathered."""
    data = "漢字の文章です。".encode() * 100_000 + b"\xff"
    tracemalloc.start()
    try:
        assert decode(data)[1] == "utf-8"
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data)
    finally:
        tracemalloc.stop()
