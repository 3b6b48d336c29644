"""An EPUB's package document: which entries are chapters, in which order, and where the tables of contents are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from app.core.errors import DocumentError
from app.documents.readers.archive import Archive, resolve

_CONTAINER = "META-INF/container.xml"
_PAGE_TYPES = ("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document")
_PAGE_ENDINGS = (".xhtml", ".html", ".htm")
_NCX_TYPE = "application/x-dtbncx+xml"


@dataclass(frozen=True, slots=True)
class Package:
    """What a book says of itself; names are those of the container's entries, '' for none."""

    spine: tuple[str, ...]
    """The chapters in the order of reading; at least one."""
    nav: str
    """The navigation document (EPUB 3)."""
    ncx: str
    """The older table of contents (EPUB 2)."""
    title: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """A line of the manifest."""

    path: str
    media_type: str
    properties: Sequence[str]

    @property
    def is_page(self) -> bool:
        """Whether it is of a type that can be a chapter, or does not say."""
        return self.media_type in ("", *_PAGE_TYPES)


def read_package(archive: Archive, file_name: str) -> Package:
    """The package of a book, or as much of it as can be made out. Raises DocumentError where no chapter can."""
    entry = _package_entry(archive)
    found = archive.find_xml(entry)
    root = etree.Element("package") if found is None else found  # the chapters may be found without it
    items = {node.get("id"): _item(entry, node) for node in tags(root, "item") if node.get("href")}
    references = [node.get("idref") for node in tags(root, "itemref")]
    spine = [items[key].path for key in references if key in items and items[key].is_page]
    nav = next((item.path for item in items.values() if "nav" in item.properties), "")
    warnings: tuple[str, ...] = ()
    if not spine:
        spine = _named_as_pages(archive, nav)
        warnings = (f"{file_name} is damaged: its chapters come in the order in which it holds them.",)
    elif entry in archive.mended or not items.keys() >= set(references):
        warnings = (f"{file_name} is damaged in its list of chapters: some may be missing.",)
    if not spine:
        raise DocumentError(f"{file_name} lists no chapters: get a fresh copy", code="damaged")
    title = next((node.text for node in tags(root, "title") if node.text), "")
    return Package(tuple(dict.fromkeys(spine)), nav, _ncx(root, items), title, warnings)


def _named_as_pages(archive: Archive, nav: str) -> list[str]:
    return [name for name in archive.names if name.lower().endswith(_PAGE_ENDINGS) and name != nav]


def tags(root: etree._Element, name: str) -> list[etree._Element]:
    """All elements of that name in whatever namespace: broken books mix them up."""
    return [node for node in root.iter() if local_name(node) == name]


def local_name(node: etree._Element) -> str:
    """Without namespace, and without a prefix that broken XML leaves there; '' for what is no element."""
    return re.split("[}:]", node.tag)[-1] if isinstance(node.tag, str) else ""


def _package_entry(archive: Archive) -> str:
    """The entry that lists all others; where the container does not say, the one that is named as such. '' for none."""
    container = archive.find_xml(_CONTAINER)
    for node in tags(container, "rootfile") if container is not None else ():
        name = node.get("full-path")
        if name and name in archive:
            return name
    return next((name for name in archive.names if name.lower().endswith(".opf")), "")


def _item(entry: str, node: etree._Element) -> _Item:
    path = resolve(entry, unquote(node.get("href") or ""))
    return _Item(path, node.get("media-type") or "", (node.get("properties") or "").split())


def _ncx(root: etree._Element, items: dict[str | None, _Item]) -> str:
    """The entry that the spine names, else the first of that type."""
    spine = tags(root, "spine")
    named = items.get(spine[0].get("toc")) if spine else None
    if named is not None and named.path:
        return named.path
    return next((item.path for item in items.values() if item.media_type == _NCX_TYPE), "")
