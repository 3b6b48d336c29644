from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.documents.evidence import Evidence
from app.documents.model import Document
from app.tasks.citations import cite
from app.tasks.evidence_index import EvidenceIndex
from app.tasks.model import Citation, Line
from tests.documents_for_tasks import make_document

DAM = "The northern dam at Elbe holds forty thousand cubic metres of clear mountain water."
BRIDGE = "The southern bridge carries heavy freight trains across a narrow and windy valley."


def document(pages: Sequence[str], name: str = "a") -> Document:
    return replace(make_document(pages), content_hash=name)


def whole(pages: Sequence[str], name: str = "a") -> Evidence:
    found = document(pages, name)
    return Evidence(found, 0, len(found.text), 1.0)


def quotes(line: Line) -> list[str]:
    return [citation.quote for citation in line.citations]


def test_quote_from_the_one_document() -> None:
    """With page offsets, and without the document's id: there is but one."""
    line = cite("The dam at Elbe holds forty thousand metres of water.", EvidenceIndex([whole([BRIDGE, DAM])]))
    assert line == Line(line.text, True, (Citation(2, DAM, 0, len(DAM)),))


def test_quotes_from_several_documents_name_theirs() -> None:
    """The best quote of all, each with its document's content hash."""
    index = EvidenceIndex([whole([BRIDGE], "a"), whole(["Nothing of note.", DAM], "b")])
    assert cite(DAM, index).citations == (Citation(2, DAM, 0, len(DAM), "b"),)
    assert cite(BRIDGE, index).citations == (Citation(1, BRIDGE, 0, len(BRIDGE), "a"),)


def test_two_stretches_of_one_document_are_one_document() -> None:
    """No id where all evidence has the same."""
    both = document([DAM, BRIDGE])
    index = EvidenceIndex([Evidence(both, len(DAM) + 1, len(both.text), 2.0), Evidence(both, 0, len(DAM), 1.0)])
    assert [citation.document_id for citation in cite(DAM, index).citations] == [""]


def test_stretches_that_overlap_are_read_once_and_in_order() -> None:
    """Evidence comes best first; its sentences are those of the document, and a quote may reach over a seam."""
    both = document([f"{DAM} {BRIDGE} Carts pass."])
    seam = len(DAM) + 20
    halves = [Evidence(both, seam, len(both.text), 2.0), Evidence(both, 0, seam, 1.0)]
    for evidence in (halves, [*halves, Evidence(both, len(DAM) + 1, len(both.text), 0.5)]):
        index = EvidenceIndex(evidence)
        assert quotes(cite(BRIDGE, index)) == [BRIDGE]
        two = "The northern dam at Elbe holds clear mountain water; the southern bridge carries heavy freight trains."
        assert quotes(cite(two, index)) == [f"{DAM} {BRIDGE}"]


def test_each_document_is_read_in_its_own_language() -> None:
    """German forms of a word are one in a German text, English ones in an English text."""
    german = "Die alten Brücken über den Fluss wurden im Winter von den Bauern und ihren Kindern mit Holz erneuert."
    index = EvidenceIndex([whole([BRIDGE], "en"), whole([german], "de")])
    line = cite("Die alte Brücke über den Fluss wurde im Winter mit Holz erneuert.", index)
    assert [citation.document_id for citation in line.citations] == ["de"]
    assert cite("Southern bridges carried heavy trains across narrow valleys.", index).supported


def test_a_sentence_cut_off_stays_cut_off() -> None:
    """Only what the evidence holds is quoted."""
    found = document([f"{DAM} {BRIDGE}"])
    cut = DAM.index(" cubic")
    line = cite("The northern dam at Elbe holds forty thousand.", EvidenceIndex([Evidence(found, 4, cut, 1.0)]))
    assert quotes(line) == [DAM[4:cut]]
    lacking = EvidenceIndex([Evidence(found, 0, cut, 1.0)])
    assert not cite("The dam holds clear mountain water, cubic metres of it.", lacking).supported


def test_overlapping_evidence_is_read_once() -> None:
    """A sentence in two stretches is one candidate; one that both hold a part of is whole."""
    found = document([f"{DAM} {BRIDGE}"])
    seen: list[Sequence[str]] = []

    def similarity(line: str, candidates: Sequence[str]) -> list[float]:
        seen.append(candidates)
        return [0.5] * len(candidates)

    index = EvidenceIndex([Evidence(found, 0, 50, 2.0), Evidence(found, 30, len(found.text), 1.0)], similarity)
    assert quotes(cite(DAM, index)) == [DAM]
    assert seen == []


def test_two_sentences_with_others_between_are_no_quote() -> None:
    """It would hold words that the evidence does not; right behind each other they are one."""
    between = "A gap."
    found = document([f"{DAM} {between} {BRIDGE}"])
    line = "The northern dam at Elbe holds clear water, the southern bridge carries heavy trains across a valley."
    ends = len(DAM)
    apart = [Evidence(found, 0, ends, 1.0), Evidence(found, ends + len(between) + 2, len(found.text), 1.0)]
    assert not cite(line, EvidenceIndex(apart)).supported
    together = document([f"{DAM} {BRIDGE}"])
    touching = [Evidence(together, 0, ends, 1.0), Evidence(together, ends + 1, len(together.text), 1.0)]
    assert quotes(cite(line, EvidenceIndex(touching))) == [together.text]


