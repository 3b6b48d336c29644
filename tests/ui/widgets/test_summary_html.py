from __future__ import annotations

from PySide6.QtGui import QTextDocument

from app.tasks.model import SectionNotes
from app.ui.theme import colours
from app.ui.widgets.summary_html import CitationLinks, LineBlock, Paragraph, ParagraphKind, SectionBlock, TextBlock
from tests.ui.widgets.summary_lines import DAMS, MEDAL, cited


def text(paragraph: Paragraph) -> str:
    """A paragraph as it is read."""
    document = QTextDocument()
    document.setHtml(paragraph.html)
    return document.toPlainText().replace("\u00a0", " ")


def test_line_has_a_chip_for_each_page() -> None:
    """In the order of pages, each leading to the first quote on it."""
    links = CitationLinks()
    (line,) = LineBlock(DAMS, "p.").paragraphs(links)
    assert text(line) == "•  Dams hold water.  p. 57   p. 58 "
    assert (line.html.index("cite:0"), line.kind) == (line.html.index("cite:"), ParagraphKind.BULLETED)
    assert [links.find("cite:0"), links.find("cite:1")] == [DAMS.citations[1], DAMS.citations[0]]


def test_unsupported_line_is_marked_in_words_and_colour() -> None:
    """Its text is no markup."""
    (line,) = LineBlock(MEDAL, "p.").paragraphs(CitationLinks())
    words = "[not supported by the text; nowhere in it: Halvorsen, a medal]"
    assert text(line) == f"•  Halvorsen had <b>medals</b>. {words}"
    assert line.html.startswith(f'<span style="color:{colours().unsupported.name()}">')


def test_section_has_its_pages() -> None:
    """After the title, or alone where it has none; without notes it says so."""
    heading, line = SectionBlock(SectionNotes(0, "A & <b>", 3, 7, (DAMS,)), "part").paragraphs(CitationLinks())
    assert text(heading) == "A & <b>  part 3-7"
    assert (heading.kind, line.kind) == (ParagraphKind.HEADING, ParagraphKind.BULLETED)
    heading, nothing = SectionBlock(SectionNotes(0, " ", 3, 3, ()), "p.").paragraphs(CitationLinks())
    assert (text(heading), text(nothing)) == ("p. 3", "No sentence worth quoting.")


def test_own_words() -> None:
    """A line with a hyphen is an item; without a heading there is none."""
    shown = list(TextBlock("Coverage", ("1 of 2 <pages>", "- page 2: *")).paragraphs(CitationLinks()))
    assert list(map(text, shown)) == ["Coverage", "1 of 2 <pages>", "•  page 2: *"]
    assert [item.kind for item in TextBlock("", ("a",)).paragraphs(CitationLinks())] == [ParagraphKind.PLAIN]


def test_only_own_addresses_lead_anywhere() -> None:
    """Whatever a link says."""
    links = CitationLinks()
    assert links.find(links.add(cited(4))) == cited(4)
    for address in ("", "0", "cite:1", "cite:-1", "cite:x", "cite:²", "https://elsewhere.example"):
        assert links.find(address) is None
