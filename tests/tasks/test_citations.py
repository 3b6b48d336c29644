import pytest

from app.documents.sentences import sentence_spans
from app.tasks.citations import QuoteIndex, cite, quote, verbatim
from app.tasks.model import Citation, Line
from tests.documents_for_tasks import make_document

PAGE_1 = (
    "The harbour of Rotterdam handled 441 million tonnes of cargo in 2018. "
    "Most ships came from China and Russia. "
    "Its deep channel lets large tankers enter without waiting for the tide."
)
PAGE_2 = "Antwerp is its closest rival. The two ports signed no agreement."


@pytest.fixture
def index() -> QuoteIndex:
    document = make_document([PAGE_1, PAGE_2])
    return QuoteIndex(document, sentence_spans(document.text))


def test_own_sentence_is_supported(index: QuoteIndex) -> None:
    """A sentence of the document is its own quote, with page offsets that give it back."""
    line = cite("Antwerp is its closest rival.", index)
    assert line == Line(line.text, True, (Citation(2, "Antwerp is its closest rival.", 0, 29),))
    assert index.document.pages[1].text[0:29] == "Antwerp is its closest rival."


def test_paraphrase_is_supported(index: QuoteIndex) -> None:
    """Word forms may change as long as names, numbers and most content words are there."""
    line = cite("In 2018 the harbours of Rotterdam were handling 441 million tonnes.", index)
    assert line.supported
    assert line.citations[0].quote == PAGE_1[:70].strip()


@pytest.mark.parametrize(
    ("claim", "unknown"),
    [
        ("The harbour of Rotterdam handled 442 million tonnes of cargo in 2018.", ("442 million",)),
        ("The harbour of Hamburg handled 441 million tonnes of cargo in 2018.", ("Hamburg",)),
        ("The harbour of Rotterdam handled 441 tonnes of cargo in 2018.", ()),
        ("The channel of Rotterdam was closed after storms destroyed several bridges.", ()),
        ("The harbour of Antwerp handled 441 million tonnes of cargo in 2018.", ()),
    ],
    ids=["other number", "other name", "other scale", "other words", "name from elsewhere in the text"],
)
def test_changed_claim_is_not_supported(index: QuoteIndex, claim: str, unknown: tuple[str, ...]) -> None:
    """One wrong number or name, or too few shared words, and the line has no quote; `unknown` is what is nowhere."""
    assert cite(claim, index) == Line(claim, supported=False, unknown=unknown)


def test_two_neighbouring_sentences_support_together(index: QuoteIndex) -> None:
    """A quote may be two sentences, word for word with what stands between them."""
    line = cite("Rotterdam handled 441 million tonnes in 2018, most from China and Russia.", index)
    assert [citation.quote for citation in line.citations] == [PAGE_1[:109].strip()]


def test_sentences_apart_do_not_support_together(index: QuoteIndex) -> None:
    """The first and the last sentence of a page are no quote."""
    assert not cite("Rotterdam handled 441 million tonnes through its deep channel for tankers.", index).supported


def test_quote_over_a_page_break_gives_two_citations(index: QuoteIndex) -> None:
    """Each page that a quote touches has a citation of its own."""
    line = cite("Large tankers enter the deep channel without waiting; Antwerp is the closest rival.", index)
    assert [(c.page, c.quote) for c in line.citations] == [
        (1, "Its deep channel lets large tankers enter without waiting for the tide."),
        (2, "Antwerp is its closest rival."),
    ]
    for citation in line.citations:
        page = index.document.pages[citation.page - 1]
        assert page.text[citation.start : citation.end] == citation.quote


def test_short_line_must_stand_word_for_word(index: QuoteIndex) -> None:
    """Sharing two words proves nothing."""
    assert cite("Most ships came", index).supported
    assert not cite("Ships mostly came", index).supported


def test_name_at_the_start_counts_where_the_document_knows_it(index: QuoteIndex) -> None:
    """China is known from inside a sentence, so it must be in the quote also when it opens the line."""
    assert index.terms("China closed its harbour").names == {"china"}
    assert index.terms("Farmers closed the harbour").names == frozenset()


def test_line_without_words_only_as_the_whole_sentence() -> None:
    """A row of stars supports nothing but itself."""
    document = make_document(["* * *\n\nA sentence with some words in it."])
    index = QuoteIndex(document, sentence_spans(document.text))
    assert cite("* * *", index).supported
    assert not cite("- - -", index).supported


def test_empty_index_supports_nothing() -> None:
    """No sentences, no quotes."""
    assert not cite("Anything at all is said here.", QuoteIndex(make_document([""]), [])).supported


def test_verbatim_joins_lines_of_print() -> None:
    """The line reads on; its quote is the page's text as it is."""
    document = make_document(["  One line\nof print. "])
    line = verbatim(document, (0, 20))
    assert line.text == "One line of print."
    assert line.citations == (Citation(1, "One line\nof print.", 2, 20),)


def test_quote_skips_pages_without_text_in_it() -> None:
    """White space on a page is no quote."""
    document = make_document(["End.  ", "", "Start."])
    assert [citation.page for citation in quote(document, (0, len(document.text)))] == [1, 3]


def test_short_line_needs_more_of_two_sentences() -> None:
    """Three of five words suffice in one sentence; of two sentences together four of five are needed."""
    document = make_document(["Ships bring grain and coal to the quay. Trains carry timber and cloth to the hills."])
    index = QuoteIndex(document, sentence_spans(document.text))
    assert cite("Ships bring grain past walls", index).supported
    assert not cite("Ships bring timber past walls", index).supported
    assert cite("Ships bring grain; trains carry wool", index).supported
