"""Summaries and answers as JSON objects and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from app.cli.output import one_line
from app.documents.evidence import Evidence
from app.documents.model import Document, PageKind
from app.services.codec import line_to_json, notes_to_json
from app.services.summaries import SummaryResult
from app.tasks.model import Line

EVIDENCE_CHARS = 400
"""Shown of one piece of evidence on a terminal; `--json` has all of it."""
UNSUPPORTED = "not supported by the text"

_MARKUP = re.compile(
    r"""\\(?=[^\w\s]) | ` | \*(?!\s) | (?<!\s)\* | (?<![^\W_])_ | _(?![^\W_]) | ~(?=~)
    | <(?=[A-Za-z/!?]) | &(?=\#?\w+;) | \](?=[\[(:]) | (?<!\S)\#""",
    re.VERBOSE,
)
"""Characters that Markdown would take for emphasis, code, HTML, a link or a heading where they stand."""
_BLOCK_MARK = re.compile(r"\A(\d{0,9})([-+>=\[.)])")
"""At the start of a list item: what would open a list, a quote or a definition inside it."""


def document_json(document: Document) -> dict[str, Any]:
    """`{title, pages, pages_without_text, content_hash, ...}`; `problems` says why a page gave no text."""
    return {
        "title": document.title,
        "format": document.format,
        "content_hash": document.content_hash,
        "page_kind": document.page_kind.value,
        "pages": len(document.pages),
        "pages_without_text": list(document.pages_without_text),
        "problems": {str(page.number): page.problem for page in document.pages if page.problem},
        "warnings": list(document.warnings),
    }


def summary_json(document: Document, result: SummaryResult, *, stored: bool) -> dict[str, Any]:
    """The one object of `summarize --json`."""
    return {
        "document": document_json(document),
        "style": result.style.value,
        "stored": stored,
        "sections": [notes_to_json(section) for section in result.sections],
        "summary": [line_to_json(line) for line in result.lines],
        "stats": result.stats,
    }


def summary_markdown(document: Document, result: SummaryResult) -> str:
    """The summary, then the notes section by section, then what was and was not read."""
    mark = page_mark(document)
    made = f"*Summary ({result.style.value}) by {_inline(str(result.stats['model']))}*"
    blocks = [f"# {_inline(document.title)}", made]
    blocks += ["## Summary", _bullets(result.lines, mark)]
    blocks.append("## Notes")
    for section in result.sections:
        blocks.append(f"### {_inline(section.title)} ({_range(mark, section.page_from, section.page_to)})")
        blocks.append(_bullets(section.notes, mark))
    blocks += ["## Coverage", coverage(document)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def page_mark(document: Document) -> str:
    """How a page is cited: p. for a file's own pages, part where the text was cut into parts."""
    return "part" if document.page_kind is PageKind.PART else "p."


def line_text(line: Line, mark: str) -> str:
    """A line with the pages it rests on, `[p. 57]`, or marked as unsupported, with what the text holds nowhere."""
    if not line.supported:
        nowhere = f"; nowhere in it: {', '.join(map(one_line, line.unknown))}" if line.unknown else ""
        return f"{one_line(line.text)} [{UNSUPPORTED}{nowhere}]"
    pages = sorted({citation.page for citation in line.citations})
    return f"{one_line(line.text)} [{mark} {', '.join(map(str, pages))}]" if pages else one_line(line.text)


def answer_line(line: Line, documents: Mapping[str, Document], only: Document | None) -> str:
    """A line of an answer: as `line_text` where `only` one document was asked, else with the titles of the documents.

    documents: by content hash.
    """
    if only is not None or not line.supported:
        return line_text(line, page_mark(only) if only is not None else "")
    places: dict[str, dict[int, None]] = {}
    for citation in line.citations:
        document = documents[citation.document_id]
        places.setdefault(f"{one_line(document.title)}, {page_mark(document)}", {})[citation.page] = None
    cited = "; ".join(f"{title} {', '.join(map(str, pages))}" for title, pages in places.items())
    return f"{one_line(line.text)} [{cited}]"


def evidence_text(evidence: Evidence, *, titled: bool, showing: Evidence | None = None) -> str:
    """A stretch of evidence after its page, and its document's title if `titled`, on one line, cut where it is long.

    showing: a sentence of the evidence that the cut text is to show, begun further on if need be.
    """
    title = f"{one_line(evidence.document.title)}, " if titled else ""
    pages = _range(page_mark(evidence.document), evidence.page_from, evidence.page_to)
    text, begin = one_line(evidence.text), ""
    if showing is not None and len(one_line(evidence.document.text[evidence.start : showing.end])) > EVIDENCE_CHARS:
        tail = one_line(evidence.document.text[showing.start : evidence.end])
        # As much before it as there is room for, from a word's beginning.
        before = text[-EVIDENCE_CHARS : -len(tail)].partition(" ")[2] if len(tail) < EVIDENCE_CHARS else ""
        text, begin = before + tail, "… "
    return f"[{title}{pages}] {begin}{_shortened(text)}"


def evidence_json(evidence: Evidence, *, titled: bool) -> dict[str, Any]:
    """`{page, page_to, section, text, score, start, end}`, and `document_id` if `titled`; offsets into the document."""
    which = {"document_id": evidence.document.content_hash} if titled else {}
    return {
        **which,
        "page": evidence.page_from,
        "page_to": evidence.page_to,
        "section": evidence.section,
        "text": evidence.text,
        "score": round(evidence.score, 4),
        "start": evidence.start,
        "end": evidence.end,
    }


def coverage(document: Document) -> str:
    """How many pages gave text, which did not and why, and the reader's warnings."""
    total = len(document.pages)
    missing = document.pages_without_text
    unit = document.page_kind.value
    lines = [f"{total - len(missing)} of {total} {unit}s gave text and were read."]
    reasons: dict[str, list[int]] = {}
    for page in document.pages:
        if page.number in missing or page.problem:
            reasons.setdefault(_inline(page.problem) or "no text on the page", []).append(page.number)
    for reason, numbers in reasons.items():
        lines.append(f"- {unit if len(numbers) == 1 else f'{unit}s'} {_ranges(numbers)}: {reason}")
    lines += [f"- {_inline(warning)}" for warning in document.warnings]
    return "\n".join(lines)


def stats_line(stats: dict[str, Any]) -> str:
    """Speed, memory and state size of the runs that made a result."""
    return (
        f"read {stats['prefill_tokens']:,} tokens at {stats['prefill_tokens_per_second']:,.1f} tokens/s, "
        f"wrote {stats['decode_tokens']:,} at {stats['decode_tokens_per_second']:,.1f} tokens/s, "
        f"peak memory {mebibytes(stats['peak_rss_bytes'])}, state {mebibytes(stats['state_bytes'])} "
        f"({stats['model']}, {stats['device']}, {stats['weight_format']})"
    )


def mebibytes(nbytes: int) -> str:
    """`12.3 MiB`."""
    return f"{nbytes / 2**20:,.1f} MiB"


def size_text(nbytes: int) -> str:
    """`310.5 MiB`, and from 1,024 of them on `2.7 GiB`."""
    return f"{nbytes / 2**30:,.1f} GiB" if nbytes >= 2**30 else mebibytes(nbytes)


def _bullets(lines: Iterable[Line], mark: str) -> str:
    return "\n".join(f"- {_item(line_text(line, mark))}" for line in lines) or "*(no sentence worth quoting)*"


def _inline(text: str) -> str:
    """A document's text on one line, with nothing in it that Markdown would take for markup."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text))


def _item(text: str) -> str:
    """The same as the content of a list item."""
    return _BLOCK_MARK.sub(r"\1\\\2", _inline(text))


def _shortened(text: str) -> str:
    """At most EVIDENCE_CHARS, cut after a word, in scripts without spaces anywhere."""
    if len(text) <= EVIDENCE_CHARS:
        return text
    cut = text[: EVIDENCE_CHARS - 1]
    at = cut.rfind(" ")
    return f"{cut[:at] if at > EVIDENCE_CHARS // 2 else cut[:-1]} …"


def _range(mark: str, first: int, last: int) -> str:
    return f"{mark} {first}" if first == last else f"{mark} {first}-{last}"


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as `1-3, 7`."""
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
