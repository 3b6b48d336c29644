"""Summaries as Markdown, and the words for what they rest on: pages, coverage, the figures of their runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from app.core.text import mebibytes, one_line
from app.documents.model import Document, PageKind
from app.services.summaries import SummaryResult
from app.tasks.model import Citation, Line

UNSUPPORTED = "not supported by the text"

_MARKUP = re.compile(
    r"""\\(?=[^\w\s]) | ` | \*(?!\s) | (?<!\s)\* | (?<![^\W_])_ | _(?![^\W_]) | ~(?=~)
    | <(?=[A-Za-z/!?]) | &(?=\#?\w+;) | \](?=[\[(:]) | (?<!\S)\#""",
    re.VERBOSE,
)
"""Characters that Markdown would take for emphasis, code, HTML, a link or a heading where they stand."""
_BLOCK_MARK = re.compile(r"\A(\d{0,9})([-+>=\[.)])")
"""At the start of a list item: what would open a list, a quote or a definition inside it."""


def summary_markdown(document: Document, result: SummaryResult) -> str:
    """The summary, then the notes section by section, then what was and was not read."""
    mark = page_mark(document)
    made = f"*Summary ({result.style.value}) by {_inline(str(result.stats['model']))}*"
    blocks = [f"# {_inline(document.title)}", made]
    blocks += ["## Summary", _bullets(result.lines, mark)]
    blocks.append("## Notes")
    for section in result.sections:
        blocks.append(f"### {_inline(section.title)} ({page_range(mark, section.page_from, section.page_to)})")
        blocks.append(_bullets(section.notes, mark))
    read, *gaps = coverage_lines(document)
    blocks += ["## Coverage", "\n".join([read, *(f"- {_item(gap)}" for gap in gaps)])]
    return "\n\n".join(block for block in blocks if block) + "\n"


def page_mark(document: Document) -> str:
    """How a page is cited: p. for a file's own pages, part where the text was cut into parts."""
    return "part" if document.page_kind is PageKind.PART else "p."


def page_range(mark: str, first: int, last: int) -> str:
    """`p. 3` or `p. 3-7`."""
    return f"{mark} {first}" if first == last else f"{mark} {first}-{last}"


def cited_pages(line: Line) -> dict[int, Citation]:
    """The pages that a line rests on, in order, each with the first of its quotes; none where it is unsupported."""
    pages: dict[int, Citation] = {}
    for citation in line.citations if line.supported else ():
        pages.setdefault(citation.page, citation)
    return dict(sorted(pages.items()))


def line_text(line: Line, mark: str) -> str:
    """A line with the pages it rests on, `[p. 57]`, or marked as unsupported, with what the text holds nowhere."""
    if not line.supported:
        nowhere = f"; nowhere in it: {', '.join(map(one_line, line.unknown))}" if line.unknown else ""
        return f"{one_line(line.text)} [{UNSUPPORTED}{nowhere}]"
    pages = cited_pages(line)
    return f"{one_line(line.text)} [{mark} {', '.join(map(str, pages))}]" if pages else one_line(line.text)


def coverage(document: Document) -> str:
    """The lines of `coverage_lines`, all but the first as a list."""
    return "\n- ".join(coverage_lines(document))


def coverage_lines(document: Document) -> tuple[str, ...]:
    """How many pages gave text, then which did not and why, then the reader's warnings, each on one line."""
    total = len(document.pages)
    missing = document.pages_without_text
    unit = document.page_kind.value
    lines = [f"{total - len(missing)} of {total} {unit}s gave text and were read."]
    reasons: dict[str, list[int]] = {}
    for page in document.pages:
        if page.number in missing or page.problem:
            reasons.setdefault(one_line(page.problem) or "no text on the page", []).append(page.number)
    for reason, numbers in reasons.items():
        lines.append(f"{unit if len(numbers) == 1 else f'{unit}s'} {_ranges(numbers)}: {reason}")
    return (*lines, *map(one_line, document.warnings))


def stats_line(stats: dict[str, Any]) -> str:
    """Speed, memory and state size of the runs that made a result."""
    return (
        f"read {stats['prefill_tokens']:,} tokens at {stats['prefill_tokens_per_second']:,.1f} tokens/s, "
        f"wrote {stats['decode_tokens']:,} at {stats['decode_tokens_per_second']:,.1f} tokens/s, "
        f"peak memory {mebibytes(stats['peak_rss_bytes'])}, state {mebibytes(stats['state_bytes'])} "
        f"({stats['model']}, {stats['device']}, {stats['weight_format']})"
    )


def _bullets(lines: Iterable[Line], mark: str) -> str:
    return "\n".join(f"- {_item(line_text(line, mark))}" for line in lines) or "*(no sentence worth quoting)*"


def _inline(text: str) -> str:
    """A document's text on one line, with nothing in it that Markdown would take for markup."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text))


def _item(text: str) -> str:
    """The same as the content of a list item."""
    return _BLOCK_MARK.sub(r"\1\\\2", _inline(text))


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as `1-3, 7`."""
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
