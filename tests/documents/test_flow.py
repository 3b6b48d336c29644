"""Parts cut from a flow of blocks: what an outline and headings lead to stands where they say."""

from __future__ import annotations

import pytest

from app.documents.flow import PART_CHARS, Flow, flow_pages
from app.documents.model import PAGE_SEPARATOR
from app.documents.raw import Block, BlockKind, OutlineEntry, RawDocument, RawPage


def whole(flow: Flow) -> str:
    """The text of all pages, as a document joins them."""
    return PAGE_SEPARATOR.join(page.text for page in flow.pages)


@pytest.mark.parametrize("paged", [True, False])
def test_places_are_offsets_of_the_whole_text(paged: bool) -> None:
    """Headings and outline entries of all units, with empty units and empty blocks between, in pages and in parts."""
    units = []
    for number in range(1, 13):
        blocks = (
            Block(BlockKind.HEADING, f"Chapter {number}", 1),
            Block(BlockKind.PARAGRAPH, " "),
            Block(BlockKind.PARAGRAPH, f"Words of chapter {number}. " * 40),
            Block(BlockKind.PARAGRAPH, f"Middle {number}", 0, (f"m{number}",)),
        )
        units.append(RawPage(number, blocks=() if number % 5 == 0 else blocks, name=f"c{number}"))
    numbers = [number for number in range(1, 13) if number % 5]
    outline = tuple(OutlineEntry(f"to {n}", 1, name=f"c{n}", anchor=f"m{n}") for n in numbers)
    flow = flow_pages(RawDocument("epub", paged, "", tuple(units), outline))
    text = whole(flow)
    assert [text[mark.start :].split("\n")[0] for mark in flow.headings] == [f"Chapter {n}" for n in numbers]
    assert [text[mark.start :].split("\n")[0] for mark in flow.outline] == [f"Middle {n}" for n in numbers]
    assert len(flow.pages) == (12 if paged else 4)


def test_parts_end_with_paragraphs_and_lose_nothing() -> None:
    """Paragraphs are parted by one blank line, within parts and between them; a page without blocks has no text."""
    paragraphs = [f"This is paragraph {number}. " * 30 for number in range(40)]
    blocks = tuple(Block(BlockKind.PARAGRAPH, text) for text in paragraphs)
    flow = flow_pages(RawDocument("text", False, "", (RawPage(1, blocks=blocks),)))
    assert whole(flow).strip().split("\n\n") == [text.strip() for text in paragraphs]
    assert all(page.text.endswith(".\n") and len(page.text) < 2 * PART_CHARS for page in flow.pages)
    empty = flow_pages(RawDocument("text", True, "", (RawPage(1), RawPage(2, blocks=blocks[:1]))))
    assert [page.text for page in empty.pages] == ["", paragraphs[0].strip() + "\n"]
    assert [page.problem for page in empty.pages] == ["no text: an empty page", ""]
