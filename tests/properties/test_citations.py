"""A quote that is cited stands on the page named, word for word; nothing is cited that is not there."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from app.documents.evidence import Evidence
from app.documents.model import Document
from app.documents.passages import split_passages
from app.documents.sentences import sentence_spans
from app.documents.words import Kind, Lexicon
from app.services import codec
from app.services.found_answer import found_answer
from app.storage.conversations import TurnRecord
from app.tasks.answer import extract
from app.tasks.citations import QuoteIndex, cite, verbatim
from app.tasks.claims import Claim
from app.tasks.evidence_index import EvidenceIndex
from app.tasks.lines import clean_lines
from app.tasks.model import Line
from tests.properties.profile import examples
from tests.properties.texts import documents, hostile, prose

Spans = list[tuple[int, int]]


def _check(line: Line, sources: dict[str, tuple[Document, Spans]]) -> None:
    """Every citation is the text of its place in one of the sources, inside what was given as evidence."""
    assert line.supported == bool(line.citations)
    assert not (line.unknown and line.citations)
    for citation in line.citations:
        document, spans = sources[citation.document_id]
        page = next(page for page in document.pages if page.number == citation.page)
        assert 0 <= citation.start < citation.end <= len(page.text)
        assert page.text[citation.start : citation.end] == citation.quote == citation.quote.strip() != ""
        start = document.page_start(citation.page) + citation.start
        end = start + len(citation.quote)
        assert spans[0][0] <= start and end <= spans[-1][1]


def _holds_numbers(line: Line, lexicon: Lexicon, pages: set[int]) -> bool:
    """Whether the quotes hold each number that the line claims, in this writing or another.

    Words only: what counts as one number in two writings is KnownTerms's and has tests of its own.
    """
    claimed = {word.key for word in lexicon.words(Claim.of(line.text, pages).text) if word.kind is Kind.NUMBER}
    quoted = " ".join(citation.quote for citation in line.citations)
    return claimed <= {word.key for word in lexicon.words(quoted)}


@examples(120, share=0.4)
@given(document=documents(), line=hostile, at=st.integers(0, 10**6), length=st.integers(0, 200))
def test_quotes_from_a_document(document: Document, line: str, at: int, length: int) -> None:
    """Of lines made up, and of lines taken from the text: the quote is the page's own and holds the line's numbers."""
    spans = sentence_spans(document.text)
    index = QuoteIndex(document, spans)
    taken = document.text[at % (len(document.text) + 1) :][:length]
    for text in (line, taken, f"{taken} {line}"):
        cited = cite(text, index)
        _check(cited, {"": (document, spans)})
        if cited.supported:
            assert _holds_numbers(cited, index.lexicon, set())


@examples(120, share=0.4)
@given(document=documents())
def test_what_is_quoted_is_its_own_citation(document: Document) -> None:
    """A sentence as a line: the same words, on the pages it stands on."""
    spans = sentence_spans(document.text)
    for span in spans[:20]:
        line = verbatim(document, span)
        _check(line, {"": (document, spans)})
        assert "".join(line.text.split()) == "".join("".join(citation.quote for citation in line.citations).split())


@examples(80, share=0.3)
@given(one=documents("a" * 64), other=documents("b" * 64), line=hostile, written=prose)
def test_quotes_from_several_documents(one: Document, other: Document, line: str, written: str) -> None:
    """Each citation names the document in which it stands; sentences next to evidence are no evidence."""
    given_spans: dict[str, tuple[Document, Spans]] = {}
    evidence = []
    for document in (one, other):
        passages = split_passages(document)[:4:2]
        evidence += [Evidence(document, passage.start, passage.end, 1.0) for passage in passages]
        if passages:
            given_spans[document.content_hash] = (document, [(p.start, p.end) for p in passages])
    index = EvidenceIndex(evidence)
    sources = given_spans if len(given_spans) > 1 else dict.fromkeys([""], next(iter(given_spans.values()), (one, [])))
    lexicon = Lexicon.for_text(one.text)
    taken = [item.text[:150] for item in evidence]
    for text in (line, *taken, *clean_lines(written, lexicon, finished=False)):
        _check(cite(text, index), sources)
    for quoted in extract(evidence):
        for citation in quoted.citations:
            assert citation.quote in sources[citation.document_id][0].text


@examples(100, share=0.4)
@given(words=st.lists(st.sampled_from(("Zorblatt", "Quimbex", "Vornath", "Ylmgrad", "77123", "99456")), min_size=4,
                      max_size=9, unique=True), document=documents())  # fmt: skip
def test_what_stands_elsewhere_is_not_cited(words: list[str], document: Document) -> None:
    """A line of names and numbers of another text is unsupported, and they are told."""
    line = cite(f"The {' '.join(words)}.", QuoteIndex(document, sentence_spans(document.text)))
    assert not line.supported and line.citations == ()
    assert any(name in " ".join(line.unknown) for name in words)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=12,
)
lines = st.builds(
    lambda text, supported, unknown: Line(text, supported, (), tuple(unknown)),
    hostile, st.booleans(), st.lists(hostile, max_size=2),
)  # fmt: skip


@examples(200)
@given(st.lists(lines, max_size=4))
def test_lines_survive_the_store(kept: list[Line]) -> None:
    """What is stored can be encoded and is read back as it was; halves of a character that meet become one."""
    text = codec.lines_dumps(kept)
    text.encode("utf-8")
    expected = (Line(met(line.text), line.supported, (), tuple(map(met, line.unknown))) for line in kept)
    assert codec.lines_loads(text) == tuple(expected)


def met(text: str) -> str:
    """As UTF-16 has it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@st.composite
def details(draw: st.DrawFn) -> str:
    """What a turn of an imported conversation may hold beside its text: nearly an answer, or anything."""
    if draw(st.booleans()):
        return draw(hostile)
    line = {"text": "a", "supported": True, "unknown": [], "citations": [
        {"page": 1, "quote": "q", "start": 0, "end": 1, "document_id": ""}
    ]}  # fmt: skip
    found = {"extract": [line], "lines": [line], "style": "quoted", "read": True, "reason": ""}
    target = draw(st.sampled_from((found, line, line["citations"][0])))  # type: ignore[index]
    name = draw(st.sampled_from(sorted(target)))
    match draw(st.integers(0, 2)):
        case 0:
            target[name] = draw(json_values)
        case 1:
            del target[name]
        case _:
            target[draw(hostile)] = draw(json_values)
    return json.dumps({"found": found, "model": draw(json_values)})


@examples(300)
@given(details())
def test_what_a_turn_says_of_its_answer(text: str) -> None:
    """Either an answer with texts and numbers in their places, or none; never an exception."""
    answer = found_answer(TurnRecord(1, None, "assistant", "text", text, 0.0, "", "c"))
    if answer is None:
        return
    for line in (*answer.extract, *answer.lines):
        assert isinstance(line.text, str) and all(isinstance(word, str) for word in line.unknown)
        assert all(type(citation.page) is int and isinstance(citation.quote, str) for citation in line.citations)
