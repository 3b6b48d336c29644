"""Whole files that mutants are made of: made here, with much of what their kind can hold, and small real ones."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
from docx.shared import Inches
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

_LARGEST_REAL = 320_000
"""Bytes: a larger file is as likely to break, and takes longer."""
_PROSE = (
    "The ferry leaves the island at seven in the morning, when the water is still, and reaches the town before noon.",
    "Nobody had counted the herons since the winter of 1962, in which the river froze from one bank to the other.",
    "In den Wäldern über der Stadt wachsen Buchen und Eichen; im Herbst sammeln die Leute dort Pilze und Holz.",
    "Το ποτάμι περνά κάτω από τη γέφυρα, and what it carries away in spring it brings back as sand in summer.",
)
_ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


def bases(kind: str, data: Path | None) -> list[bytes]:
    """Made files of a kind, then the real ones that are there."""
    return [*_MADE[kind](), *_real(kind, data)]


def _real(kind: str, data: Path | None) -> list[bytes]:
    if data is None:
        return []
    if kind == "html":
        return [page for book in sorted((data / "epubs").glob("*.epub")) for page in _chapters(book)]
    folder = {"pdf": "pdfs", "epub": "epubs"}.get(kind, "docx")
    files = sorted((data / folder).glob(f"*.{kind}"))
    return [file.read_bytes() for file in files if 0 < file.stat().st_size <= _LARGEST_REAL]


def _chapters(book: Path, most: int = 3) -> list[bytes]:
    with zipfile.ZipFile(book) as archive:
        pages = [entry for entry in archive.infolist() if entry.filename.endswith((".xhtml", ".html", ".htm"))]
        return [archive.read(page) for page in pages if 2_000 < page.file_size <= _LARGEST_REAL][:most]


def _pdfs() -> list[bytes]:
    return [
        _pdf(pages, compress=compress, outline=outline)
        for pages, compress, outline in ((1, 0, False), (3, 1, True), (8, 0, True), (2, 1, False))
    ]


def _pdf(pages: int, *, compress: int, outline: bool) -> bytes:
    target = io.BytesIO()
    # Without the time of making it is the same file each time.
    canvas = Canvas(target, pagesize=A5, pageCompression=compress, invariant=1)
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 16)
        canvas.drawString(40, 540, f"Chapter {number}")
        canvas.setFont("Times-Roman", 10)
        for line in range(24):
            canvas.drawString(40, 510 - 14 * line, _PROSE[(number + line) % 2][:70])
        canvas.rect(40, 60, 200, 80, fill=number % 2)
        canvas.acroForm.textfield(name=f"field {number}", x=250, y=60, width=100, height=20, value="filled in")
        canvas.linkURL("https://example.org", (40, 40, 140, 55))
        if outline:
            canvas.bookmarkPage(f"page {number}")
            canvas.addOutlineEntry(f"Chapter {number}", f"page {number}", level=0)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _pages() -> list[bytes]:
    rows = "".join(f"<tr><td>item {n}</td><td>{n * n}.50</td></tr>" for n in range(12))
    prose = "".join(f'<p id="p{n}">{_PROSE[n % 4]} <a href="#p1">back</a></p>' for n in range(30))
    rich = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Rivers</title><style>p{{}}</style></head>'
        f"<body><nav><a href='#'>menu</a></nav><h1>Rivers</h1>{prose}<table>{rows}</table><pre>a = 1\n  b = 2</pre>"
        f"<ul><li>one<ul><li>two</li></ul></li></ul><ol><li>first</li></ol><math><mi>x</mi></math><!-- note -->"
        f"<script>var x = '<p>';</script></body></html>"
    )
    latin = f'<html><head><meta charset="iso-8859-1"></head><body><p>{_PROSE[2]}</p></body></html>'
    deep = "<html><body>" + "<div>" * 300 + f"<p>{_PROSE[0]}</p>" + "</div>" * 300 + "</body></html>"
    return [rich.encode(), latin.encode("latin-1"), deep.encode()]


def _books() -> list[bytes]:
    return [_book(chapters, ncx) for chapters, ncx in ((2, False), (5, True))]


def _book(chapters: int, ncx: bool) -> bytes:
    numbers = range(1, chapters + 1)
    items = "".join(f'<item id="c{n}" href="text/c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    spine = "".join(f'<itemref idref="c{n}"/>' for n in numbers)
    points = "".join(
        f'<navPoint id="n{n}"><navLabel><text>Chapter {n}</text></navLabel><content src="text/c{n}.xhtml"/></navPoint>'
        for n in numbers
    )
    links = "".join(f'<li><a href="text/c{n}.xhtml">Chapter {n}</a></li>' for n in numbers)
    contents = (
        '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        if ncx
        else '<item id="toc" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    )
    parts = {
        "META-INF/container.xml": '<?xml version="1.0"?>'
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata>'
        '<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">The Ferry</dc:title></metadata>'
        f'<manifest>{contents}{items}</manifest><spine toc="toc">{spine}</spine></package>',
        "OPS/toc.ncx": f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>',
        "OPS/nav.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol>{links}</ol></nav></body></html>',
    }
    for n in numbers:
        prose = "".join(f"<p>{text}</p>" for text in _PROSE * 4)
        parts[f"OPS/text/c{n}.xhtml"] = (
            f'<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{n}</title>'
            f"</head><body><h1>Chapter {n}</h1>{prose}<p/></body></html>"
        )
    return _zipped({"mimetype": "application/epub+zip", **parts})


def _zipped(parts: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _letters() -> list[bytes]:
    return [_docx(rich=rich) for rich in (False, True)]


def _docx(*, rich: bool) -> bytes:
    file = docx.Document()
    for chapter in range(1, 4):
        file.add_heading(f"Chapter {chapter}", 1)
        for text in _PROSE:
            file.add_paragraph(text)
        file.add_paragraph("an item of a list", style="List Bullet")
    if rich:
        table = file.add_table(4, 3)
        for row in table.rows:
            for number, cell in enumerate(row.cells):
                cell.text = f"cell {number}"
        file.add_picture(io.BytesIO(_ONE_PIXEL), width=Inches(1))
        file.sections[0].header.paragraphs[0].text = "A running head"
        file.add_page_break()
        file.add_paragraph("the end", style="Quote")
    target = io.BytesIO()
    file.save(target)
    return _same_each_time(target.getvalue())


def _same_each_time(data: bytes) -> bytes:
    """A container without the time of its making."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)
    return target.getvalue()


_MADE = {"pdf": _pdfs, "epub": _books, "docx": _letters, "html": _pages}
