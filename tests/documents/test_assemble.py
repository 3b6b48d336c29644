"""Raw pages to a Document: hand-set pages and blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.errors import DocumentError
from app.documents import assemble
from app.documents.assemble import build_document
from app.documents.model import PageKind
from app.documents.raw import Block, BlockKind, Line, OutlineEntry, RawDocument, RawPage

HASH = "0" * 64


def line(text: str, top: float, *, size: float = 10.0, x1: float = 300.0) -> Line:
    return Line(text, 50.0, top, x1, top + size, size, False, False, 0)


def test_outline_entries_find_their_lines() -> None:
    """A section begins where its title stands, else at its height; lost and foreign destinations are left out."""
    pages = (
        RawPage(
            1,
            lines=(
                line("Foreword without a heading runs here", 50),
                line("Chapter One", 100, size=16),
                line("Text.", 130),
            ),
        ),
        RawPage(
            2, lines=(line("More text.", 50, x1=100), line("Unnamed part begins at this line", 300), line("End.", 312))
        ),
    )
    outline = (
        OutlineEntry("Chapter one", 1, 1),
        OutlineEntry("Not on the page", 2, 2, top=295.0),
        OutlineEntry("No page", 1),
        OutlineEntry("Far away", 1, 99),
    )
    document = build_document(RawDocument("pdf", True, "", pages, outline), content_hash=HASH, file_stem="file")
    assert [(s.title, s.level, document.text[s.start : s.end].strip()[:24]) for s in document.sections] == [
        ("Beginning", 1, "Foreword without a headi"),
        ("Chapter one", 1, "Chapter One\n\nText.\nMore "),
        ("Not on the page", 2, "Unnamed part begins at t"),
    ]
    assert (document.title, document.page_kind) == ("Chapter One", PageKind.PAGE)


def test_word_broken_over_a_page() -> None:
    """A word broken at a page's end stands whole on the page where it began."""
    pages = (
        RawPage(1, lines=(line("the compiler compiles with great", 50), line("care what the programmer com-", 62))),
        RawPage(2, lines=(line("piled before, and compiled it was.", 50),)),
    )
    document = build_document(RawDocument("pdf", True, "", pages), content_hash=HASH, file_stem="file")
    assert [page.text for page in document.pages] == [
        "the compiler compiles with great care what the programmer compiled",
        "before, and compiled it was.",
    ]


def test_headings_keep_their_place_on_a_page_whose_first_word_moved() -> None:
    """What moves to the page before takes no letters off the titles further down."""
    body = [line("The compiler reads every line of the program twice.", 0.0)] * 12
    pages = (
        RawPage(1, lines=(line("Reading", 20, size=16), *_set(body, 50), line("what the programmer com-", 300))),
        RawPage(2, lines=(line("piled before.", 20, x1=150), line("Writing", 60, size=16), *_set(body, 90))),
    )
    document = build_document(RawDocument("pdf", True, "", pages), content_hash=HASH, file_stem="file")
    assert document.pages[1].text.startswith("before.")
    assert [document.text[section.start : section.start + 7] for section in document.sections] == ["Reading", "Writing"]


def _set(lines: list[Line], top: float) -> list[Line]:
    return [replace(one, top=top + 12 * row, bottom=top + 12 * row + 10) for row, one in enumerate(lines)]


def test_what_is_shown_beside_the_text_is_cleaned() -> None:
    """Warnings, reasons and the file's name can hold control characters and bytes that are no text."""
    raw = RawDocument("pdf", True, "", (RawPage(1, problem="no\x1b[2J text"),), warnings=("a\udcff\x9b warning",))
    document = build_document(raw, content_hash=HASH, file_stem="caf\udce9\x1b[31m")
    assert (document.title, document.warnings, document.pages[0].problem) == ("caf[31m", ("a warning",), "no[2J text")


def test_parts_end_with_paragraphs() -> None:
    """A format without pages is cut into parts of about 3,000 characters; headings become sections."""
    blocks = []
    for chapter in "AB":
        blocks.append(Block(BlockKind.HEADING, f"Chapter {chapter}", 1))
        blocks += [Block(BlockKind.PARAGRAPH, f"{chapter}{number} " + "word " * 200) for number in range(5)]
    raw = RawDocument("html", False, "The title", (RawPage(1, blocks=tuple(blocks)),))
    document = build_document(raw, content_hash=HASH, file_stem="file")
    assert document.page_kind is PageKind.PART
    assert [page.number for page in document.pages] == [1, 2, 3, 4]
    assert all(page.text.endswith("word\n") and 2000 < len(page.text) < 4000 for page in document.pages[:3])
    assert [(s.title, document.text[s.start : s.start + 9]) for s in document.sections] == [
        ("Chapter A", "Chapter A"),
        ("Chapter B", "Chapter B"),
    ]
    assert document.title == "The title"


