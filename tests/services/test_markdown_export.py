from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.documents.model import Document, Page, PageKind
from app.services.markdown_export import (
    cited_pages,
    coverage,
    coverage_lines,
    line_text,
    page_mark,
    page_range,
    stats_line,
    summary_markdown,
)
from app.tasks.model import Citation, Line, SectionNotes
from tests.summary_for_tests import DOCUMENT, MADE_UP, RESULT, STATS, SUPPORTED


def test_marks_of_a_line() -> None:
    """Pages the line rests on in order, or the mark that nothing supports it."""
    assert line_text(SUPPORTED, "p.") == "Dams hold water. [p. 57, 58]"
    assert line_text(MADE_UP, "p.") == "Dams are green. [not supported by the text]"


def test_what_the_text_holds_nowhere_is_named() -> None:
    """On one line, and in Markdown without markup of its own."""
    line = Line("In *1987* came 2\nmillion.", False, unknown=("1987", "2\nmillion", "`R`"))
    text = "[not supported by the text; nowhere in it: 1987, 2 million, `R`]"
    assert line_text(line, "p.") == f"In *1987* came 2 million. {text}"
    item = "- In \\*1987\\* came 2 million. [not supported by the text; nowhere in it: 1987, 2 million, \\`R\\`]\n"
    assert item in summary_markdown(DOCUMENT, replace(RESULT, lines=(line,)))


def test_markdown_of_a_summary() -> None:
    """Title, summary, notes by section with their pages, coverage; no control characters."""
    assert summary_markdown(DOCUMENT, RESULT) == (
        "# Rivers[2J\n\n"
        "*Summary (brief) by starter*\n\n"
        "## Summary\n\n"
        "- Dams hold water. [p. 57, 58]\n\n"
        "## Notes\n\n"
        "### One (p. 1-5)\n\n"
        "- Dams are green. [not supported by the text]\n\n"
        "## Coverage\n\n"
        "2 of 5 pages gave text and were read.\n"
        "- pages 2-3: a scanned image\n"
        "- page 4: no text on the page\n"
        "- the outline is damaged\n"
    )


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("# A heading\n## of its own", "\\# A heading \\## of its own"),
        ("- an item", "\\- an item"),
        ("> a quote", "\\> a quote"),
        ("12. a number", "12\\. a number"),
        ("[1]: https://elsewhere.example", "\\[1\\]: https://elsewhere.example"),
        ("![](https://tracker.example/x.png)", "![\\](https://tracker.example/x.png)"),
        ("<img src=x> and <b>", "\\<img src=x> and \\<b>"),
        ("```sh *all* __bold__", "\\`\\`\\`sh \\*all\\* \\_\\_bold\\_\\_"),
        ("C:\\*x &amp; y", "C:\\\\\\*x \\&amp; y"),
        ("read_table(x[1]) is 3 * 4 < 13 in C#", "read_table(x[1]) is 3 * 4 < 13 in C#"),
    ],
)
def test_text_of_a_document_is_no_markup(text: str, item: str) -> None:
    """It cannot make headings, lists, links, images or HTML in the result; ordinary text stays as it is."""
    result = replace(RESULT, lines=(Line(text, True),), sections=())
    assert f"## Summary\n\n- {item}\n\n" in summary_markdown(DOCUMENT, result)


@given(st.text(alphabet="ab1 \n\\`*_~<>!&;#[]():-+=.|/", max_size=30))
def test_no_text_is_markup_to_a_parser(text: str) -> None:
    """Whatever the signs, a CommonMark parser sees one paragraph of plain text in one item of the list."""
    result = replace(RESULT, lines=(Line(f"{text} a", True),), sections=())
    tokens = MarkdownIt("commonmark").enable("strikethrough").parse(summary_markdown(DOCUMENT, result))
    start = next(i for i, token in enumerate(tokens) if token.type == "bullet_list_open")
    item = tokens[start : start + 7]
    assert [token.type for token in item] == [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    ]
    pieces = item[3].children or []
    assert {piece.type for piece in pieces} == {"text"}
    assert "".join(piece.content for piece in pieces) == " ".join(f"{text} a".split())


def test_titles_are_no_markup() -> None:
    """A title stays on its line; a number before it needs no mark there."""
    document = replace(DOCUMENT, title="`Rivers`\n## Dams #")
    result = replace(RESULT, sections=(SectionNotes(0, "1. One\n- two", 1, 1, ()),))
    text = summary_markdown(document, result)
    assert text.startswith("# \\`Rivers\\` \\## Dams \\#\n\n")
    assert "\n### 1. One - two (p. 1)\n" in text


def test_coverage_of_a_format_without_pages() -> None:
    """Parts are called parts."""
    document = Document("T", "text", "d", PageKind.PART, (Page(1, "a"),), ())
    assert coverage(document) == "1 of 1 parts gave text and were read."
    assert page_mark(document) == "part" and page_mark(DOCUMENT) == "p."


def test_coverage_line_by_line() -> None:
    """What was read, then each reason with its pages, as plain text; in Markdown no reason is markup."""
    pages = (Page(1, "", "2. see *here*"), Page(2, "a"), Page(3, "", "2. see *here*"))
    document = replace(DOCUMENT, pages=pages, warnings=())
    read = "1 of 3 pages gave text and were read."
    assert coverage_lines(document) == (read, "pages 1, 3: 2. see *here*")
    assert coverage(document) == f"{read}\n- pages 1, 3: 2. see *here*"
    assert summary_markdown(document, RESULT).endswith(f"{read}\n- pages 1, 3: 2. see \\*here\\*\n")


def test_pages_of_a_line() -> None:
    """Each page once, in order, with the first quote on it; an unsupported line has none."""
    quotes = (Citation(9, "b", 4, 5), Citation(2, "a", 0, 1), Citation(9, "c", 7, 8))
    assert cited_pages(Line("A.", True, quotes)) == {2: quotes[1], 9: quotes[0]}
    assert list(cited_pages(Line("A.", True, quotes))) == [2, 9]
    assert cited_pages(Line("A.", False, quotes)) == {}


def test_range_of_pages() -> None:
    """One page is no range."""
    assert page_range("p.", 3, 3) == "p. 3"
    assert page_range("part", 3, 7) == "part 3-7"


def test_final_line() -> None:
    """Prefill and decode speed, peak memory and state size, in words."""
    assert stats_line(STATS) == (
        "read 45,210 tokens at 940.2 tokens/s, wrote 12 at 51.0 tokens/s, "
        "peak memory 612.0 MiB, state 31.0 MiB (starter, cpu, int8)"
    )
