from app.documents.model import Document
from app.documents.words import Lexicon
from app.tasks.compose import _best, compose_key_passages, compose_written
from app.tasks.model import Citation, Line, SectionNotes, Style
from app.tasks.parts import Part
from tests.documents_for_tasks import make_document

SENTENCES = [
    "The northern river carries sand from the mountains to the sea.",
    "The southern river carries mud from the forest to the lake.",
    "A bakery near the market sells bread and cakes every morning.",
    "The eastern river carries gravel from the mountains to the plain.",
]


def document_of(pages: int) -> tuple[Document, list[Part]]:
    """Pages of the four sentences, each page a part of 1,000 tokens."""
    text = " ".join(SENTENCES)
    document = make_document([text] * pages)
    return document, [
        Part(n, "", n * (len(text) + 1), n * (len(text) + 1) + len(text), 1000, False) for n in range(pages)
    ]


def notes(index: int, *lines: Line) -> SectionNotes:
    return SectionNotes(index, "", index + 1, index + 1, lines)


def test_key_passages_in_document_order_without_repeats() -> None:
    """Three lines of one page, word for word; the odd one out comes in rather than a repeat."""
    document, parts = document_of(1)
    summary = compose_key_passages(document, parts, [notes(0)], Lexicon())
    starts = [line.citations[0].start for line in summary]
    assert starts == sorted(starts)
    assert len(summary) == 3
    assert {line.text for line in summary} < set(SENTENCES)


def test_what_was_noted_is_preferred() -> None:
    """Between sentences of equal standing the one that was noted is chosen."""
    text = f"{SENTENCES[0]} {SENTENCES[0]}"
    document = make_document([text])
    second = Citation(1, SENTENCES[0], len(SENTENCES[0]) + 1, len(text))
    noted = notes(0, Line(SENTENCES[0], True, (second,)))
    chosen = compose_key_passages(document, [Part(0, "", 0, len(text), 30, False)], [noted], Lexicon())
    assert second in [citation for line in chosen[:2] for citation in line.citations]


def test_every_part_has_a_say() -> None:
    """Of four equal pages and six lines no page gives more than three."""
    document, parts = document_of(4)
    summary = compose_key_passages(document, parts, [notes(n) for n in range(4)], Lexicon())
    pages = [line.citations[0].page for line in summary]
    assert len(pages) == 6
    assert max(pages.count(page) for page in pages) <= 3


def test_written_summary_prefers_supported_lines() -> None:
    """Of four lines three are kept, and the unsupported one is the one left out."""
    cited = (Citation(1, "x", 0, 1),)
    lines = [Line(text, index != 1, cited if index != 1 else ()) for index, text in enumerate(SENTENCES)]
    parts = [Part(0, "", 0, 10, 500, False)]
    summary = compose_written(parts, [notes(0, *lines)], Style.DETAILED, Lexicon())
    assert summary == (lines[0], lines[2], lines[3])


def test_nothing_noted_nothing_said() -> None:
    """Empty notes make an empty summary."""
    assert compose_written([Part(0, "", 0, 10, 5, False)], [notes(0)], Style.BRIEF, Lexicon()) == ()


def test_best_keeps_the_order() -> None:
    """The cheapest two, the earlier of equals, in the order they came in."""
    assert _best(["a", "b", "c", "d"], [2.0, 1.0, 1.0, 1.0], 2) == ["b", "c"]
    assert _best(["a", "b"], [2.0, 1.0], 2) == ["a", "b"]


def test_a_document_without_prose_shows_how_it_begins() -> None:
    """Two words and a row of signs are no claims, yet an empty summary would say less than they do."""
    document = make_document(["Hi there\n\n--- 12 ---"])
    summary = compose_key_passages(document, [Part(0, "", 0, len(document.text), 8, False)], [notes(0)], Lexicon())
    assert [line.text for line in summary] == ["Hi there"]
    assert summary[0].citations == (Citation(1, "Hi there", 0, 8),)
