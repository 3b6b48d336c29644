"""EPUB 2 and 3: the spine's chapters in order, the outline from nav or ncx."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urldefrag

from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from app.core.errors import DocumentError
from app.documents.raw import OutlineEntry, RawPage
from app.documents.readers.archive import Archive, resolve
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.html import decode_html, html_blocks

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGE_TYPES = ("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document")
_MAX_OUTLINE_ENTRIES = 20_000


def _tags(root: etree._Element, name: str) -> list[etree._Element]:
    """All elements of that name in whatever namespace: broken books mix them up."""
    return [node for node in root.iter() if isinstance(node.tag, str) and etree.QName(node).localname == name]


class EpubReader:
    """The EPUB format."""

    format = "epub"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Open a book; raises DocumentError for one that is damaged or locked by DRM."""
        archive = Archive(path, options.limits)
        rootfiles = [node.get("full-path") for node in _tags(archive.read_xml(_CONTAINER), "rootfile")]
        package = next((name for name in rootfiles if name and name in archive), None)
        if package is None:
            raise DocumentError(f"{path.name} names no package file: get a fresh copy", code="damaged")
        return EpubFile(path, archive, package)


class EpubFile:
    """An open book; its 'pages' are the entries of the spine."""

    paged = False

    def __init__(self, path: Path, archive: Archive, package: str) -> None:
        self._archive = archive
        root = archive.read_xml(package)
        items = {node.get("id"): node for node in _tags(root, "item") if node.get("href")}
        self._paths = {key: resolve(package, unquote(node.get("href") or "")) for key, node in items.items()}
        references = [node.get("idref") for node in _tags(root, "itemref")]
        self._spine = list(
            dict.fromkeys(
                self._paths[key]
                for key in references
                if key in items and (items[key].get("media-type") or _PAGE_TYPES[0]) in _PAGE_TYPES
            )
        )
        self._nav = next(
            (self._paths[key] for key, node in items.items() if "nav" in (node.get("properties") or "").split()), ""
        )
        spine = _tags(root, "spine")
        ncx = spine[0].get("toc") if spine else None
        self._ncx = self._paths.get(ncx, "") or next(
            (self._paths[key] for key, node in items.items() if node.get("media-type") == "application/x-dtbncx+xml"),
            "",
        )
        titles = [node.text for node in _tags(root, "title") if node.text]
        self.title = titles[0] if titles else ""
        self.warnings: list[str] = []
        self.page_count = len(self._spine)
        if not self._spine:
            raise DocumentError(f"{path.name} lists no chapters: get a fresh copy", code="damaged")
        self._refuse_drm(path)

    def _refuse_drm(self, path: Path) -> None:
        if _ENCRYPTION not in self._archive:
            return
        for data in _tags(self._archive.read_xml(_ENCRYPTION), "EncryptedData"):
            methods = {node.get("Algorithm") for node in _tags(data, "EncryptionMethod")}
            targets = {unquote(node.get("URI") or "") for node in _tags(data, "CipherReference")}
            if not methods <= set(_FONT_OBFUSCATION) and targets & set(self._spine):
                raise DocumentError(
                    f"{path.name} is locked by DRM: only books without copy protection can be read", code="drm"
                )

    def read_page(self, number: int) -> RawPage:
        """One chapter's blocks."""
        name = self._spine[number - 1]
        _, blocks = html_blocks(decode_html(self._archive.read(name)), xml=True)
        return RawPage(number, blocks=tuple(blocks), name=name)

    def outline(self) -> list[OutlineEntry]:
        """The navigation document's table of contents, else the NCX's."""
        entries = self._nav_entries() if self._nav in self._archive else []
        if not entries and self._ncx in self._archive:
            entries = self._ncx_entries()
        return entries[:_MAX_OUTLINE_ENTRIES]

    def _entry(self, base: str, target: str, title: str, level: int) -> OutlineEntry:
        address, fragment = urldefrag(target)
        name = resolve(base, unquote(address)) if address else base
        return OutlineEntry(" ".join(title.split()), level, name=name, anchor=unquote(fragment))

    def _nav_entries(self) -> list[OutlineEntry]:
        tree = LexborHTMLParser(decode_html(self._archive.read(self._nav)))
        navs = tree.css("nav")
        chosen = next((nav for nav in navs if "toc" in (nav.attributes.get("epub:type") or "").split()), None)
        chosen = chosen or (navs[0] if navs else None)
        entries: list[OutlineEntry] = []
        for link in chosen.css("a[href]") if chosen is not None else []:
            level, parent = 0, link.parent
            while parent is not None and parent.tag != "nav":
                level += parent.tag == "ol"
                parent = parent.parent
            entries.append(self._entry(self._nav, link.attributes["href"] or "", link.text(deep=True), max(1, level)))
        return entries

    def _ncx_entries(self) -> list[OutlineEntry]:
        entries: list[OutlineEntry] = []
        for point in _tags(self._archive.read_xml(self._ncx), "navPoint"):
            labels, contents = _tags(point, "text"), _tags(point, "content")
            if not labels or not contents:
                continue
            level = 1 + sum(
                isinstance(above.tag, str) and etree.QName(above).localname == "navPoint"
                for above in point.iterancestors()
            )
            title = "".join(str(piece) for piece in labels[0].itertext())
            entries.append(self._entry(self._ncx, contents[0].get("src") or "", title, level))
        return entries

    def close(self) -> None:
        self._archive.close()
