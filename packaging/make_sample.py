"""Make the sample PDF from its public-domain text: `python packaging/make_sample.py` (needs the dev extras).

The page is set like a book's, because that is what a reader of PDFs has to cope with: justified lines broken by
hyphens, a running header that changes with the chapter, page numbers, a contents page and a two-level outline.
The same text gives the same bytes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus.tableofcontents import TableOfContents

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "sample"
SOURCE = FOLDER / "forests-and-waters.txt"
TARGET = FOLDER / "forests-and-waters.pdf"

PAGE_WIDTH, PAGE_HEIGHT = 5.5 * inch, 8.5 * inch
MARGIN = 0.75 * inch

BODY = ParagraphStyle(
    "body",
    fontName="Times-Roman",
    fontSize=11,
    leading=14.5,
    alignment=TA_JUSTIFY,
    firstLineIndent=14,
    hyphenationLang="en_US",
    hyphenationMinWordLength=6,
)
CHAPTER = ParagraphStyle("chapter", fontName="Times-Bold", fontSize=16, leading=20, spaceBefore=30, spaceAfter=22)
SECTION = ParagraphStyle("section", fontName="Times-Italic", fontSize=12.5, leading=16, spaceBefore=14, spaceAfter=6)
SECTION_NEEDS = 1.1 * inch
"""Height that must be left on the page for a section to begin on it."""
TITLE = ParagraphStyle("title", fontName="Times-Bold", fontSize=24, leading=30, alignment=TA_CENTER)
SUBTITLE = ParagraphStyle("subtitle", fontName="Times-Roman", fontSize=13, leading=18, alignment=TA_CENTER)
CONTENTS = [
    ParagraphStyle("contents0", fontName="Times-Bold", fontSize=9.5, leading=11.5, spaceBefore=4),
    ParagraphStyle("contents1", fontName="Times-Roman", fontSize=9.5, leading=11, leftIndent=14),
]


@dataclass(frozen=True, slots=True)
class Book:
    """The parsed text: `blocks` holds (kind, text) with kind "chapter", "section" or "paragraph", in order."""

    title: str
    subtitle: str
    author: str
    blocks: tuple[tuple[str, str], ...]


def parse(text: str) -> Book:
    """Three lines of title, then blocks parted by blank lines; `# ` begins a chapter's title, `## ` a section's."""
    head, *blocks = (block for block in text.split("\n\n") if block.strip())
    title, subtitle, author = head.splitlines()
    parsed: list[tuple[str, str]] = []
    for block in blocks:
        line = " ".join(block.split())
        if line.startswith("## "):
            parsed.append(("section", line[3:]))
        elif line.startswith("# "):
            parsed.append(("chapter", line[2:]))
        else:
            parsed.append(("paragraph", line))
    return Book(title, subtitle, author, tuple(parsed))


class BookTemplate(BaseDocTemplate):
    """A book's page: running header (the book's title left, the chapter's right) and the page number below."""

    def __init__(self, target: Path, book: Book) -> None:
        # `invariant` leaves the time and random identifiers out of the file.
        super().__init__(
            str(target),
            pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
            title=book.title,
            author=book.author,
            subject=book.subtitle,
            creator="Griffin Desk",
            lang="en-US",
            invariant=1,
            pageCompression=1,
        )
        self.book = book
        self.chapter = ""
        frame = Frame(MARGIN, MARGIN, PAGE_WIDTH - 2 * MARGIN, PAGE_HEIGHT - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates([PageTemplate("book", [frame], onPageEnd=self._draw_header)])

    def beforeDocument(self) -> None:  # noqa: N802 - reportlab's name
        """Each of the passes over the text starts without a chapter."""
        self.chapter = ""

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        """Enter each heading into the outline and the table of contents."""
        level = {"chapter": 0, "section": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is None:
            return
        text = flowable.getPlainText()
        if level == 0:
            self.chapter = text
        key = f"heading-{self.seq.nextf('heading')}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level=level)
        self.notify("TOCEntry", (level, escape(text), self.page, key))

    def _draw_header(self, canvas: Canvas, _template: BaseDocTemplate) -> None:
        if self.page == 1:
            return
        canvas.setFont("Times-Italic", 9)
        header = self.book.title if self.page % 2 == 0 else self.chapter.split(" (")[0]
        canvas.drawCentredString(PAGE_WIDTH / 2, PAGE_HEIGHT - 0.5 * inch, header)
        canvas.setFont("Times-Roman", 9)
        canvas.drawCentredString(PAGE_WIDTH / 2, 0.45 * inch, str(self.page))


def make_pdf(source: Path, target: Path) -> None:
    """Read the text at `source` and write the PDF to `target`."""
    book = parse(source.read_text(encoding="utf-8"))
    contents = TableOfContents(levelStyles=CONTENTS)
    story: list[Flowable] = [
        Spacer(1, 1.8 * inch),
        Paragraph(escape(book.title), TITLE),
        Spacer(1, 14),
        Paragraph(escape(book.subtitle), SUBTITLE),
        Spacer(1, 30),
        Paragraph(escape(book.author), SUBTITLE),
        PageBreak(),
        Paragraph("Contents", ParagraphStyle("contents", parent=CHAPTER, spaceAfter=8)),
        contents,
    ]
    styles = {"chapter": CHAPTER, "section": SECTION, "paragraph": BODY}
    for kind, text in book.blocks:
        if kind == "chapter":
            story.append(PageBreak())
        elif kind == "section":
            story.append(CondPageBreak(SECTION_NEEDS))
        story.append(Paragraph(escape(text), styles[kind]))
    BookTemplate(target, book).multiBuild(story)


if __name__ == "__main__":
    make_pdf(SOURCE, TARGET)
    sys.stdout.write(f"wrote {TARGET}\n")
