"""Quotes found in the raw text of a page, however the PDF broke and ordered it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.quote_alignment import align

ENGLISH = re.findall(
    r"\w+",
    """the of river stone window follow between another quickly measure language machine attention recurrent gate linear
    scan memory chapter figure because without people number thought against something nothing example question answer
    present several during themselves government important""",
)
LATIN = re.findall(
    r"\w+", "lorem ipsum dolor sit amet consectetur adipiscing elit vivamus quisque tempus nullam auctor magna"
)

SENTENCE = (
    "The office staff’s well-known efforts — first and foremost — affected the naïve coöperation of 1,204 people."
)


def marked(quote: str, text: str) -> list[str] | None:
    """The stretches of text that are marked, None where the quote is not found."""
    alignment = align(quote, text)
    return None if alignment is None else [text[start:end] for start, end in alignment.ranges]


@pytest.mark.parametrize(
    "raw",
    [
        SENTENCE,
        SENTENCE.replace("ff", "ﬀ").replace("fi", "ﬁ"),
        SENTENCE.replace(" ", ""),
        SENTENCE.replace(" ", "  ").replace("o", "o "),
        SENTENCE.replace("effo", "ef\x02fo").replace("cooper", "co\ufffeoper").replace("peo", "peo\u00ad\r\n"),
        SENTENCE.replace("foremost", "fore-\r\nmost"),
        SENTENCE.replace("’", "'").replace("—", "--"),
        SENTENCE.replace("ï", "i\u0308").replace("ö", "¨o"),
    ],
    ids=["plain", "ligatures", "unspaced", "spaced", "hyphens", "hard hyphen", "signs", "accents"],
)
def test_found_whole(raw: str) -> None:
    """Ligatures, hyphens, spacing, signs and accents make no difference: all of it is one stretch."""
    text = f"Words before it. {raw} And words after."
    assert marked(SENTENCE, text) == [raw]
    alignment = align(SENTENCE, text)
    assert alignment is not None and alignment.share == 1.0


def test_head_in_the_middle() -> None:
    """A running head and a note's mark in the middle of a quote are not marked."""
    quote = "A long sentence that begins at the foot of one column and goes on at the head of the next one."
    text = (
        "Before. A long sentence that begins at the foot of one 7\r\nANNUAL REPORT 2021\r\ncolumn and goes on at the"
        "\r\n38\r\nhead of the next one. After."
    )
    assert marked(quote, text) == [
        "A long sentence that begins at the foot of one",
        "column and goes on at the",
        "head of the next one.",
    ]


def test_column_before() -> None:
    """A quote goes on where the file has its second half first."""
    quote = "The first half of it stands in the left column and the second half of it stands at the top of the right."
    text = (
        "and the second half of it stands at the top of the right. Then other words fill the column.\r\n"
        "Some words of the left column. The first half of it stands in the left column"
    )
    assert marked(quote, text) == [
        "and the second half of it stands at the top of the right.",
        "The first half of it stands in the left column",
    ]


def test_columns_in_rows() -> None:
    """Lines of a quote are found between the lines of the other column."""
    left = ["The quick brown fox had been", "jumping over lazy dogs for a", "while before it came to rest."]
    right = ["Zinc and copper are metals of", "which alloys such as brass is", "made in many places of Wales."]
    text = "\r\n".join(f"{one} {other}" for one, other in zip(left, right, strict=True))
    assert marked(" ".join(left), text) == left


def test_tightest_of_several_places() -> None:
    """Of two places the one that holds more, or all in one piece, is marked."""
    quote = "The method was tried on three sets of data and failed on all of them."
    part = "The method was tried on three sets of data"
    torn = "The method was tried on three of the sets of these data and then it failed on all of them"
    assert marked(quote, f"{part} and won. {torn}. Later: {quote} End.") == [quote]
    assert marked("net income", "net incomes; net  income. Internet income") == ["net  income"]


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("No.", "known to be unknown"),
        ("DOCUMENT NO", "this document not being one"),
        ("§ … —", "§ … —"),
        ("", "some words"),
        ("some words", ""),
        (SENTENCE, "The office was closed. 1,204 of the other people of the town were not well-known to the first."),
    ],
)
def test_not_found(quote: str, text: str) -> None:
    """Words inside of others, signs alone and a few words in common are no find."""
    assert align(quote, text) is None


