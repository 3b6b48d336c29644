"""EPUB 2 and 3: the spine's chapters in order, the outline from nav or ncx."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urldefrag

from selectolax.lexbor import LexborHTMLParser

from app.core.errors import DocumentError
from app.documents.raw import OutlineEntry, RawPage
from app.documents.readers.archive import Archive, resolve
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.epub_package import Package, local_name, read_package, tags
from app.documents.readers.html import decode_html, html_blocks

_ENCRYPTION = "META-INF/encryption.xml"
_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_MAX_OUTLINE_ENTRIES = 20_000


class EpubReader:
    """The EPUB format."""

    format = "epub"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Open a book; raises DocumentError for one that is damaged or locked by DRM."""
        archive = Archive(path, options.limits)
        return EpubFile(path, archive, read_package(archive, path.name))


class EpubFile:
    """An open book; its 'pages' are the entries of the spine."""

    paged = False

    def __init__(self, path: Path, archive: Archive, package: Package) -> None:
        self._archive, self._file_name = archive, path.name
        self._package = package
        self.title = package.title
        self.warnings = list(package.warnings)
        self.page_count = len(package.spine)
        self._refuse_drm()

    def _refuse_drm(self) -> None:
        if _ENCRYPTION not in self._archive:
            return
        for data in tags(self._archive.read_xml(_ENCRYPTION), "EncryptedData"):
            methods = {node.get("Algorithm") for node in tags(data, "EncryptionMethod")}
            targets = {unquote(node.get("URI") or "") for node in tags(data, "CipherReference")}
            if not methods <= set(_FONT_OBFUSCATION) and targets & set(self._package.spine):
                raise DocumentError(
                    f"{self._file_name} is locked by DRM: only books without copy protection can be read", code="drm"
                )

    def read_page(self, number: int) -> RawPage:
        """One chapter's blocks."""
        name = self._package.spine[number - 1]
        data = self._archive.read(name)
        if not data:
            problem = f"damaged: {self._file_name} is damaged in its part {name}, which is empty"
            return RawPage(number, problem=problem, name=name)
        _, blocks = html_blocks(decode_html(data), xml=True)
        return RawPage(number, blocks=tuple(blocks), name=name)

    def outline(self) -> list[OutlineEntry]:
        """The navigation document's table of contents, else the NCX's; none where both are damaged."""
        for name, read in ((self._package.nav, self._nav_entries), (self._package.ncx, self._ncx_entries)):
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
        tree = LexborHTMLParser(decode_html(self._archive.read(self._package.nav)))
        navs = tree.css("nav")
        chosen = next((nav for nav in navs if "toc" in (nav.attributes.get("epub:type") or "").split()), None)
        chosen = chosen or (navs[0] if navs else None)
        entries: list[OutlineEntry] = []
        for link in chosen.css("a[href]") if chosen is not None else []:
            level, parent = 0, link.parent
            while parent is not None and parent.tag != "nav":
                level += parent.tag == "ol"
                parent = parent.parent
            entries.append(
                self._entry(self._package.nav, link.attributes["href"] or "", link.text(deep=True), max(1, level))
            )
        return entries

    def _ncx_entries(self) -> list[OutlineEntry]:
        entries: list[OutlineEntry] = []
        for point in tags(self._archive.read_xml(self._package.ncx), "navPoint"):
            labels, contents = tags(point, "text"), tags(point, "content")
            if not labels or not contents:
                continue
            level = 1 + sum(local_name(above) == "navPoint" for above in point.iterancestors())
            title = "".join(str(piece) for piece in labels[0].itertext())
            entries.append(self._entry(self._package.ncx, contents[0].get("src") or "", title, level))
        return entries

    def close(self) -> None:
        """See OpenedDocument."""
        self._archive.close()
