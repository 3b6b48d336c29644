"""EPUB: spine, outlines, DRM, damage."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.core.errors import DocumentError
from app.documents.limits import ReadingLimits
from app.documents.raw import OutlineEntry
from app.documents.readers.archive import resolve
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.epub import EpubReader

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The Book</dc:title></metadata><manifest>
<item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="x" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
</manifest><spine toc="x"><itemref idref="a"/><itemref idref="b"/></spine></package>"""
NAV = """<html><body><nav epub:type="landmarks"><a href="no.xhtml">No</a></nav><nav epub:type="toc"><ol>
<li><a href="text/one.xhtml">One</a><ol><li><a href="text/one.xhtml#s">One S</a></li></ol></li>
<li><a href="text/two%20b.xhtml">Two</a></li></ol></nav></body></html>"""
NCX = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Uno</text></navLabel>
<content src="text/one.xhtml"/>
<navPoint><navLabel><text>Uno S</text></navLabel><content src="text/one.xhtml#s"/></navPoint>
</navPoint></navMap></ncx>"""
FILES = {
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/nav.xhtml": NAV,
    "OEBPS/toc.ncx": NCX,
    "OEBPS/text/one.xhtml": "<html><body><h1>One</h1><p>Text one.</p><h2 id='s'>S</h2></body></html>",
    "OEBPS/text/two b.xhtml": "<html><body><p>Text two.</p></body></html>",
}


def open_book(tmp_path: Path, files: dict[str, str], limits: ReadingLimits | None = None) -> OpenedDocument:
    path = tmp_path / "book.epub"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return EpubReader().open(path, OpenOptions(limits=limits or ReadingLimits()))


def test_spine_order_and_title(tmp_path: Path) -> None:
    """Chapters come in the order of the spine, not of the manifest."""
    book = open_book(tmp_path, FILES)
    assert (book.title, book.page_count) == ("The Book", 2)
    assert [book.read_page(n).blocks[-1].text for n in (1, 2)] == ["S", "Text two."]


def test_nav_outline(tmp_path: Path) -> None:
    """The navigation document gives titles, levels and places."""
    assert open_book(tmp_path, FILES).outline() == [
        OutlineEntry("One", 1, name="OEBPS/text/one.xhtml"),
        OutlineEntry("One S", 2, name="OEBPS/text/one.xhtml", anchor="s"),
        OutlineEntry("Two", 1, name="OEBPS/text/two b.xhtml"),
    ]


def test_damaged_outlines_cost_no_book(tmp_path: Path) -> None:
    """The NCX serves where the navigation document cannot be unpacked, nothing where neither can."""
    for damaged, titles in ((("OEBPS/nav.xhtml",), ["Uno", "Uno S"]), (("OEBPS/nav.xhtml", "OEBPS/toc.ncx"), [])):
        open_book(tmp_path, FILES).close()
        path = tmp_path / "book.epub"
        data = bytearray(path.read_bytes())
        for name in damaged:
            # Its checksum in the list of entries, 30 bytes before the name.
            data[data.rindex(name.encode()) - 30] ^= 1
        path.write_bytes(data)
        book = EpubReader().open(path, OpenOptions())
        assert [entry.title for entry in book.outline()] == titles
        assert book.read_page(1).blocks[-1].text == "S"


def test_names_with_a_prefix_of_nothing(tmp_path: Path) -> None:
    """A damaged namespace costs no book."""
    package = PACKAGE.replace("xmlns:dc=", "xmlns:dd=")
    book = open_book(tmp_path, FILES | {"OEBPS/book.opf": package})
    assert (book.title, book.page_count) == ("The Book", 2)


def test_ncx_outline(tmp_path: Path) -> None:
    """Without a navigation document the NCX serves."""
    files = {name: content for name, content in FILES.items() if "nav" not in name}
    assert [(entry.title, entry.level, entry.anchor) for entry in open_book(tmp_path, files).outline()] == [
        ("Uno", 1, ""),
        ("Uno S", 2, "s"),
    ]


@pytest.mark.parametrize(
    ("algorithm", "locked"),
    [("http://www.w3.org/2001/04/xmlenc#aes128-cbc", True), ("http://www.idpf.org/2008/embedding", False)],
)
def test_drm(tmp_path: Path, algorithm: str, locked: bool) -> None:
    """Encrypted chapters are refused as DRM; obfuscated fonts are not."""
    encryption = (
        f'<encryption><EncryptedData><EncryptionMethod Algorithm="{algorithm}"/><CipherData>'
        '<CipherReference URI="OEBPS/text/one.xhtml"/></CipherData></EncryptedData></encryption>'
    )
    files = FILES | {"META-INF/encryption.xml": encryption}
    if not locked:
        assert open_book(tmp_path, files).page_count == 2
        return
    with pytest.raises(DocumentError, match="DRM") as caught:
        open_book(tmp_path, files)
    assert caught.value.code == "drm"


def test_entity_bomb_and_zip_bomb(tmp_path: Path) -> None:
    """Entities are not expanded; an entry beyond its limit and a bomb are refused."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    book = open_book(tmp_path, FILES | {"OEBPS/book.opf": bomb + PACKAGE.replace("The Book", "&b;")})
    assert len(book.title) < 10
    with pytest.raises(DocumentError) as caught:
        open_book(tmp_path, FILES, ReadingLimits(max_unpacked_bytes=100))
    assert caught.value.code == "too-large"
    with pytest.raises(DocumentError, match="too much for a document"):
        open_book(tmp_path, FILES | {"big": "0" * (40 << 20)})


def test_missing_parts(tmp_path: Path) -> None:
    """A book without chapters is damaged; a missing chapter costs that chapter only."""
    with pytest.raises(DocumentError) as caught:
        open_book(tmp_path, {"META-INF/container.xml": CONTAINER})
    assert caught.value.code == "damaged"
    book = open_book(tmp_path, {name: content for name, content in FILES.items() if "two" not in name})
    assert book.read_page(1).blocks[0].text == "One"
    with pytest.raises(DocumentError, match="lacks its part"):
        book.read_page(2)


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        ({"META-INF/container.xml": "<cont"}, ""),
        ({"OEBPS/book.opf": "<package/>"}, "in the order in which it holds them"),
        ({"OEBPS/book.opf": ""}, "in the order in which it holds them"),
        ({"OEBPS/book.opf": PACKAGE.replace("</spine>", "<itemref")}, "some may be missing"),
        ({"OEBPS/book.opf": PACKAGE.replace('id="b"', 'id="c"')}, "some may be missing"),
    ],
)
def test_broken_lists_of_chapters(tmp_path: Path, damaged: dict[str, str], words: str) -> None:
    """The chapters are found without them, and where they may be others or in another order that is said."""
    book = open_book(tmp_path, FILES | damaged)
    texts = [block.text for number in range(1, book.page_count + 1) for block in book.read_page(number).blocks]
    assert "One" in texts
    assert [words in warning for warning in book.warnings] == ([True] if words else [])


def test_resolve() -> None:
    """References stay inside the container."""
    assert resolve("a/b.opf", "../c/d.xhtml") == "c/d.xhtml"
    assert resolve("a/b.opf", "../../etc/passwd") == ""
    assert resolve("b.opf", "/etc/passwd") == ""
    assert resolve("b.opf", "http://example.org/x") == ""