def test_endless_paragraph_is_cut_at_sentences() -> None:
    """A paragraph of 20,000 characters is cut into parts at sentence ends, without loss."""
    raw = RawDocument("text", False, "", (RawPage(1, blocks=(Block(BlockKind.PARAGRAPH, "It goes on. " * 1700),)),))
    document = build_document(raw, content_hash=HASH, file_stem="file")
    assert len(document.pages) >= 5
    assert all(page.text.endswith("on.\n") for page in document.pages)
    assert document.text.split() == ["It", "goes", "on."] * 1700


def test_outline_anchors_in_units() -> None:
    """An EPUB's outline leads to a chapter's start or to an anchor in it."""
    pages = (
        RawPage(
            1,
            blocks=(Block(BlockKind.PARAGRAPH, "One.", 0, ("a",)), Block(BlockKind.PARAGRAPH, "Two.", 0, ("b",))),
            name="x",
        ),
        RawPage(2, blocks=(Block(BlockKind.PARAGRAPH, "Three."),), name="y"),
    )
    outline = (
        OutlineEntry("X", 1, name="x"),
        OutlineEntry("XB", 2, name="x", anchor="b"),
        OutlineEntry("Y", 1, name="y", anchor="gone"),
    )
    document = build_document(RawDocument("epub", False, "T", pages, outline), content_hash=HASH, file_stem="file")
    assert [(s.title, document.text[s.start : s.end].strip()) for s in document.sections] == [
        ("X", "One."),
        ("XB", "Two."),
        ("Y", "Three."),
    ]


def test_nothing_to_read() -> None:
    """No text gives no sections, and each page says so."""
    raw = RawDocument("pdf", True, "", (RawPage(1, problem="no text: a scanned image?"),))
    document = build_document(raw, content_hash=HASH, file_stem="scan")
    assert (document.sections, document.pages_without_text, document.title) == ((), (1,), "scan")


def test_outline_titles_are_made_plain() -> None:
    """What steers a terminal or turns a line's direction is in no section's title."""
    pages = (RawPage(1, lines=(line("Text of a page.", 50),)), RawPage(2, lines=(line("More of it.", 50),)))
    outline = (OutlineEntry("one\x1b[31m\u202eow\x00t", 1, 1), OutlineEntry("More of it", 1, 2))
    document = build_document(RawDocument("pdf", True, "", pages, outline), content_hash=HASH, file_stem="file")
    assert [section.title for section in document.sections] == ["one[31mowt", "More of it"]


def test_outline_of_one_huge_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is searched so often and no more: what stands further on in the outline is not looked for."""
    monkeypatch.setattr(assemble, "_MAX_SEARCHED_CHARS", 40)
    pages = (RawPage(1, lines=(line("One is here.", 50, x1=90), line("Two is here.", 90, x1=90), line("Six.", 130))),)
    outline = tuple(OutlineEntry(title, 1, 1) for title in ("One", "Two", "Six"))
    document = build_document(RawDocument("pdf", True, "", pages, outline), content_hash=HASH, file_stem="file")
    starts = {section.title: section.start for section in document.sections}
    assert (starts["One"], starts["Two"]) == (0, document.text.index("Two"))
    assert starts["Six"] < document.text.index("Six")


def test_outline_of_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are, each is searched for the first title on it."""
    monkeypatch.setattr(assemble, "_MAX_SEARCHED_CHARS", 40)
    numbers = range(1, 9)
    pages = tuple(
        RawPage(number, lines=(line("Some words on top.", 50), line(f"Chapter {number}", 90, x1=90)))
        for number in numbers
    )
    outline = tuple(OutlineEntry(f"Chapter {number}", 1, number) for number in numbers)
    document = build_document(RawDocument("pdf", True, "", pages, outline), content_hash=HASH, file_stem="file")
    starts = [section.start for section in document.sections if section.title.startswith("Chapter")]
    assert starts == [document.text.index(f"Chapter {number}") for number in numbers]


def test_text_that_grows() -> None:
    """Ligatures of whole phrases must not make more of a document than it may hold."""
    raw = RawDocument("text", False, "", (RawPage(1, blocks=(Block(BlockKind.PARAGRAPH, "\ufdfa" * 3_400_000),)),))
    with pytest.raises(DocumentError, match="60,000,000") as caught:
        build_document(raw, content_hash=HASH, file_stem="file")
    assert caught.value.code == "too-large"
