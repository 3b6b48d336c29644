"""Zip containers (EPUB, DOCX) read with care: nothing is unpacked to disk, sizes are held to limits."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from pathlib import Path

from lxml import etree

from app.core.errors import DocumentError
from app.documents.limits import ReadingLimits

_MAX_RATIO = 200
"""Text and XML pack at best about 1 to 100; a bomb packs a thousandfold."""
_RATIO_FROM_BYTES = 32 << 20
_ENCRYPTED = 1
"""Of an entry's flags."""


class Archive:
    """A zip container with limits on its entries."""

    def __init__(self, path: Path, limits: ReadingLimits) -> None:
        self._name = path.name
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DocumentError(f"{path.name} is damaged or truncated: get a fresh copy", code="damaged") from error
        entries = self._zip.infolist()
        unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise DocumentError(f"{path.name} is an encrypted zip: save it without a password", code="encrypted")
        bomb = unpacked > _RATIO_FROM_BYTES and unpacked > _MAX_RATIO * max(1, packed)
        if bomb or len(entries) > limits.max_zip_entries:
            raise DocumentError(
                f"{path.name} unpacks to {unpacked:,} bytes in {len(entries):,} entries, too much for a document",
                code="too-large",
            )
        self.names = tuple(self._zip.namelist())
        """Of all entries, in the order in which they are stored."""
        self._names = set(self.names)
        self.mended: set[str] = set()
        """XML entries that were no whole XML: what stands behind a break may be lost."""

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        """An entry's bytes; raises DocumentError when it is missing, damaged, encrypted or too large."""
        limit = self._limits.max_unpacked_bytes
        try:
            with self._zip.open(name) as stream:
                data = stream.read(limit + 1)
        except KeyError:
            raise DocumentError(f"{self._name} lacks its part {name}: get a fresh copy", code="damaged") from None
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:
            raise DocumentError(
                f"{self._name} is damaged in its part {name}: get a fresh copy", code="damaged"
            ) from error
        if len(data) > limit:
            raise DocumentError(
                f"{self._name} unpacks to more than {limit:,} bytes in {name}: refused", code="too-large"
            )
        return data

    def read_xml(self, name: str) -> etree._Element:
        """An XML entry without entities, DTD or network; raises DocumentError when it is no XML at all."""
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False, remove_comments=True
        )
        try:
            root = etree.fromstring(self.read(name), parser)
            if parser.error_log:
                self.mended.add(name)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise DocumentError(
                f"{self._name} is damaged in its part {name}: get a fresh copy", code="damaged"
            ) from error
        if root is None:
            raise DocumentError(f"{self._name} is damaged in its part {name}: get a fresh copy", code="damaged")
        return root

    def find_xml(self, name: str) -> etree._Element | None:
        """As `read_xml`, None for an entry that is missing or damaged; DocumentError for one that is too large."""
        try:
            return self.read_xml(name)
        except DocumentError as error:
            if error.code != "damaged":
                raise
            return None

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()


def resolve(base: str, reference: str) -> str:
    """The entry that a relative reference in entry `base` means; '' for one that leaves the container."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), reference))
    return "" if joined.startswith(("..", "/")) or ":" in joined.split("/")[0] else joined
