"""PDFs that are hostile, written by hand: bombs of streams, loops, floods of objects, titles that steer a terminal."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from tests.torture.hostile_case import CANARY_FILE, Case, case, of_bytes
from tests.torture.hostile_zip import PROSE
from tests.torture.pdf_by_hand import FONT, LINE, MIB, PAGE, flate, pdf, text

UNFIT_TITLE = "evil\u202efdp\x1b[31m\x00\x9b2J\ufffe\u2066<b>x</b><img src=file:///etc/passwd> "


def _outline(titles: Sequence[str], *, loop: bool = False, nested: bool = False) -> list[bytes]:
    """Objects from 6 on: the outline's root, then its entries."""
    last = 6 + len(titles)
    objects = [b"<</Type/Outlines/First 7 0 R/Last %d 0 R/Count %d>>" % (7 if nested else last, len(titles))]
    for number, title in enumerate(titles, start=7):
        link = b""
        if number < last:
            link = b"/First %d 0 R/Last %d 0 R" % (number + 1, number + 1) if nested else b"/Next %d 0 R" % (number + 1)
        elif loop:
            link = b"/Next 7 0 R/First 7 0 R"
        parent = number - 1 if nested else 6
        objects.append(b"<</Title%s/Parent %d 0 R/Dest[3 0 R/XYZ 0 700 0]%s>>" % (text(title), parent, link))
    return objects


def _pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % n for n in range(6, 6 + count))
    return pdf(tree=b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count), more=[PAGE % b""] * count)


def _deep_tree(depth: int) -> bytes:
    nodes = [
        b"<</Type/Pages/Parent 2 0 R/Kids[%d 0 R]/Count 1>>" % (n + 1 if n < 5 + depth else 3)
        for n in range(6, 6 + depth)
    ]
    return pdf(tree=b"<</Type/Pages/Kids[6 0 R]/Count 1>>", more=nodes)


def _to_unicode(entries: bytes) -> bytes:
    cmap = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
    cmap += b"1 begincodespacerange <00> <FF> endcodespacerange\n" + entries + b"\nendcmap end end"
    return pdf(
        font=b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        more=[b"<</Length %d>>\nstream\n" % len(cmap) + cmap + b"\nendstream"],
    )


def _image(data: bytes, width: int, height: int, filters: bytes) -> bytes:
    image = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8"
    image += b"/Filter%s/Length %d>>\nstream\n"
    return pdf(
        LINE + b"/I Do\n",
        page=b"/Annots[]",
        font=FONT,
        more=[image % (width, height, filters, len(data)) + data + b"\nendstream"],
    ).replace(b"/Font<</F1 5 0 R>>", b"/Font<</F1 5 0 R>>/XObject<</I 6 0 R>>")


def _locked(folder: Path, change: Callable[[bytes], bytes]) -> Path:
    whole, path = folder / "whole.pdf", folder / "locked.pdf"
    whole.write_bytes(pdf())
    writer = PdfWriter(clone_from=PdfReader(whole))
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(path)
    whole.unlink()
    path.write_bytes(change(path.read_bytes()))
    return path


def _actions(folder: Path) -> Path:
    target = (folder.parent / CANARY_FILE).as_posix().encode()
    more = [
        b"<</S/JavaScript/JS(app.launchURL\\('http://127.0.0.1:9/js'\\);)>>",
        b"<</S/Launch/F(/bin/sh)/Win<</F(cmd.exe)>>/Next 8 0 R>>",
        b"<</S/URI/URI(http://127.0.0.1:9/uri)/Next 9 0 R>>",
        b"<</S/SubmitForm/F<</FS/URL/F(http://127.0.0.1:9/form)>>/Next 10 0 R>>",
        b"<</S/GoToR/F(%s)/D[0/Fit]>>" % target,
        b"<</Length 0/F(%s)>>\nstream\n\nendstream" % target,
    ]
    path = folder / "actions.pdf"
    path.write_bytes(
        pdf(
            catalog=b"/OpenAction 6 0 R/AA<</WC 7 0 R>>/Names<</JavaScript<</Names[(a) 6 0 R]>>>>",
            page=b"/AA<</O 7 0 R>>",
            more=more,
        )
    )
    return path


_LOOSE = "read damaged no-text too-large"


