"""PDFs of one page written by hand, so that any part of them can be wrong."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

LINE = b"BT /F1 10 Tf 72 700 Td (The ferry leaves the island at seven.) Tj ET\n"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
MIB = 1 << 20
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>%s>>"


def pdf(
    content: bytes = LINE,
    *,
    catalog: bytes = b"",
    page: bytes = b"",
    tree: bytes = b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    stream: bytes = b"",
    font: bytes = FONT,
    more: Sequence[bytes] = (),
    trailer: bytes = b"",
    xref: bytes | None = None,
) -> bytes:
    """One page: objects 1 catalog, 2 page tree, 3 page, 4 its content, 5 font, and `more` from 6 on.

    catalog, page, stream, trailer: written into those dictionaries; xref: in place of the right table.
    """
    body = b"<<%s/Length %d>>\nstream\n" % (stream, len(content)) + content + b"\nendstream"
    objects = [b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog, tree, PAGE % page, body, font, *more]
    parts, places, at = [b"%PDF-1.7\n"], [], 9
    for number, data in enumerate(objects, start=1):
        part = b"%d 0 obj\n" % number + data + b"\nendobj\n"
        places.append(b"%010d 00000 n \n" % at)
        parts.append(part)
        at += len(part)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(places)
    end = b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, at)
    return b"".join(parts) + (table if xref is None else xref) + end


def flate(piece: bytes, size: int) -> bytes:
    """So many bytes of a repeated piece, packed without having them all at once."""
    packer = zlib.compressobj(9)
    block = piece * (MIB // len(piece))
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


def text(title: str) -> bytes:
    """A text string of a PDF."""
    return b"<" + (b"\xfe\xff" + title.encode("utf-16-be", "surrogatepass")).hex().encode() + b">"
