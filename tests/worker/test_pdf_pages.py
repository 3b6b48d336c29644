"""Pages drawn and searched by PDFium: boxes lie on what is drawn, however the page is cropped and turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import reportlab
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Rectangle
from pypdf.generic import RectangleObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from app.core.errors import DocumentError
from app.documents.readers.base import OpenOptions
from app.worker.pdf_pages import MAX_PIXELS, PdfPageSource
from app.worker.render_process import OpenPages, Picture
from tests.documents.pdf_files import PAGE, column, encrypt, write_pdf

WORDS = "Only these words are drawn here"


def opened(path: Path, password: str | None = None) -> OpenPages:
    """A PDF, in this process."""
    return PdfPageSource().open(path, OpenOptions(password))


def dark(picture: Picture) -> tuple[int, int, int, int] | None:
    """left, top, right, bottom of what is dark in a picture, in pixels."""
    rows: list[int] = []
    columns: list[int] = []
    for row in range(picture.height):
        line = bytes(picture.data[row * picture.stride : row * picture.stride + 3 * picture.width])
        found = [index // 3 for index in range(0, len(line), 3) if line[index] < 128]
        if found:
            rows.append(row)
            columns += [min(found), max(found)]
    return (min(columns), rows[0], max(columns) + 1, rows[-1] + 1) if rows else None


def reframed(path: Path, *, media: Sequence[float], crop: Sequence[float], turn: int) -> Path:
    """The first page with other boxes, turned clockwise."""
    writer = PdfWriter(clone_from=PdfReader(path))
    page = writer.pages[0]
    page.mediabox = RectangleObject(media)
    page.cropbox = RectangleObject(crop)
    page.rotate(turn)
    target = path.with_name("reframed.pdf")
    writer.write(target)
    return target


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [(0, 0, 612, 792), (50, 300, 400, 760), (-100, -100, 500, 780)])
def test_boxes_lie_on_what_is_drawn(tmp_path: Path, turn: int, crop: tuple[int, int, int, int]) -> None:
    """On a page that is cropped and turned the only words drawn fill the only box."""
    path = write_pdf(tmp_path / "a.pdf", [[(90, 600, WORDS, 14)]])
    pages = opened(reframed(path, media=(-80, -60, 612, 792), crop=crop, turn=turn))
    width, height = pages.size(1)
    shown = (min(612, crop[2]) - max(-80, crop[0]), min(792, crop[3]) - max(-60, crop[1]))
    assert (width, height) == pytest.approx(shown if turn % 180 == 0 else shown[::-1])
    picture = pages.image(1, round(2 * width))
    ink = dark(picture)
    assert ink is not None and picture.height == round(2 * height)
    marked = pages.locate(1, WORDS)
    assert marked.share == 1.0 and len(marked.boxes) == 1
    box = [2 * side for side in marked.boxes[0]]
    assert box[0] <= ink[0] + 2 and box[1] <= ink[1] + 2 and box[2] >= ink[2] - 2 and box[3] >= ink[3] - 2
    assert ink[0] - box[0] < 14 and ink[1] - box[1] < 14 and box[2] - ink[2] < 14 and box[3] - ink[3] < 14


def test_what_is_cropped_away(tmp_path: Path) -> None:
    """Text outside the visible page is not found, and the same words inside it are."""
    path = write_pdf(tmp_path / "a.pdf", [[(90, 700, WORDS, 12), (90, 200, WORDS, 12), (90, 180, "Elsewhere too", 12)]])
    pages = opened(reframed(path, media=(0, 0, 612, 792), crop=(0, 400, 612, 792), turn=0))
    ((_, top, _, bottom),) = pages.locate(1, WORDS).boxes
    assert 80 < top < bottom < 96
    assert pages.locate(1, "Elsewhere too").boxes == ()
    assert len(pages.find(1, "drawn here", 9)) == 1
    assert pages.find(1, "elsewhere", 9) == []


def test_turned_words(tmp_path: Path) -> None:
    """Words that run up the page, or aslant, lie in their boxes."""
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=PAGE)
    canvas.saveState()
    canvas.translate(100, 200)
    canvas.rotate(90)
    canvas.drawString(0, 0, "Words that run upwards")
    canvas.restoreState()
    canvas.save()
    pages = opened(path)
    (box,) = pages.locate(1, "Words that run upwards").boxes
    ink = dark(pages.image(1, 612))
    assert ink is not None
    assert box == pytest.approx(ink, abs=8)


def test_ligatures_hyphens_and_lines(tmp_path: Path) -> None:
    """A quote is found over ligatures and a hyphenated line end: one box for each line, as high as the line."""
    pdfmetrics.registerFont(TTFont("Vera", str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")))
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=PAGE)
    canvas.setFont("Vera", 10)
    for row, line in enumerate(["Before. The ﬁrst scien-", "tiﬁc ﬂower of the", "garden. After it."]):
        canvas.drawString(72, 700 - 14 * row, line)
    canvas.save()
    boxes = opened(path).locate(1, "The first scientific flower of the garden.").boxes
    assert [round(top / 14) for _, top, _, _ in boxes] == [6, 7, 8]
    assert [left > 73 for left, _, _, _ in boxes] == [True, False, False]
    assert all(8 < bottom - top < 14 for _, top, _, bottom in boxes)
    ends = 72 + pdfmetrics.stringWidth("garden.", "Vera", 10)
    assert boxes[2][2] == pytest.approx(ends, abs=1)


def test_two_columns(tmp_path: Path) -> None:
    """A quote that goes on in the next column has boxes in both, and none over the gutter."""
    left = ["Some words stand above.", "This sentence begins in", "the column on the left"]
    right = ["and it ends in the other", "one, on the right side.", "Some words stand below."]
    path = write_pdf(tmp_path / "a.pdf", [column(50, 700, left) + column(320, 700, right)])
    marked = opened(path).locate(
        1, "This sentence begins in the column on the left and it ends in the other one, on the right side."
    )
    assert marked.share == 1.0
    assert [(round(box[0]), round(box[1] / 12)) for box in marked.boxes] == [(50, 8), (50, 9), (320, 7), (320, 8)]
    assert all(box[2] < 180 for box in marked.boxes[:2])


def test_printed_twice(tmp_path: Path) -> None:
    """Letters printed twice for boldness are one letter to quotes and searches."""
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=PAGE)
    x = 72.0
    for char in "Bold heading":
        canvas.drawString(x, 700, char)
        canvas.drawString(x + 0.3, 700, char)
        x += pdfmetrics.stringWidth(char, "Helvetica", 12)
    canvas.save()
    pages = opened(path)
    assert len(pages.locate(1, "Bold heading").boxes) == 1
    assert [hit.match for hit in pages.find(1, "heading", 9)] == ["heading"]


def test_find(tmp_path: Path) -> None:
    """Hits in order with what stands around them; one over a line's end has two boxes; no more than asked for."""
    path = write_pdf(
        tmp_path / "a.pdf", [column(72, 700, ["A linear recur-", "rence here, and there a", "RECURRENCE."])]
    )
    pages = opened(path)
    hits = pages.find(1, "recurrence", 9)
    assert [(len(hit.boxes), hit.match, hit.after) for hit in hits] == [
        (2, "recurrence", " here, and there a RECURRENCE."),
        (1, "RECURRENCE", "."),
    ]
    assert len(pages.find(1, "re", 2)) == 2