def test_half_of_it() -> None:
    """A quote that is cut off at the page's end is marked as far as it goes, and less than half of it is not."""
    quote = "This sentence begins on the one page and is carried on, after the break, by words of the following page."
    assert marked(quote, "End. " + quote[:70]) == [quote[:70].rstrip(" ")]
    assert marked(quote, "End. " + quote[:40]) is None


def test_chinese() -> None:
    """A script without spaces: line breaks inside of words, a note between."""
    quote = "本报告所载资料不存在任何虚假记载、误导性陈述或者重大遗漏，并对其内容的真实性承担责任。"
    halves = ["本报告所载资料不存在任何虚\r\n假记载、误导性陈述或者重", "大遗漏，并对其内容的真实性承\r\n担责任。"]
    assert marked(quote, f"重要提示 {halves[0]}1 / 28 {halves[1]} 二") == halves


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("a" * 5_000 + "b", "a" * 100_000),
        ("ab" * 2_500 + "c", "ab" * 50_000),
        ("x" + "lorem ipsum dolor " * 300 + "y", "lorem ipsum dolor " * 6_000),
        ("z" * 10 + "a" * 5_000, ("a" * 99 + "b") * 1_000),
    ],
)
def test_hostile_pages(quote: str, text: str) -> None:
    """Pages of one repeated stretch take bounded work, and what is marked lies on the page, in order."""
    alignment = align(quote, text)
    if alignment is not None:
        bounds = [bound for stretch in alignment.ranges for bound in stretch]
        assert bounds == sorted(bounds) and bounds[0] >= 0 and bounds[-1] <= len(text)
        assert 0.5 <= alignment.share <= 1.0


def letters(text: str) -> str:
    """What must agree whatever the spacing."""
    return "".join(filter(str.isalnum, text))


WORDS = st.lists(st.sampled_from(ENGLISH), min_size=6, max_size=40)
SPACES = st.sampled_from([" ", "", "  ", "\r\n", " \u00a0", "\x02"])


@given(before=WORDS, words=WORDS, after=WORDS, spaces=st.lists(SPACES, min_size=1, max_size=20), cut=st.integers(1, 9))
@settings(deadline=None, max_examples=150)
def test_mangled_quote_is_found(
    before: list[str], words: list[str], after: list[str], spaces: list[str], cut: int
) -> None:
    """Whatever becomes of its spaces, and with hyphens inside of its words, exactly the quote is marked."""
    mangled = "".join(
        (f"{word[:cut]}-\r\n{word[cut:]}" if len(word) > cut else word) + spaces[index % len(spaces)]
        for index, word in enumerate(words)
    )
    text = f"{' '.join(before)} | {mangled} | {' '.join(after)}"
    found = marked(" ".join(words), text)
    assert found is not None and len(found) == 1
    assert letters(found[0]) == letters("".join(words))


@given(words=st.lists(st.sampled_from(ENGLISH), min_size=12, max_size=40), data=st.data())
@settings(deadline=None, max_examples=100)
def test_quote_with_a_head_inside_is_found(words: list[str], data: st.DataObject) -> None:
    """With a page's head in the middle of it most of the quote is marked, and nothing of the head."""
    middle = data.draw(st.integers(5, len(words) - 5))
    text = f"{' '.join(LATIN)} {' '.join(words[:middle])}\r\n{' '.join(LATIN)}\r\n{' '.join(words[middle:])}"
    alignment = align(" ".join(words), text)
    assert alignment is not None and alignment.share > 0.7
    assert not {"dolor", "lorem", "quisque"} & set(" ".join(text[a:b] for a, b in alignment.ranges).split())


@given(words=WORDS, others=st.lists(st.sampled_from(LATIN), min_size=10, max_size=300))
@settings(deadline=None, max_examples=100)
def test_other_text_is_not_found(words: list[str], others: list[str]) -> None:
    """A quote is not found in a text of other words."""
    assert align(" ".join(words), " ".join(others)) is None
