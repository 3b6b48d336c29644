"""EPUB and DOCX files whose container is hostile: bombs, lies in the directory, names that lead elsewhere."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.torture.hostile_case import CANARY_FILE, Case, case, of_bytes

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
GIB = 1 << 30
PROSE = "The ferry leaves the island at seven in the morning. "

Entry = tuple[str, bytes | str]


def opf(chapters: Iterable[str] = ("a.xhtml",), *, head: str = "", title: str = "A book") -> str:
    """A package file with these chapters."""
    names = list(chapters)
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(names)))
    return (
        f'{head}<package xmlns="http://www.idpf.org/2007/opf"><metadata><title>{title}</title></metadata>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )


def chapter(text: str = PROSE * 20) -> str:
    """A chapter with one paragraph."""
    return f"<html><body><p>{text}</p></body></html>"


def epub(*more: Entry, package: str | None = None, **own: bytes | str) -> bytes:
    """A small book; `package`, or `a` for its chapter and `container`, in place of those of its own."""
    container, text = own.get("container", CONTAINER), own.get("a", chapter())
    entries = [("META-INF/container.xml", container), ("content.opf", package or opf()), ("a.xhtml", text)]
    return zipped([*entries, *more])


def docx(
    *more: Entry, body: str = f"<w:p><w:r><w:t>{PROSE}</w:t></w:r></w:p>", head: str = "", rels: str = ""
) -> bytes:
    """A small document; `head` stands before its root, `rels` in its relationships."""
    document = f"{head}<w:document {W}><w:body>{body}</w:body></w:document>"
    first = f'<Relationship Id="r1" Type="{RELATION}/officeDocument" Target="word/document.xml"/>'
    root = f'<Relationships xmlns="{RELATIONS}">{first}</Relationships>'
    own = f'<Relationships xmlns="{RELATIONS}">{rels}</Relationships>'
    entries = [("[Content_Types].xml", TYPES), ("_rels/.rels", root), ("word/document.xml", document)]
    return zipped([*entries, ("word/_rels/document.xml.rels", own), *more])


def zipped(entries: Iterable[Entry]) -> bytes:
    """A zip of these."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return target.getvalue()


