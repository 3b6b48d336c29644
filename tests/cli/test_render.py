from __future__ import annotations

from dataclasses import replace

from app.cli.render import (
    EVIDENCE_CHARS,
    answer_line,
    evidence_json,
    evidence_text,
    summary_json,
)
from app.documents.evidence import Evidence
from app.documents.model import Document, Page, PageKind
from app.tasks.model import Citation, Line
from tests.summary_for_tests import DOCUMENT, MADE_UP, RESULT, STATS, SUPPORTED

FORDS = Document("Fords\x1b[2J", "text", "d2", PageKind.PART, (Page(1, "Shallow\nwater. "), Page(2, "Carts.")), ())


def test_answers_about_one_document_name_pages_alone() -> None:
    """As lines of a summary do; pages and parts by their names."""
    assert answer_line(SUPPORTED, {"": DOCUMENT}, DOCUMENT) == "Dams hold water. [p. 57, 58]"
    assert answer_line(SUPPORTED, {"": FORDS}, FORDS) == "Dams hold water. [part 57, 58]"


def test_answers_about_several_documents_name_them() -> None:
    """Each document once with its pages, in the order of the quotes; what is not supported has none to name."""
    quotes = (
        Citation(2, "Carts", 0, 5, "d2"),
        Citation(2, ".", 5, 6, "d2"),
        Citation(57, "Dams", 0, 4, "d1"),
        Citation(3, "cross", 0, 5, "d2"),
    )
    documents = {"d1": DOCUMENT, "d2": FORDS}
    line = Line("Carts\ncross dams.", True, quotes)
    assert answer_line(line, documents, None) == "Carts cross dams. [Fords[2J, part 2, 3; Rivers[2J, p. 57]"
    assert answer_line(MADE_UP, documents, None) == "Dams are green. [not supported by the text]"


def test_evidence_on_one_line() -> None:
    """After its pages, and its document where there are several; cut at a word where it is long."""
    evidence = Evidence(FORDS, 0, len(FORDS.text), 0.5)
    assert evidence_text(evidence, titled=False) == "[part 1-2] Shallow water. Carts."
    assert evidence_text(evidence, titled=True) == "[Fords[2J, part 1-2] Shallow water. Carts."
    long = replace(FORDS, pages=(Page(1, "water " * EVIDENCE_CHARS),))
    shown = evidence_text(Evidence(long, 0, len(long.text), 0.5), titled=False)
    assert len(shown) <= len("[part 1] ") + EVIDENCE_CHARS
    assert shown.endswith("water …")


def test_cut_evidence_without_spaces_is_there() -> None:
    """A language that writes none is cut between two characters."""
    long = replace(FORDS, pages=(Page(1, "水" * 2 * EVIDENCE_CHARS),))
    shown = evidence_text(Evidence(long, 0, len(long.text), 0.5), titled=False)
    assert shown == f"[part 1] {'水' * (EVIDENCE_CHARS - 2)} …"


def test_cut_evidence_shows_the_sentence_that_answers() -> None:
    """Where the beginning would not reach it, the text begins there; a sentence that is reached changes nothing."""
    text = f"Carts cross. {'Water. ' * EVIDENCE_CHARS}It floods in April. {'Sand. ' * EVIDENCE_CHARS}"
    document = replace(FORDS, pages=(Page(1, text),))
    whole = Evidence(document, 0, len(text), 0.5)
    far = text.index("It floods")
    shown = evidence_text(whole, titled=False, showing=Evidence(document, far, far + len("It floods in April."), 0.5))
    assert shown.startswith("[part 1] … It floods in April. Sand.") and shown.endswith(" …")
    last = replace(whole, end=far + len("It floods in April."))
    shown = evidence_text(last, titled=False, showing=replace(last, start=far))
    assert shown.startswith("[part 1] … Water. Water.") and shown.endswith(" Water. It floods in April.")
    assert EVIDENCE_CHARS - len("Water. ") < len(shown) - len("[part 1] … ") <= EVIDENCE_CHARS
    near = evidence_text(whole, titled=False, showing=Evidence(document, 0, len("Carts cross."), 0.5))
    assert near == evidence_text(whole, titled=False) and near.startswith("[part 1] Carts cross. Water.")


def test_evidence_as_json() -> None:
    """All of its text as it stands, with offsets into the document; its id where there are several."""
    evidence = Evidence(DOCUMENT, 0, 5, 0.123456)
    wanted = {"page": 1, "page_to": 1, "section": "One", "text": "Text.", "score": 0.1235, "start": 0, "end": 5}
    assert evidence_json(evidence, titled=False) == wanted
    assert evidence_json(evidence, titled=True) == {"document_id": "d1", **wanted}


def test_json_of_a_summary() -> None:
    """The keys that scripts rely on."""
    value = summary_json(DOCUMENT, RESULT, stored=True)
    assert value["document"]["pages"] == 5
    assert value["document"]["pages_without_text"] == [2, 3, 4]
    assert value["document"]["content_hash"] == "d1"
    assert value["document"]["problems"] == {"2": "a scanned image", "3": "a scanned image"}
    assert value["sections"][0]["notes"] == [
        {"text": "Dams are\ngreen.", "supported": False, "unknown": [], "citations": []}
    ]
    assert value["sections"][0]["title"] == "One"
    assert (value["sections"][0]["page_from"], value["sections"][0]["page_to"]) == (1, 5)
    assert value["summary"][0]["citations"][0] == {"page": 57, "quote": "Dams hold", "start": 0, "end": 9}
    assert (value["stats"], value["stored"], value["style"]) == (STATS, True, "brief")
