"""PDF files made for the tests with reportlab and pypdf."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

PAGE = (612.0, 792.0)

Placed = tuple[float, float, str, float]
"""x, y (from the bottom, points), text, font size."""


def write_pdf(
    path: Path, pages: Sequence[Sequence[Placed]], *, rotate: int = 0, outline: Sequence[tuple[str, int, int]] = ()
) -> Path:
    """A PDF with text at given places; `outline` holds (title, level from 0, page from 1)."""
    canvas = Canvas(str(path), pagesize=PAGE)
    for number, page in enumerate(pages, start=1):
        for x, y, text, size in page:
            canvas.setFont("Helvetica", size)
            canvas.drawString(x, y, text)
        for title, level, target in outline:
            if target == number:
                canvas.bookmarkPage(title)
                canvas.addOutlineEntry(title, title, level)
        canvas.setPageRotation(rotate)
        canvas.showPage()
    canvas.save()
    return path


def column(x: float, y: float, lines: Sequence[str], *, size: float = 10.0) -> list[Placed]:
    """Lines under one another, 1.2 font sizes apart."""
    return [(x, y - 1.2 * size * index, line, size) for index, line in enumerate(lines)]


def encrypt(path: Path, target: Path, *, user: str, algorithm: str) -> Path:
    """A copy of a PDF under a user password."""
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(user_password=user, owner_password="owner", algorithm=algorithm)
    writer.write(target)
    return target
