"""DOCX blocks."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from app.core.errors import DocumentError
from app.documents.raw import Block, BlockKind
from app.documents.readers.base import OpenOptions
from app.documents.readers.docx import DocxReader

P, H, F = BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.PREFORMATTED


def test_blocks_in_order(tmp_path: Path) -> None:
    """Headings, text, lists, tables and tracked changes come in the order of the text."""
    file = docx.Document()
    file.core_properties.title = "Report"
    file.add_heading("First", 1)
    file.add_paragraph("Some text.")
    file.add_paragraph("an item", style="List Bullet")
    table = file.add_table(2, 2)
    for index, text in enumerate(("A", "B", "1", "2")):
        table.cell(index // 2, index % 2).text = text
    inserted = "<w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
    deleted = "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
    changed = f"<w:p {nsdecls('w')}>{inserted}{deleted}</w:p>"
    file.element.body.insert(-1, parse_xml(changed))
    file.add_heading("Second", 2)
    file.save(str(tmp_path / "a.docx"))
    document = DocxReader().open(tmp_path / "a.docx", OpenOptions())
    assert document.title == "Report"
    assert document.read_page(1).blocks == (
        Block(H, "First", 1),
        Block(P, "Some text."),
        Block(P, "• an item"),
        Block(F, "A | B\n1 | 2"),
        Block(P, "new"),
        Block(H, "Second", 2),
    )


def test_footnotes(tmp_path: Path) -> None:
    """Footnotes follow the text under a heading of their own."""
    file = docx.Document()
    file.add_paragraph("Text.")
    file.save(str(tmp_path / "plain.docx"))
    separator = '<w:footnote w:id="0" w:type="separator"><w:p><w:r><w:t>x</w:t></w:r></w:p></w:footnote>'
    note = '<w:footnote w:id="2"><w:p><w:r><w:t>See there.</w:t></w:r></w:p></w:footnote>'
    notes = f"<w:footnotes {nsdecls('w')}>{separator}{note}</w:footnotes>"
    with zipfile.ZipFile(tmp_path / "plain.docx") as source, zipfile.ZipFile(tmp_path / "a.docx", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        target.writestr("word/footnotes.xml", notes)
    document = DocxReader().open(tmp_path / "a.docx", OpenOptions())
    assert document.read_page(1).blocks == (Block(P, "Text."), Block(H, "Footnotes", 1), Block(P, "[2] See there."))


def test_damaged(tmp_path: Path) -> None:
    """A zip with a document part that is no document is refused as damaged."""
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<nonsense/>")
    with pytest.raises(DocumentError) as caught:
        DocxReader().open(tmp_path / "a.docx", OpenOptions())
    assert caught.value.code == "damaged"


def write_damaged(path: Path, damaged: dict[str, bytes | None]) -> Path:
    """A file of two chapters, some of its parts replaced; None leaves one out."""
    file = docx.Document()
    file.add_heading("First", 1)
    file.add_paragraph("Some text.")
    file.save(str(path.with_suffix(".whole")))
    with zipfile.ZipFile(path.with_suffix(".whole")) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = damaged.get(name, source.read(name))
            if data is not None:
                target.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "damaged",
    [
        {"word/styles.xml": b"<w:styles"},
        {"[Content_Types].xml": None},
        {"word/_rels/document.xml.rels": b"\0\0"},
        {"docProps/core.xml": b"nonsense"},
    ],
)
def test_text_is_saved_where_other_parts_are_damaged(tmp_path: Path, damaged: dict[str, bytes | None]) -> None:
    """It and its headings are read, and the user is told."""
    document = DocxReader().open(write_damaged(tmp_path / "a.docx", damaged), OpenOptions())
    assert document.read_page(1).blocks == (Block(H, "First", 1), Block(P, "Some text."))
    assert document.warnings == ["a.docx is damaged; what could be saved of it was read."]


def test_broken_text_is_read_up_to_the_break(tmp_path: Path) -> None:
    """Only where some of it is left; a file without its text is damaged."""
    whole = write_damaged(tmp_path / "a.docx", {})
    with zipfile.ZipFile(whole) as archive:
        text = archive.read("word/document.xml")
    cut = text[: text.index(b"Some text.") + 4]
    document = DocxReader().open(write_damaged(tmp_path / "b.docx", {"word/document.xml": cut}), OpenOptions())
    assert [block.text for block in document.read_page(1).blocks] == ["First", "Some"]
    assert document.warnings == ["b.docx is damaged; what could be saved of it was read."]
    with pytest.raises(DocumentError, match="lacks its part") as caught:
        DocxReader().open(write_damaged(tmp_path / "c.docx", {"word/document.xml": None}), OpenOptions())
    assert caught.value.code == "damaged"


def test_damaged_footnotes(tmp_path: Path) -> None:
    """The text is read without them, and that is said."""
    path = write_damaged(tmp_path / "a.docx", {})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/footnotes.xml", b"\0")
    document = DocxReader().open(path, OpenOptions())
    assert len(document.read_page(1).blocks) == 2
    assert document.warnings == ["a.docx is damaged in its footnotes: some may be missing."]


def test_zip_under_a_password(tmp_path: Path) -> None:
    """It is called encrypted, not damaged."""
    path = tmp_path / "a.docx"
    docx.Document().save(str(path))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DocumentError, match="encrypted") as caught:
        DocxReader().open(path, OpenOptions())
    assert caught.value.code == "encrypted"
