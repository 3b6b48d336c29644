"""Which format a file has, by its content; the extension is only a hint. One line here adds a format."""

from __future__ import annotations

import importlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from app.core.errors import DocumentError
from app.documents.readers.base import DocumentReader


@dataclass(frozen=True, slots=True)
class Format:
    """A document format. name: as it is stored with a document. shown: its name in sentences.

    reader: "module:class", imported on use, so that the parsing process loads one format's libraries only.
    endings: of the names that its files have. Its files are known by one of: is_text, text told from other text by
    its file's name alone; magic, the bytes that they begin with; member, an entry of a zip container.
    second_reader: for files in which the reader finds no text.
    """

    name: str
    shown: str
    reader: str
    endings: tuple[str, ...]
    is_text: bool = False
    magic: bytes = b""
    member: str = ""
    second_reader: str = ""


_IN = "app.documents.readers."
_FORMATS = (
    Format("pdf", "PDF", _IN + "pdf:PdfReader", (".pdf",), second_reader=_IN + "pdf_fallback:FallbackPdfReader"),
    Format("docx", "DOCX", _IN + "docx:DocxReader", (".docx",), member="word/document.xml"),
    Format("epub", "EPUB", _IN + "epub:EpubReader", (".epub",), member="META-INF/container.xml"),
    Format("html", "HTML", _IN + "html:HtmlReader", (".html", ".htm", ".xhtml"), is_text=True),
    Format("markdown", "Markdown", _IN + "markdown:MarkdownReader", (".md", ".markdown"), is_text=True),
    Format("text", "plain text", _IN + "text:TextReader", (".txt", ".text"), is_text=True),
)
"""A PDF is known by its mark, which may stand behind other bytes, and HTML by how it begins: see `sniff_format`."""
_READERS = {form.name: form.reader for form in _FORMATS}
_SHOWN = {form.name: form.shown for form in _FORMATS}
_EXTENSIONS = {ending: form.name for form in _FORMATS for ending in form.endings}
_TEXT_FORMATS = tuple(form.name for form in _FORMATS if form.is_text)
_ZIP_FORMATS = tuple((form.member, form.name) for form in _FORMATS if form.member)
_SNIFF_BYTES = 8192
_MOST_CONTROLS = 0.02
_MOST_DAMAGE = 0.1
"""Share of bytes that are no text in a file that is named as text: a disk or a transfer has lost a piece of it.

Of bytes without any order a tenth are controls too, so it must be little more. What begins as HTML is HTML."""
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
"""Byte order marks of text in which zeros mean nothing bad."""
_PDF_MARKS = (b" obj", b"trailer<<", b"startxref", b"%%EOF")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KNOWN_BINARIES = (
    (_OLE, "an old Office file (.doc, .xls, .ppt): save it as .docx or PDF"),
    (b"{\\rtf", "an RTF file: save it as .docx or PDF"),
    (b"\x89PNG", "a PNG image: only documents with text can be read"),
    (b"\xff\xd8\xff", "a JPEG image: only documents with text can be read"),
    (b"GIF8", "a GIF image: only documents with text can be read"),
    (b"II*\0", "a TIFF image: only documents with text can be read"),
    (b"MM\0*", "a TIFF image: only documents with text can be read"),
    (b"%!PS", "a PostScript file: convert it to PDF"),
    (b"AT&TFORM", "a DjVu file: convert it to PDF"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"SQLite format 3\0", "an SQLite database, not a document"),
    (b"\x7fELF", "a program, not a document"),
    (b"MZ", "a program, not a document"),
)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A file's format, and a sentence for the user where the file's name says something else."""

    format: str
    warning: str = ""


def is_document_name(name: str) -> bool:
    """Whether a file's name ends as documents' names do: what of a folder's files is worth a look."""
    # "~$a.docx" is what Word keeps beside "a.docx" while that is open.
    return Path(name).suffix.lower() in _EXTENSIONS and not name.startswith((".", "~$"))


def document_suffixes() -> tuple[str, ...]:
    """Endings of the names that documents have, each with its dot."""
    return tuple(sorted(_EXTENSIONS))


