"""The PDF reader: reading order, rotation, encryption, outline, pages without text."""

from __future__ import annotations

from pathlib import Path

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from app.core.errors import DocumentError
from app.documents.readers.base import OpenOptions
from app.documents.readers.pdf import PdfReader
from tests.documents.pdf_files import PAGE, column, encrypt, write_pdf

LEFT = [f"left column line number {number} of the prose" for number in range(1, 9)]
RIGHT = [f"right column line number {number} of the prose" for number in range(1, 9)]


def lines_of(path: Path, page: int = 1, password: str | None = None) -> list[str]:
    document = PdfReader().open(path, OpenOptions(password=password))
    try:
        return [line.text for line in document.read_page(page).lines]
    finally:
        document.close()


def test_two_columns_written_across(tmp_path: Path) -> None:
    """Columns are read one after the other even where the file draws them row by row."""
    left, right = column(50, 700, LEFT), column(320, 700, RIGHT)
    rows = [item for pair in zip(left, right, strict=True) for item in pair]
    path = write_pdf(
        tmp_path / "a.pdf", [[(50, 740, "A title that spans both of the columns of this page", 16), *rows]]
    )
    assert lines_of(path) == ["A title that spans both of the columns of this page", *LEFT, *RIGHT]


WIDE = [
    f"line {number} of a figure that takes the whole width of the page and most of its height too"
    for number in range(20)
]


def test_columns_under_a_wide_figure(tmp_path: Path) -> None:
    """Columns below a figure that fills most of the page are read one after the other."""
    columns = [*column(50, 400, LEFT), *column(320, 400, RIGHT)]
    path = write_pdf(tmp_path / "a.pdf", [[*column(50, 700, WIDE, size=11.0), *columns]])
    assert lines_of(path) == [*WIDE, *LEFT, *RIGHT]


def test_large_bullets_beside_a_narrow_gutter(tmp_path: Path) -> None:
    """A bullet set larger than the text does not join its line to the column on its left."""
    left = column(50, 700, LEFT, size=9.0)
    edge = 50 + max(stringWidth(line, "Helvetica", 9.0) for line in LEFT)
    bullets = column(edge + 14, 700, ["•"] * 8, size=9.0)
    bullets = [(x, y, text, 15.0) for x, y, text, _ in bullets]
    right = column(edge + 22, 700, RIGHT, size=9.0)
    rows = [item for row in zip(left, bullets, right, strict=True) for item in row]
    path = write_pdf(tmp_path / "a.pdf", [rows])
    assert lines_of(path) == [*LEFT, *(f"• {line}" for line in RIGHT)]


def test_table_of_long_cells_under_text(tmp_path: Path) -> None:
    """Long cells that the file draws row by row under wide lines stay rows."""
    left, right = column(50, 400, LEFT), column(320, 400, RIGHT)
    rows = [item for pair in zip(left, right, strict=True) for item in pair]
    path = write_pdf(tmp_path / "a.pdf", [[*column(50, 700, WIDE, size=11.0), *rows]])
    assert lines_of(path) == [*WIDE, *(f"{one} {other}" for one, other in zip(LEFT, RIGHT, strict=True))]


def test_table_is_read_by_rows(tmp_path: Path) -> None:
    """Short cells side by side are rows of a table, not columns of prose."""
    names = column(50, 700, [f"item {number}" for number in range(8)])
    prices = column(320, 700, [f"{number}.50" for number in range(8)])
    path = write_pdf(tmp_path / "a.pdf", [names + prices])
    assert lines_of(path) == [f"item {number} {number}.50" for number in range(8)]


def test_file_order_up_the_page(tmp_path: Path) -> None:
    """A file that draws its lines from the bottom up is still read from the top down."""
    path = write_pdf(tmp_path / "a.pdf", [list(reversed(column(50, 700, LEFT)))])
    assert lines_of(path) == LEFT


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_rotated_page(tmp_path: Path, rotate: int) -> None:
    """A page's rotation changes nothing in its text."""
    path = write_pdf(tmp_path / "a.pdf", [column(50, 500, LEFT)], rotate=rotate)
    assert lines_of(path) == LEFT


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_text(tmp_path: Path, angle: int) -> None:
    """Text drawn sideways is put upright before its lines are ordered."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=PAGE)
    canvas.translate(306, 396)
    canvas.rotate(angle)
    for x, y, text, size in column(-200, 200, LEFT):
        canvas.setFont("Helvetica", size)
        canvas.drawString(x, y, text)
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == LEFT


def test_fake_bold_and_hidden_text(tmp_path: Path) -> None:
    """A letter printed twice counts once; text outside the page is not read."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=PAGE)
    canvas.setFont("Helvetica", 12)
    x = 72.0
    for letter in "BOOKS":
        canvas.drawString(x, 700, letter)
        canvas.drawString(x + 0.4, 700, letter)
        x += canvas.stringWidth(letter, "Helvetica", 12)
    canvas.drawString(700, 700, "outside")
    canvas.drawString(72, 650, "inside")
    canvas.save()
    assert lines_of(tmp_path / "a.pdf") == ["BOOKS", "inside"]


def test_outline(tmp_path: Path) -> None:
    """Bookmarks come with level and page."""
    pages = [column(50, 700, LEFT)] * 3
    path = write_pdf(tmp_path / "a.pdf", pages, outline=[("One", 0, 1), ("One A", 1, 2), ("Two", 0, 3)])
    entries = PdfReader().open(path, OpenOptions()).outline()
    assert [(entry.title, entry.level, entry.page) for entry in entries] == [
        ("One", 1, 1),
        ("One A", 2, 2),
        ("Two", 1, 3),
    ]


def test_page_without_text(tmp_path: Path) -> None:
    """An empty page and a drawing each say why they give no text."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=PAGE)
    canvas.showPage()
    canvas.rect(10, 10, 50, 50)
    canvas.showPage()
    canvas.save()
    document = PdfReader().open(tmp_path / "a.pdf", OpenOptions())
    assert [document.read_page(number).problem for number in (1, 2)] == [
        "no text: an empty page",
        "no text: only drawings",
    ]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_encryption(tmp_path: Path, algorithm: str) -> None:
    """An empty password opens by itself; another one is asked for by name, and a wrong one is called wrong."""
    plain = write_pdf(tmp_path / "plain.pdf", [column(50, 700, LEFT)])
    assert lines_of(encrypt(plain, tmp_path / "open.pdf", user="", algorithm=algorithm)) == LEFT
    locked = encrypt(plain, tmp_path / "locked.pdf", user="sésame", algorithm=algorithm)
    assert lines_of(locked, password="sésame") == LEFT
    for password, words in ((None, "give its password with --password"), ("no", "check the password")):
        with pytest.raises(DocumentError, match=words) as caught:
            lines_of(locked, password=password)
        assert caught.value.code == "password"


def test_damaged(tmp_path: Path) -> None:
    """A header without a document is refused as damaged."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"nonsense " * 100)
    with pytest.raises(DocumentError) as caught:
        lines_of(path)
    assert caught.value.code == "damaged"


def test_lost_header_is_rescued(tmp_path: Path) -> None:
    """A file whose header is gone is read by the slower parser, and the user is told."""
    plain = write_pdf(tmp_path / "plain.pdf", [column(50, 700, LEFT)])
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"#" * 2000 + plain.read_bytes()[9:])
    document = PdfReader().open(broken, OpenOptions())
    assert "\n".join(LEFT) in "\n".join(block.text for block in document.read_page(1).blocks)
    assert document.warnings == ["broken.pdf is damaged; what could be saved of it was read."]
