from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.cli.asked import Asked, asked_json, evidence_section, extract_section
from app.documents.evidence import Evidence
from app.documents.model import Document, PageKind
from app.services.answers import Answered, extract_of
from app.services.library import LibraryDocument, LibraryEntry
from app.services.search import Findings
from app.tasks.model import AnswerStyle, Citation, Line
from tests.documents_for_tasks import make_document


def document(title: str, *pages: str) -> Document:
    return replace(make_document(pages), title=title, content_hash=f"hash of {title}")


RIVERS = document("Rivers\x1b[2J", "It floods in April.", "It is long.")
DAMS = replace(document("Dams", "They hold water."), page_kind=PageKind.PART)


def named(*documents: Document) -> list[LibraryDocument]:
    return [LibraryDocument(each, (), "", reused=False) for each in documents]


def listed(*documents: Document) -> list[LibraryEntry]:
    return [LibraryEntry(each.content_hash, "", each.title, "/gone", 1) for each in documents]


def asked(items: Sequence[LibraryDocument | LibraryEntry], *found: Document) -> Asked:
    evidence = tuple(Evidence(each, 0, len(each.pages[0].text), 0.98765) for each in found)
    findings = Findings(evidence, evidence, "" if evidence else "Nothing holds enough.")
    return Asked(items, "When?", findings, extract_of(findings, "When?"))


def answered(*lines: Line, style: AnswerStyle = AnswerStyle.WRITTEN, read: bool = False) -> Answered:
    return Answered(lines, style, read)


@pytest.mark.parametrize("items", [named(RIVERS), listed(RIVERS)])
def test_one_document_need_not_be_named(items: Sequence[LibraryDocument | LibraryEntry]) -> None:
    """Whether it was named or is all that the library has: pages are enough."""
    one = asked(items, RIVERS)
    assert extract_section(one) == "From the text, word for word:\nIt floods in April. [p. 1]\n"
    line = Line("In April.", True, (Citation(1, "April", 13, 18),))
    assert evidence_section(one, answered(line), "starter") == (
        "\nAnswer (written by starter):\nIn April. [p. 1]\n\nEvidence:\n[p. 1] It floods in April.\n"
    )


@pytest.mark.parametrize("items", [named(RIVERS, DAMS), listed(RIVERS, DAMS)])
def test_several_are_named_also_where_one_has_it_all(items: Sequence[LibraryDocument | LibraryEntry]) -> None:
    """Citations without an id are of the one document that all the evidence is from."""
    both = asked(items, DAMS)
    assert extract_section(both) == "From the text, word for word:\nThey hold water. [Dams, part 1]\n"
    assert "\nEvidence:\n[Dams, part 1] They hold water.\n" in evidence_section(both, answered(), "starter")


def test_each_quote_names_its_document() -> None:
    """Titles without control characters; each place once, pages and parts as they are called there."""
    both = asked(named(RIVERS, DAMS), RIVERS, DAMS)
    quotes = (
        Citation(1, "April", 13, 18, RIVERS.content_hash),
        Citation(1, "It floods", 0, 9, RIVERS.content_hash),
        Citation(1, "hold", 5, 9, DAMS.content_hash),
    )
    made_up = Line("In 1712.", False, unknown=("1712",))
    text = evidence_section(both, answered(Line("April holds.", True, quotes), made_up), "starter")
    assert "\nApril holds. [Rivers[2J, p. 1; Dams, part 1]\n" in text
    assert "\nIn 1712. [not supported by the text; nowhere in it: 1712]\n" in text


def test_long_evidence_is_shown_where_its_best_sentence_is() -> None:
    """Each piece where the likeliest answer within it stands, not that of another piece or document."""
    river = document("Elbe", f"{'It is long. ' * 99}It floods in April.")
    dam = document("Dam", f"{'It is high. ' * 99}It was built in May.")
    evidence = tuple(Evidence(each, 0, len(each.pages[0].text), 0.5) for each in (river, dam))
    sentences = tuple(Evidence(item.document, 99 * 12, item.end, 0.5) for item in evidence)
    findings = Findings(evidence, sentences)
    both = Asked(named(river, dam), "When?", findings, extract_of(findings, "When?"))
    text = evidence_section(both, answered(), "starter")
    assert "\n[Elbe, p. 1] … " in text and " It is long. It floods in April.\n" in text
    assert "\n[Dam, p. 1] … " in text and " It is high. It was built in May.\n" in text


def test_why_there_is_no_extract() -> None:
    """The reason is the whole section."""
    assert extract_section(asked(named(RIVERS))) == "Nothing holds enough.\n"


def test_how_an_answer_was_made() -> None:
    """Written or quoted, by which model, and whether it read the document before; nothing written is said to be so."""
    one = asked(named(RIVERS), RIVERS)
    for style, read, words in (
        (AnswerStyle.WRITTEN, False, "written by a b"),
        (AnswerStyle.WRITTEN, True, "written by a b after reading the document"),
        (AnswerStyle.QUOTED, False, "quoted by a b"),
    ):
        text = evidence_section(one, answered(style=style, read=read), "a\nb")
        assert text.startswith(f"\nAnswer ({words}):\n(the model wrote nothing)\n\nEvidence:\n")


def test_json_of_one() -> None:
    """`document`, and neither quotes nor evidence name it."""
    line = Line("In April.", True, (Citation(1, "April", 13, 18),))
    value = asked_json(asked(named(RIVERS), RIVERS), answered(line), {"model": "starter"})
    assert list(value) == ["document", "question", "style", "answer", "extract", "evidence", "reason", "stats"]
    assert (value["document"]["pages"], value["style"], value["stats"]) == (2, "written", {"model": "starter"})
    assert value["answer"][0]["citations"] == [{"page": 1, "quote": "April", "start": 13, "end": 18}]
    assert value["evidence"] == [
        {
            "page": 1,
            "page_to": 1,
            "section": "Whole",
            "text": "It floods in April.",
            "score": 0.9877,
            "start": 0,
            "end": 19,
        }
    ]


def test_json_of_several() -> None:
    """`documents`: those that were named, or of a whole library those that have a part in the answer."""
    for items, titles in ((named(RIVERS, DAMS), [RIVERS.title, "Dams"]), (listed(RIVERS, DAMS), ["Dams"])):
        value = asked_json(asked(items, DAMS), answered(), {})
        assert [each["title"] for each in value["documents"]] == titles
        assert [each["document_id"] for each in value["evidence"]] == [DAMS.content_hash]


def test_json_of_nothing() -> None:
    """The same keys, and the reason."""
    value = asked_json(asked(listed(RIVERS, DAMS)), None, {})
    assert value == {
        "documents": [],
        "question": "When?",
        "style": None,
        "answer": [],
        "extract": [],
        "evidence": [],
        "reason": "Nothing holds enough.",
        "stats": {},
    }
