"""Plain text: encodings, form feeds, paragraphs, long files."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.documents.raw import BlockKind
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