def test_annotation(tmp_path: Path) -> None:
    """A rectangle that a reader drew on the page is drawn."""
    writer = PdfWriter(clone_from=PdfReader(write_pdf(tmp_path / "a.pdf", [[]])))
    writer.add_annotation(0, Rectangle((100, 600, 300, 700)))
    writer.write(tmp_path / "b.pdf")
    assert dark(opened(tmp_path / "b.pdf").image(1, 612)) == pytest.approx((100, 92, 300, 192), abs=2)


def test_form_field(tmp_path: Path) -> None:
    """What is filled into a form is drawn."""
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=PAGE)
    canvas.acroForm.textfield(value="FILLED IN", x=100, y=600, width=200, height=30, borderWidth=0, fillColor=None)
    canvas.showPage()
    canvas.save()
    ink = dark(opened(path).image(1, 612))
    assert ink is not None
    assert ink[0] >= 98 and ink[2] <= 302 and ink[1] >= 160 and ink[3] <= 194


@pytest.mark.parametrize("size", [(612.0, 792.0), (20.0, 14_000.0), (14_000.0, 20.0), (3.0, 3.0)])
def test_largest_picture(tmp_path: Path, size: tuple[float, float]) -> None:
    """A picture of too many pixels is made smaller in both directions; its rows fill whole words."""
    path = tmp_path / "a.pdf"
    canvas = Canvas(str(path), pagesize=size)
    canvas.showPage()
    canvas.save()
    picture = opened(path).image(1, 15_000)
    assert picture.width * picture.height <= MAX_PIXELS * 1.001
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert picture.stride % 4 == 0 and len(picture.data) == picture.stride * picture.height


def test_encrypted_and_damaged(tmp_path: Path) -> None:
    """The reader's own words where a PDF cannot be opened, and others where it can only be read."""
    plain = write_pdf(tmp_path / "plain.pdf", [[(90, 700, WORDS, 12)]])
    locked = encrypt(plain, tmp_path / "locked.pdf", user="secret", algorithm="AES-256")
    assert opened(locked, "secret").page_count == 1
    for password in (None, "wrong"):
        with pytest.raises(DocumentError, match="encrypted") as caught:
            opened(locked, password)
        assert caught.value.code == "password"
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\n" + bytes(500))
    with pytest.raises(DocumentError, match="damaged beyond repair") as caught:
        opened(broken)
    assert caught.value.code == "damaged"


def test_only_read(shared_data: Path) -> None:
    """A PDF that only the slower parser can read is not shown, and says so."""
    with pytest.raises(DocumentError, match="it can be read but not shown") as caught:
        opened(shared_data / "pdfs_bad" / "qpdf__issue-99.pdf")
    assert caught.value.code == "damaged"
