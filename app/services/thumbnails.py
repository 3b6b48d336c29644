"""Covers of documents for the library's list: drawn once, then kept beside the library."""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path

from app.core.whole_file import replace_file
from app.services.page_images import PageImage, thumbnail

WIDTH_PX = 160
_MAX_BYTES = 4 << 20


class ThumbnailService:
    """One small file for each document: a PPM picture, deflated. What cannot be kept is drawn again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, document_id: str, path: Path, password: str | None = None) -> PageImage | None:
        """The cover of a PDF; None for other files, and where it cannot be drawn. Takes a while the first time.

        document_id: the document's content hash; a file that holds another document by now has no cover to give.
        """
        kept = self._folder / f"{document_id}.ppm.z"
        with suppress(OSError, ValueError, zlib.error):
            return _read(kept.read_bytes())
        if path.suffix.lower() != ".pdf":
            return None
        image = thumbnail(path, WIDTH_PX, password, document_id)
        if image is not None:
            with suppress(OSError):
                self._folder.mkdir(mode=0o700, exist_ok=True)
                replace_file(kept, _written(image))
        return image

    def forget(self, document_id: str) -> None:
        """Of a document that left the library."""
        with suppress(OSError):
            (self._folder / f"{document_id}.ppm.z").unlink(missing_ok=True)


def _written(image: PageImage) -> bytes:
    rows = [image.data[y * image.stride : y * image.stride + 3 * image.width] for y in range(image.height)]
    return zlib.compress(b"P6 %d %d 255\n" % (image.width, image.height) + b"".join(rows))


def _read(data: bytes) -> PageImage:
    """ValueError and zlib.error for what is no picture of ours."""
    unpacked = zlib.decompressobj().decompress(data, _MAX_BYTES)
    head, _, pixels = unpacked.partition(b"\n")
    kind, width, height, depth = head.split(b" ")
    image = PageImage(1, int(width), int(height), 3 * int(width), pixels)
    if (kind, depth) != (b"P6", b"255") or min(image.width, image.height) < 1:
        raise ValueError("not a thumbnail")
    if len(pixels) != image.height * image.stride:
        raise ValueError("not a whole thumbnail")
    return image