def _large(path: Path, name: str, start: bytes, filler: bytes, size: int, others: list[Entry]) -> Path:
    """A zip with one entry of `size` bytes when unpacked, written piece by piece."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for other, data in others:
            archive.writestr(other, data)
        with archive.open(name, "w", force_zip64=True) as stream:
            stream.write(start)
            piece = filler * ((1 << 20) // len(filler))
            for _ in range(size // len(piece)):
                stream.write(piece)
    return path


def _book_bomb(size: int) -> Callable[[Path], Path]:
    others: list[Entry] = [("META-INF/container.xml", CONTAINER), ("content.opf", opf())]
    return lambda folder: _large(folder / "bomb.epub", "a.xhtml", b"<html><body><p>", b"a ", size, others)


def _word_bomb(size: int) -> Callable[[Path], Path]:
    with zipfile.ZipFile(io.BytesIO(docx())) as whole:
        others: list[Entry] = [(n, whole.read(n)) for n in whole.namelist() if n != "word/document.xml"]
    start = f"<w:document {W}><w:body><w:p><w:r><w:t>".encode()
    return lambda folder: _large(folder / "bomb.docx", "word/document.xml", start, b"a ", size, others)


def _relabelled(data: bytes, name: str, offset: int, value: bytes) -> bytes:
    """Bytes of an entry's record in the directory changed, at an offset from the record's start."""
    changed = bytearray(data)
    at = changed.index(b"PK\x01\x02")
    while changed[at + 46 : at + 46 + len(name)] != name.encode():
        at = changed.index(b"PK\x01\x02", at + 4)
    changed[at + offset : at + offset + len(value)] = value
    return bytes(changed)


def _lying(data: bytes, name: str, size: int) -> bytes:
    return _relabelled(data, name, 24, struct.pack("<I", size))


def _overlapping(kind: str) -> bytes:
    """All entries of the directory point to the one compressed stretch of the first large one (a flat bomb)."""
    extra: list[Entry] = [(f"x{n}", b"\0" * (4 << 20) if n == 0 else b"") for n in range(500)]
    data = bytearray(epub(*extra) if kind == "epub" else docx(*extra))
    first, at = -1, data.find(b"PK\x01\x02")
    while at >= 0:
        if data[at + 46 : at + 47] == b"x":
            if first < 0:
                first = at
            else:
                data[at + 10 : at + 28] = data[first + 10 : first + 28]
                data[at + 42 : at + 46] = data[first + 42 : first + 46]
        at = data.find(b"PK\x01\x02", at + 46)
    return bytes(data)


def _encrypted(data: bytes, name: str) -> bytes:
    return _relabelled(data, name, 8, struct.pack("<H", 1))


def _linked(name: str, target: str) -> bytes:
    """A book whose chapter is a symbolic link out of the archive, as far as its attributes say."""
    target_ = io.BytesIO()
    with zipfile.ZipFile(target_, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("content.opf", opf([name]))
        link = zipfile.ZipInfo(name)
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, target)
    return target_.getvalue()


def _zip64_nonsense(data: bytes) -> bytes:
    end = data.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 1 << 62, 1)
    tail = bytearray(data[end:])
    tail[8:20] = b"\xff" * 12
    return data[:end] + locator + bytes(tail)


_LEADING = (
    "../{}",
    "../../../../{}",
    "/etc/passwd",
    "..\\..\\{}",
    "C:\\{}",
    "CON",
    "NUL.xhtml",
    "a\x00b",
    "//host/{}",
    "file:///{}",
)


def _leading_out(folder: Path, pattern: str) -> Path:
    name = pattern.format(CANARY_FILE)
    path = folder / "leading.epub"
    written = name.replace("\x00", "%00").replace("\\", "%5C")
    path.write_bytes(
        zipped(
            [
                ("META-INF/container.xml", CONTAINER),
                ("content.opf", opf(["a.xhtml", written])),
                ("a.xhtml", chapter()),
                (name, b"hidden"),
            ]
        )
    )
    return path


def _docx_leading(target: str, mode: str) -> bytes:
    rels = f'<Relationship Id="r9" Type="{RELATION}/footnotes" Target="{target}" TargetMode="{mode}"/>'
    return docx((target.lstrip("/"), b"hidden"), rels=rels)


REFUSED = "too-large damaged"
ANY = "read damaged too-large encrypted format no-text"


def containers() -> list[Case]:
    """Bombs and lies."""
    many: list[Entry] = [(f"x{n}", b"") for n in range(100_000)]
    twice = [("a.xhtml", chapter("again and again")), ("content.opf", opf()), ("word/document.xml", "<a/>")]
    nested = epub(a=b"")
    for _ in range(30):
        nested = epub(("inner.epub", nested))
    return [
        case("EPUB, a chapter of 10 GiB", _book_bomb(10 * GIB), "too-large", heavy=True),
        case("EPUB, a chapter of 1 GiB", _book_bomb(GIB), "too-large", heavy=True),
        case("DOCX, a document of 4 GiB", _word_bomb(4 * GIB), "too-large", heavy=True),
        case(
            "EPUB, a chapter of 30 MiB just under the ratio",
            _book_bomb(30 << 20),
            f"read no-text {REFUSED}",
            heavy=True,
        ),
        case("EPUB, 500 entries on one another", of_bytes("a.epub", lambda: _overlapping("epub")), REFUSED),
        case("DOCX, 500 entries on one another", of_bytes("a.docx", lambda: _overlapping("docx")), REFUSED),
        case("EPUB, 100,000 entries", of_bytes("a.epub", lambda: epub(*many)), "too-large", heavy=True),
        case("DOCX, 100,000 entries", of_bytes("a.docx", lambda: docx(*many)), "too-large", heavy=True),
        case(
            "EPUB, a size that lies: 10 bytes",
            of_bytes("a.epub", lambda: _lying(epub(), "a.xhtml", 10)),
            "read damaged",
        ),
        case(
            "EPUB, a size that lies: 4 GiB",
            of_bytes("a.epub", lambda: _lying(epub(), "a.xhtml", 0xFFFFFFFE)),
            "read damaged too-large",
        ),
        case(
            "DOCX, a size that lies",
            of_bytes("a.docx", lambda: _lying(docx(), "word/document.xml", 0xFFFFFFFE)),
            "read damaged too-large",
        ),
        case("EPUB, names twice", of_bytes("a.epub", lambda: epub(*twice[:2])), "read damaged"),
        case("DOCX, names twice", of_bytes("a.docx", lambda: docx(*twice[2:])), "read damaged no-text"),
        case("EPUB, encrypted entries", of_bytes("a.epub", lambda: _encrypted(epub(), "a.xhtml")), "encrypted damaged"),
        case("EPUB, its package encrypted", of_bytes("a.epub", lambda: _encrypted(epub(), "content.opf")), "encrypted"),
        case(
            "DOCX, encrypted entries", of_bytes("a.docx", lambda: _encrypted(docx(), "word/document.xml")), "encrypted"
        ),
        case("EPUB, zip64 nonsense", of_bytes("a.epub", lambda: _zip64_nonsense(epub())), "damaged read"),
        case("EPUB, nested 30 times", of_bytes("a.epub", lambda: nested), "read"),
        case(
            "EPUB, an unknown compression",
            of_bytes("a.epub", lambda: _relabelled(epub(), "a.xhtml", 10, b"\x63\0")),
            "damaged",
        ),
        case(
            "EPUB, 20,000 chapters of nothing",
            of_bytes("a.epub", lambda: epub(package=opf(f"{n}.xhtml" for n in range(20_000)))),
            ANY,
            heavy=True,
        ),
        case(
            "EPUB, 30,000 chapters",
            of_bytes("a.epub", lambda: epub(package=opf(f"{n}.xhtml" for n in range(30_000)))),
            "too-large",
            heavy=True,
        ),
    ]


def leading_names() -> list[Case]:
    """Names that lead out of the archive."""
    cases = [
        case(f"EPUB, a chapter named {p!r}", lambda folder, p=p: _leading_out(folder, p), "read") for p in _LEADING
    ]
    cases += [
        case(f"EPUB, a link to {t}", of_bytes("a.epub", lambda t=t: _linked("l.xhtml", t)), "read no-text")
        for t in ("/etc/passwd", f"../{CANARY_FILE}")
    ]
    for target in (f"../../{CANARY_FILE}", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:9/x"):
        for mode in ("Internal", "External"):
            cases.append(
                case(
                    f"DOCX, a part at {target}, {mode}",
                    of_bytes("a.docx", lambda t=target, m=mode: _docx_leading(t, m)),
                    "read damaged",
                )
            )
    return cases
