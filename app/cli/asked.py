"""A question with what was found and answered, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.cli.render import answer_line, document_json, evidence_json, evidence_text
from app.core.text import one_line
from app.documents.evidence import Evidence
from app.documents.model import Document
from app.services.answers import Answered
from app.services.codec import line_to_json
from app.services.library import LibraryDocument, LibraryEntry
from app.services.search import Findings
from app.tasks.model import AnswerStyle, Line


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of which documents, and what the search found."""

    items: Sequence[LibraryDocument | LibraryEntry]
    question: str
    findings: Findings
    extract: tuple[Line, ...]

    @property
    def documents(self) -> dict[str, Document]:
        """By content hash: the documents that were named, of the whole library those that the evidence is from."""
        named = {item.document_id: item.document for item in self.items if isinstance(item, LibraryDocument)}
        return named | {item.document.content_hash: item.document for item in self.findings.evidence}

    @property
    def only(self) -> Document | None:
        """The document that citations need not name."""
        return next(iter(self.documents.values()), None) if len(self.items) == 1 else None


def extract_section(asked: Asked) -> str:
    """What can be shown before there is a model: the extract, or why there is none."""
    if asked.findings.reason:
        return f"{asked.findings.reason}\n"
    return "\n".join(["From the text, word for word:", *_lines(asked, asked.extract)]) + "\n"


def evidence_section(asked: Asked, answered: Answered, model: str) -> str:
    """The model's answer, and the evidence."""
    how = "quoted" if answered.style is AnswerStyle.QUOTED else "written"
    after = " after reading the document" if answered.read else ""
    titled = asked.only is None
    evidence = [
        evidence_text(item, titled=titled, showing=_best_of(item, asked.findings.sentences))
        for item in asked.findings.evidence
    ]
    lines = _lines(asked, answered.lines) or ["(the model wrote nothing)"]
    return "\n".join(["", f"Answer ({how} by {one_line(model)}{after}):", *lines, "", "Evidence:", *evidence]) + "\n"


def asked_json(asked: Asked, answered: Answered | None, stats: dict[str, Any]) -> dict[str, Any]:
    """The one object of `ask --json`; `document` where one was asked, else `documents`."""
    only = asked.only
    about = (
        {"document": document_json(only)}
        if only is not None
        else {"documents": [document_json(document) for document in asked.documents.values()]}
    )
    return {
        **about,
        "question": asked.question,
        "style": answered.style.value if answered is not None else None,
        "answer": [line_to_json(line) for line in answered.lines] if answered is not None else [],
        "extract": [line_to_json(line) for line in asked.extract],
        "evidence": [evidence_json(item, titled=only is None) for item in asked.findings.evidence],
        "reason": asked.findings.reason,
        "stats": stats,
    }


def _best_of(evidence: Evidence, sentences: Sequence[Evidence]) -> Evidence | None:
    """The likeliest answer among the sentences of one piece of evidence; `sentences` best first."""
    document, start, end = evidence.document, evidence.start, evidence.end
    own = (s for s in sentences if s.document is document and start <= s.start < s.end <= end)
    return next(own, None)


def _lines(asked: Asked, lines: Sequence[Line]) -> list[str]:
    evidence = asked.findings.evidence
    # Citations do not name their document where all the evidence is from one.
    documents = asked.documents | ({"": evidence[0].document} if evidence else {})
    return [answer_line(line, documents, asked.only) for line in lines]
