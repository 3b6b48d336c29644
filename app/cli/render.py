"""Documents, summaries and answers as JSON objects, and as lines on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.text import one_line
from app.documents.evidence import Evidence
from app.documents.model import Document
from app.services.codec import line_to_json, notes_to_json
from app.services.markdown_export import line_text, page_mark, page_range
from app.services.summaries import SummaryResult
from app.tasks.model import Line

EVIDENCE_CHARS = 400
"""Shown of one piece of evidence on a terminal; `--json` has all of it."""


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
    pages = page_range(page_mark(evidence.document), evidence.page_from, evidence.page_to)
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


def _shortened(text: str) -> str:
    """At most EVIDENCE_CHARS, cut after a word, in scripts without spaces anywhere."""
    if len(text) <= EVIDENCE_CHARS:
        return text
    cut = text[: EVIDENCE_CHARS - 1]
    at = cut.rfind(" ")
    return f"{cut[:at] if at > EVIDENCE_CHARS // 2 else cut[:-1]} …"