def _case(name: str, data: Callable[[], bytes], may: str = _LOOSE, *, heavy: bool = False) -> Case:
    return case(name, of_bytes("a.pdf", data), may, heavy=heavy)


def _packed(piece: bytes, size: int, times: int = 1) -> bytes:
    data = flate(piece, size)
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return pdf(data, stream=b"/Filter[%s]" % (b"/FlateDecode" * times))


def pdfs() -> list[Case]:
    """All of them."""
    loop = b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 5>>"
    predictor = b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 2000000000/Colors 32/BitsPerComponent 16>>"
    return [
        _case("as it should be", pdf, "read"),
        _case("20,000 pages", lambda: _pages(20_000), "read", heavy=True),
        _case("100,000 pages", lambda: _pages(100_000), "too-large", heavy=True),
        _case(
            "2,000,000,000 pages, it says",
            lambda: pdf(tree=b"<</Type/Pages/Kids[3 0 R]/Count 2000000000>>"),
            "read too-large damaged",
        ),
        _case("-1 pages, it says", lambda: pdf(tree=b"<</Type/Pages/Kids[3 0 R]/Count -1>>"), "read damaged no-text"),
        _case("a page of 100 MB of text", lambda: pdf(LINE * (100 * MIB // len(LINE))), heavy=True),
        _case("a page of 100 MB of lines", lambda: pdf(b"0 0 m 9 9 l S " * (7 * MIB) + LINE), heavy=True),
        _case("a page of 1 GiB of zeros, packed", lambda: _packed(b"\0", 1024 * MIB), heavy=True),
        _case("a page of 1 GiB of text, packed twice", lambda: _packed(LINE, 1024 * MIB, 2), heavy=True),
        _case(
            "a page packed in 1,000 filters",
            lambda: pdf(zlib.compress(LINE), stream=b"/Filter[%s]" % (b"/FlateDecode" * 1000)),
        ),
        _case("a predictor of 2,000,000,000 columns", lambda: pdf(zlib.compress(LINE), stream=predictor)),
        _case(
            "an image of 60,000 x 60,000",
            lambda: _image(flate(b"\0", 64 * MIB), 60_000, 60_000, b"/FlateDecode"),
            "read",
        ),
        _case(
            "a JBIG2 image of 4 Gi x 4 Gi",
            lambda: _image(
                b"\0\0\0\0\x30\0\1\0\0\0\x13" + b"\xff" * 8 + bytes(11), 4_000_000_000, 4_000_000_000, b"/JBIG2Decode"
            ),
            "read",
        ),
        _case(
            "a JPX image that is none",
            lambda: _image(b"\0\0\0\x0cjP  \r\n\x87\n" + b"\xff" * 500, 60_000, 60_000, b"/JPXDecode"),
            "read",
        ),
        _case("a million objects", lambda: pdf(more=[b"null"] * 1_000_000), "read", heavy=True),
        _case(
            "a table of objects that leads back",
            lambda: pdf(trailer=b"/Prev 9").replace(b"/Prev 9", b"/Prev %d" % pdf().rindex(b"xref\n0")),
        ),
        _case("a page tree in a circle", lambda: pdf(tree=loop)),
        _case("a page tree of 100,000 levels", lambda: _deep_tree(100_000)),
        _case("a page that is its own content", lambda: pdf().replace(b"/Contents 4 0 R", b"/Contents 3 0 R")),
        _case(
            "contents that are 10,000 times the same",
            lambda: pdf().replace(b"/Contents 4 0 R", b"/Contents[%s]" % (b"4 0 R " * 10_000)),
            heavy=True,
        ),
        _case(
            "a form that draws itself",
            lambda: pdf(
                LINE + b"/X Do",
                page=b"/Resources<</XObject<</X 6 0 R>>/Font<</F1 5 0 R>>>>",
                more=[
                    b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 8>>"
                    b"\nstream\n/X Do\n  \nendstream"
                ],
            ),
        ),
        _case("100,000 brackets in a page", lambda: pdf(b"[" * 100_000 + LINE)),
        _case("1,000,000 states pushed", lambda: pdf(b"q " * 1_000_000 + LINE)),
        _case(
            "a dictionary of 100,000 levels",
            lambda: pdf(more=[b"<</A" * 100_000 + b">>" * 100_000], catalog=b"/X 6 0 R"),
        ),
        _case("an enormous page", lambda: pdf().replace(b"[0 0 612 792]", b"[-1e38 -1e38 1e38 1e38]"), "read no-text"),
        _case("a page without extent", lambda: pdf().replace(b"[0 0 612 792]", b"[0 0 0 0]"), "read no-text"),
        _case("text of 1e30 points", lambda: pdf(LINE.replace(b"10 Tf", b"1e30 Tf")), "read no-text"),
        _case(
            "100,000 words on one another",
            lambda: pdf(b"BT /F1 10 Tf 72 700 Td %sET" % (b"(aa) Tj -9 0 Td " * 100_000)),
        ),
        _case(
            "100,000 words in disorder",
            lambda: pdf(
                b"".join(
                    b"BT /F1 5 Tf %d %d Td (word) Tj ET " % (n * 7919 % 600, n * 104_729 % 780) for n in range(100_000)
                )
            ),
            heavy=True,
        ),
        _case(
            "letters to one huge range", lambda: _to_unicode(b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange")
        ),
        _case(
            "letters to unfit characters",
            lambda: _to_unicode(
                b"4 beginbfrange <41> <5A> <202E> <61> <6A> <D800> <6B> <72> <0000> <73> <7A> <FFFE> endbfrange"
            ),
            "read no-text damaged",
        ),
        _case(
            "letters to 500 characters each",
            lambda: _to_unicode(b"1 beginbfchar <65> <%s> endbfchar" % (b"0041" * 500)),
            "read",
        ),
        _case(
            "a font with an unfit name",
            lambda: pdf(font=b"<</Type/Font/Subtype/Type1/BaseFont/#1b[31m#e2#80#ae%s>>" % (b"x" * 30_000)),
            "read",
        ),
        _case(
            "unfit title and outline",
            lambda: pdf(
                catalog=b"/Outlines 6 0 R",
                more=[*_outline([UNFIT_TITLE, f"{UNFIT_TITLE} 2", "The ferry"]), b"<</Title%s>>" % text(UNFIT_TITLE)],
                trailer=b"/Info 10 0 R",
            ),
            "read",
        ),
        _case(
            "a title of 10 MB",
            lambda: pdf(more=[b"<</Title%s>>" % text("The ferry " * (MIB // 2))], trailer=b"/Info 6 0 R"),
            "read",
        ),
        _case(
            "a title of a million accents",
            lambda: pdf(more=[b"<</Title%s>>" % text("a" + "\u0301\u0323" * 500_000)], trailer=b"/Info 6 0 R"),
            "read",
        ),
        _case(
            "outline titles of 10 MB",
            lambda: pdf(catalog=b"/Outlines 6 0 R", more=_outline(["a\u0301\u0323" * (MIB // 2), "The ferry"])),
            "read",
        ),
        _case(
            "an outline of 1,000,000 entries",
            lambda: pdf(catalog=b"/Outlines 6 0 R", more=_outline(["The ferry"] * 1_000_000)),
            "read",
            heavy=True,
        ),
        _case(
            "an outline of 20,000 entries on a long page",
            lambda: pdf(LINE * 20_000, catalog=b"/Outlines 6 0 R", more=_outline(["ferry"] * 20_000)),
            heavy=True,
        ),
        _case(
            "an outline in a circle",
            lambda: pdf(catalog=b"/Outlines 6 0 R", more=_outline(["The ferry"] * 9, loop=True)),
            "read",
        ),
        _case(
            "an outline of 100,000 levels",
            lambda: pdf(catalog=b"/Outlines 6 0 R", more=_outline(["The ferry"] * 100_000, nested=True)),
            "read",
            heavy=True,
        ),
        case("actions, scripts and files elsewhere", _actions, "read"),
        case(
            "locked in an odd way: 2^31 bits",
            lambda folder: _locked(folder, lambda d: d.replace(b"/Length 128", b"/Length 2147483647")),
            "read password encrypted damaged no-text",
        ),
        case(
            "locked in an odd way: version 99",
            lambda folder: _locked(folder, lambda d: d.replace(b"/V 2", b"/V 99")),
            "password encrypted damaged",
        ),
        case(
            "locked in an odd way: no owner",
            lambda folder: _locked(folder, lambda d: d.replace(b"/O ", b"/Q ")),
            "password encrypted damaged",
        ),
        _case("no table, and prose in it", lambda: pdf(xref=PROSE.encode() * 1000)),
    ]