def test_one_sentence_goes_before_two() -> None:
    """Though two would hold more of the line's words."""
    text = "Ships bring grain and coal to the quay. Trains carry timber and cloth to the hills."
    index = EvidenceIndex([whole([text])])
    assert quotes(cite("Ships bring grain and coal; trains", index)) == [text[:39]]


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    """Of two sentences with equally many of the line's words, the one with the word that few others hold."""
    common = "The river floods the lower valley each year."
    rare = "The river floods the ancient granary each year."
    others = "The lower bank is steep. The lower road is closed. The lower field is dry."
    index = EvidenceIndex([whole([f"{common} {rare} {others}"])])
    assert quotes(cite("Each year the river floods the lower granary.", index)) == [rare]


def test_similarity_decides_among_near_equals_alone() -> None:
    """It gets the line and the near equals; a poor match is not asked about, and nothing becomes supported by it."""
    one = "The keeper opened the northern gate at dawn after the storm."
    other = "At dawn after the storm the northern gate was opened, and the keeper left."
    asked: list[tuple[str, Sequence[str]]] = []

    def similarity(line: str, candidates: Sequence[str]) -> list[float]:
        asked.append((line, candidates))
        return [float(text == other) for text in candidates]

    evidence = [whole([f"{one} {other} {BRIDGE}"])]
    text = "1. The keeper opened the northern gate at dawn after the storm."
    assert quotes(cite(text, EvidenceIndex(evidence))) == [one]
    assert quotes(cite(text, EvidenceIndex(evidence, similarity))) == [other]
    assert asked == [(text[3:], [one, other])]
    always = EvidenceIndex(evidence, lambda _, candidates: [1.0] * len(candidates))
    assert not cite("The guard unlocked the northern entrance at sunrise after bad weather.", always).supported


@pytest.mark.parametrize(
    ("line", "pages"),
    [
        ("On page 2 the southern bridge carries heavy freight trains.", [2]),
        ("The southern bridge carries heavy freight trains (p. 2).", [2]),
        ("2. The southern bridge carries heavy freight trains.", [2]),
        ("On page 1 the southern bridge carries heavy freight trains.", []),
    ],
)
def test_a_page_of_the_evidence_is_a_place_not_a_claim(line: str, pages: list[int]) -> None:
    """Its number need not stand in the quote, but the quote must be there; it is never called unknown."""
    found = cite(line, EvidenceIndex([whole([DAM, BRIDGE])]))
    assert ([citation.page for citation in found.citations], found.unknown) == (pages, ())


def test_what_is_in_no_evidence_is_unknown() -> None:
    """What one document lacks and another holds is known; a line with anything unknown has no quote."""
    index = EvidenceIndex([whole([DAM], "a"), whole([f"{BRIDGE} It leads to Hamburg since 1912."], "b")])
    line = cite("The northern dam at Elbe holds forty thousand metres of clear mountain water in Hamburg.", index)
    assert (line.supported, line.unknown) == (False, ())
    line = cite("The northern dam at Elbe holds clear mountain water since 1712, and Rotterdam knows it.", index)
    assert line == Line(line.text, False, unknown=("1712", "Rotterdam"))


def test_names_of_a_line_are_told_in_its_own_language() -> None:
    """German nouns are not taken for names because another document is English."""
    german = "Die alten Brücken über den Fluss wurden im Winter von den Bauern und ihren Kindern mit Holz erneuert."
    index = EvidenceIndex([whole([BRIDGE], "en"), whole([german], "de")])
    assert index.unknown("Die Mauer und das Tor wurden von den Soldaten im Sommer zerstört.") == ()
    assert index.unknown("It was destroyed by Soldaten in the summer of 1945.") == ("Soldaten", "1945")


def test_a_name_known_to_one_document_is_one_in_all() -> None:
    """China opens the line; only the other document tells that it is a name."""
    harbour = "The nation closed its old harbour after the long winter storms."
    index = EvidenceIndex([whole([harbour], "a"), whole(["Ships go to China."], "b")])
    assert not cite("China closed its old harbour after the long winter storms.", index).supported
    assert cite("Farmers closed the old harbour after the long winter storms.", index).supported


def test_short_lines_must_stand_word_for_word() -> None:
    """As everywhere."""
    index = EvidenceIndex([whole([BRIDGE]), whole([DAM])])
    assert cite("A narrow and windy valley", index).supported
    assert not cite("The valley is windy", index).supported


def test_without_evidence_nothing_is_known_or_supported() -> None:
    """No evidence, and evidence without text."""
    assert cite("Rotterdam handled 441 million tonnes.", EvidenceIndex([])) == Line(
        "Rotterdam handled 441 million tonnes.", False
    )
    assert cite(DAM, EvidenceIndex([whole([""])])).unknown == ("Elbe", "forty thousand")