def reader_path(format_name: str) -> str:
    """Where the reader of a format that `sniff_format` named is to be imported from, as "module:class"."""
    return _READERS[format_name]


def second_reader_path(format_name: str) -> str:
    """Where the reader to be tried next is to be imported from; '' where a format has but one."""
    return next((form.second_reader for form in _FORMATS if form.name == format_name), "")


def import_reader(path: str) -> DocumentReader:
    """The reader at a path that `reader_path` gave."""
    module, _, name = path.partition(":")
    return cast(DocumentReader, getattr(importlib.import_module(module), name)())


def sniff_format(path: Path) -> Sniffed:
    """The format of a regular file, by its content. Raises DocumentError (code "format") when it is none of ours."""
    hint = _EXTENSIONS.get(path.suffix.lower())
    with path.open("rb") as stream:
        head = stream.read(_SNIFF_BYTES)
    found = _binary_format(path, head) or _text_format(path, head, hint)
    if hint is not None and hint != found and not (hint in _TEXT_FORMATS and found in _TEXT_FORMATS):
        return Sniffed(found, f'{path.name} is named "{path.suffix}" but is {_SHOWN[found]}; read as that.')
    if found in _TEXT_FORMATS and b"\0" in head and not head.startswith(_WIDE):
        return Sniffed(found, f"{path.name} is damaged in places: what is no text in it was left out.")
    return Sniffed(found)


def _binary_format(path: Path, head: bytes) -> str | None:
    if b"%PDF-" in head[:1024]:
        return "pdf"
    # A container's list of entries stands at its end: a damaged beginning may cost nothing.
    is_named_so = any(_EXTENSIONS.get(path.suffix.lower()) == format_name for _, format_name in _ZIP_FORMATS)
    if head.startswith(b"PK\x03\x04") or (is_named_so and zipfile.is_zipfile(path)):
        return _zip_format(path)
    if head.startswith(_OLE) and path.suffix.lower() == ".docx":
        # Word wraps an encrypted document in the container of its old formats.
        raise DocumentError(
            f"{path.name} is encrypted, or an old .doc file: open it in Word and save a .docx without a password",
            code="encrypted",
        )
    for form in _FORMATS:
        if form.magic and head.startswith(form.magic):
            return form.name
    for magic, description in _KNOWN_BINARIES:
        if head.startswith(magic) and not (magic == b"MZ" and b"\0" not in head):
            raise DocumentError(f"{path.name} is {description}", code="format")
    return None


def _zip_format(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DocumentError(
            f"{path.name} is a damaged or truncated zip container (EPUB or DOCX?): get a fresh copy", code="damaged"
        ) from error
    for member, format_name in _ZIP_FORMATS:
        if member in names:
            return format_name
    # The part that tells the kind is lost, but others are there: the reader saves what it can, or says what is missing.
    if any(name.lower().endswith(".opf") for name in names):
        return "epub"
    if any(name.startswith("word/") for name in names):
        return "docx"
    raise DocumentError(f"{path.name} is a zip archive but no EPUB and no DOCX: unpack it first", code="format")


def _text_format(path: Path, head: bytes, hint: str | None) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return hint if hint in _TEXT_FORMATS else "text"
    if hint == "pdf" and any(mark in head for mark in _PDF_MARKS):
        return "pdf"  # the header is lost, the rest may still be there
    controls = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head)
    is_binary = b"\0" in head or controls > _MOST_CONTROLS * len(head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    is_html = start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start)
    if is_binary and not (hint in _TEXT_FORMATS and (is_html or controls <= _MOST_DAMAGE * len(head))):
        if hint == "pdf":
            raise DocumentError(
                f"{path.name} is no PDF, or one damaged beyond repair: get a fresh copy", code="damaged"
            )
        *others, last = _SHOWN.values()
        raise DocumentError(
            f"{path.name} is a binary file of an unknown kind: {', '.join(others)} and {last} can be read",
            code="format",
        )
    if is_html and hint not in ("markdown", "text"):
        return "html"
    if hint == "pdf":
        raise DocumentError(f"{path.name} is text, not a PDF: rename it to .txt to read it as text", code="format")
    return hint if hint in _TEXT_FORMATS else "text"
