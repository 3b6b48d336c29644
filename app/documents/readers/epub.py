"""EPUB 2 and 3: the spine's chapters in order, the outline from nav or ncx."""

from __future__ import annotations

import re
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
_PAGE_ENDINGS = (".xhtml", ".html", ".htm")
_MAX_OUTLINE_ENTRIES = 20_000


def _tags(root: etree._Element, name: str) -> list[etree._Element]:
    """All elements of that name in whatever namespace: broken books mix them up."""
    return [node for node in root.iter() if _local_name(node) == name]


def _local_name(node: etree._Element) -> str:
    """Without namespace, and without a prefix that broken XML leaves there; '' for what is no element."""
    return re.split("[}:]", node.tag)[-1] if isinstance(node.tag, str) else ""


class EpubReader:
    """The EPUB format."""

    format = "epub"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Open a book; raises DocumentError for one that is damaged or locked by DRM."""
        archive = Archive(path, options.limits)
        return EpubFile(path, archive, _package(archive))


def _package(archive: Archive) -> str:
    """The entry that lists all others; where the container does not say, the one that is named as such. '' for none."""
    container = archive.find_xml(_CONTAINER)
    for node in _tags(container, "rootfile") if container is not None else ():
        name = node.get("full-path")
        if name and name in archive:
            return name
    return next((name for name in archive.names if name.lower().endswith(".opf")), "")


class EpubFile:
    """An open book; its 'pages' are the entries of the spine."""

    paged = False

    def __init__(self, path: Path, archive: Archive, package: str) -> None:
        self._archive, self._file_name = archive, path.name
        found = archive.find_xml(package)
        root = etree.Element("package") if found is None else found  # the chapters may be found without it
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
        if not self._spine:
            self._spine = [name for name in archive.names if name.lower().endswith(_PAGE_ENDINGS) and name != self._nav]
            self.warnings.append(f"{path.name} is damaged: its chapters come in the order in which it holds them.")
        elif package in archive.mended or not items.keys() >= set(references):
            self.warnings.append(f"{path.name} is damaged in its list of chapters: some may be missing.")
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
        data = self._archive.read(name)
        if not data:
            problem = f"damaged: {self._file_name} is damaged in its part {name}, which is empty"
            return RawPage(number, problem=problem, name=name)
        _, blocks = html_blocks(decode_html(data), xml=True)
        return RawPage(number, blocks=tuple(blocks), name=name)

    def outline(self) -> list[OutlineEntry]:
        """The navigation document's table of contents, else the NCX's; none where both are damaged."""
        for name, read in ((self._nav, self._nav_entries), (self._ncx, self._ncx_entries)):
            if name not in self._archive:
                continue
            try:
                if entries := read():
                    return entries[:_MAX_OUTLINE_ENTRIES]
            except DocumentError as error:
                if error.code != "damaged":
                    raise
        return []

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
            level = 1 + sum(_local_name(above) == "navPoint" for above in point.iterancestors())
            title = "".join(str(piece) for piece in labels[0].itertext())
            entries.append(self._entry(self._ncx, contents[0].get("src") or "", title, level))
        return entries

    def close(self) -> None:
        self._archive.close()
