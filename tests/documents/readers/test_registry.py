"""The format comes from the content."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.core.errors import DocumentError
from app.documents.readers import registry
from app.documents.readers.registry import Format, import_reader, is_document_name, reader_path, sniff_format


def make(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.pdf", b"%PDF-1.4\n", "pdf"),
        ("a.bin", b"junk before\n%PDF-1.4\n", "pdf"),
        ("a.txt", b"plain words", "text"),
        ("notes", b"plain words", "text"),
        ("a.md", b"# Title", "markdown"),
        ("a.html", b"no doctype, still named so", "html"),
        ("page", b"<!DOCTYPE html><title>x</title>", "html"),
        ("a.txt", "\ufeffwide".encode("utf-16"), "text"),
        ("a.txt", b"<html> shown as text", "text"),
    ],
)
def test_formats(tmp_path: Path, name: str, data: bytes, expected: str) -> None:
    """Magic bytes first, then the extension as a hint among the text formats."""
    sniffed = sniff_format(make(tmp_path / name, data))
    assert (sniffed.format, sniffed.warning) == (expected, "")
    assert import_reader(reader_path(expected)).format == expected


def test_a_format_that_is_known_by_its_first_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no more than its line, though it was refused by name before; a text of that name is no such file."""
    line = Format("rtf", "RTF", "app.documents.readers.text:TextReader", (".rtf",), magic=b"{\\rtf")
    monkeypatch.setattr(registry, "_FORMATS", (*registry._FORMATS, line))
    assert sniff_format(make(tmp_path / "a.rtf", b"{\\rtf1 words}")).format == "rtf"
    assert sniff_format(make(tmp_path / "b.rtf", b"words")).format == "text"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("a.pdf", True),
        ("A Book.v2.EPUB", True),
        ("a.docx", True),
        ("a.htm", True),
        ("河流.txt", True),
        ("notes.markdown", True),
        ("pdf", False),
        ("a.pdf.part", False),
        ("a.doc", False),
        ("a.png", False),
        ("README", False),
        ("", False),
        (".pdf", False),
        (".hidden.pdf", False),
        ("~$a.docx", False),
    ],
)
def test_names_of_documents(name: str, is_one: bool) -> None:
    """By the ending, in any case; neither what is hidden nor what Word keeps beside an open file."""
    assert is_document_name(name) is is_one


def test_wrong_extension_warns(tmp_path: Path) -> None:
    """A web page saved as .pdf is read as what it is."""
    sniffed = sniff_format(make(tmp_path / "a.pdf", b"<html><body>Not found</body></html>"))
    assert (sniffed.format, sniffed.warning) == ("html", 'a.pdf is named ".pdf" but is HTML; read as that.')


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(20), "a JPEG image"),
        (b"{\\rtf1 hello}", "an RTF file: save it as .docx or PDF"),
        (b"\x1f\x8b" + bytes(20), "a gzip archive"),
        (bytes(range(256)), "a binary file of an unknown kind"),
    ],
)
def test_refused(tmp_path: Path, data: bytes, words: str) -> None:
    """What cannot be read is named."""
    with pytest.raises(DocumentError, match=words) as caught:
        sniff_format(make(tmp_path / "x.dat", data))
    assert caught.value.code == "format"


@pytest.mark.parametrize("rest", [b"\xc9startxref\n6\n", b"trailer<</Root 1 0 R>>", b"stream\n%%EOF\n"])
def test_remains_of_a_pdf(tmp_path: Path, rest: bytes) -> None:
    """They are no text that wants another name: the reader says what has become of the file."""
    assert sniff_format(make(tmp_path / "a.pdf", rest)).format == "pdf"
    assert sniff_format(make(tmp_path / "a.txt", rest)).format == "text"


def test_zip_kinds(tmp_path: Path) -> None:
    """EPUB and DOCX are told apart by what they hold, what has both is a DOCX; another zip is refused."""
    book, text = "META-INF/container.xml", "word/document.xml"
    for members, expected in (([text], "docx"), ([book], "epub"), ([book, text], "docx")):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for member in members:
                archive.writestr(member, "<x/>")
        assert sniff_format(tmp_path / "x.zip").format == expected
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("photo.jpg", "x")
    with pytest.raises(DocumentError, match="no EPUB and no DOCX"):
        sniff_format(tmp_path / "x.zip")


def test_encrypted_docx(tmp_path: Path) -> None:
    """Word's encryption is told from an old Office file by the name it was given."""
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    with pytest.raises(DocumentError, match="without a password") as caught:
        sniff_format(make(tmp_path / "a.docx", ole))
    assert caught.value.code == "encrypted"
    with pytest.raises(DocumentError, match="an old Office file") as caught:
        sniff_format(make(tmp_path / "a.doc", ole))
    assert caught.value.code == "format"


def test_pieces_of_text_that_a_disk_lost(tmp_path: Path) -> None:
    """A file named as text is read without them, and that is said; half zeros is no text,
    but for what begins as HTML."""
    lost = b"<html><body>" + b"words " * 200 + bytes(60) + b"</body></html>"
    sniffed = sniff_format(make(tmp_path / "a.html", lost))
    assert (sniffed.format, sniffed.warning) == (
        "html",
        "a.html is damaged in places: what is no text in it was left out.",
    )
    most = b"<!DOCTYPE html><html><body>" + bytes(3000) + b"words " * 100
    assert sniff_format(make(tmp_path / "a.html", most)).format == "html"
    for name, data in (("a.dat", lost), ("b.txt", b"a\0" * 300), ("c.dat", most)):
        with pytest.raises(DocumentError, match="a binary file"):
            sniff_format(make(tmp_path / name, data))


def test_containers_with_a_damaged_beginning(tmp_path: Path) -> None:
    """Their list of entries stands at the end; a file of another name is not looked at so closely."""
    with zipfile.ZipFile(tmp_path / "x.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", "<x/>")
    data = b"\0\0" + (tmp_path / "x.epub").read_bytes()[2:]
    assert sniff_format(make(tmp_path / "a.epub", data)).format == "epub"
    with pytest.raises(DocumentError, match="a binary file"):
        sniff_format(make(tmp_path / "a.bin", data))


def test_containers_that_lost_the_part_that_names_them(tmp_path: Path) -> None:
    """They are known by their other parts."""
    for member, expected in (("OPS/book.opf", "epub"), ("word/styles.xml", "docx")):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr(member, "<x/>")
        assert sniff_format(tmp_path / "x.zip").format == expected
