"""Characters and line-end hyphens."""

from __future__ import annotations

import unicodedata

import pytest

from app.documents.normalize import Vocabulary, clean, clean_preformatted, written_out


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("e\ufb03cient \ufb02ow", "efficient flow"),
        ("x² + ½ and 10⁻³", "x² + ½ and 10⁻³"),
        ("cafe\u0301", "café"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("a\u00a0b\u2003c\td", "a b c d"),
        ("bell\x07 and \ud800 gone", "bell and gone"),
        ("你好，ＡＢＣ１２！", "你好，ABC12！"),
        ("\uf0b7 item", "• item"),
        ("Chapter 1 . . . . . . . . 12", "Chapter 1 … 12"),
        ("Wait... what", "Wait... what"),
        ("\u202bאב\u202c", "אב"),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    """Each letter has one form, invisible characters go, meaning stays."""
    assert clean(raw) == expected


def test_preformatted_keeps_columns() -> None:
    """Indentation and runs of spaces stay in code."""
    assert clean_preformatted("\n  if x:\n\treturn   1  \n") == "  if x:\n    return   1"


WORDS = Vocabulary(["a well-known fact compiles when they compile it", "the trace and trace are based, based on data"])


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("we com-", "pile it", "we compile it"),  # the whole word occurs elsewhere
        ("a well-", "known fact", "a well-known fact"),  # so does the compound
        ("trace-", "based compiler", "trace-based compiler"),  # two words of their own
        ("undis-", "covered", "undiscovered"),  # nothing known: a word was broken
        ("self-", "made", "self-made"),
        ("Jean-", "Luc", "Jean-Luc"),
        ("COVID-", "19 cases", "COVID-19 cases"),
        ("pre-", "and postwar", "pre- and postwar"),
        ("state-of-the-", "art", "state-of-the-art"),
        ("pages 737–", "800", "pages 737–800"),
        ("see https://example.org/", "path", "see https://example.org/path"),
        ("a line", "goes on", "a line goes on"),
        ("今天天气", "很好", "今天天气很好"),
        ("it was -", "really - so", "it was - really - so"),
    ],
)
def test_join(left: str, right: str, expected: str) -> None:
    """The document's own words decide what a hyphen at a line's end means."""
    assert WORDS.join(left, right) == expected


def test_join_lines_is_linear_and_complete() -> None:
    """Many lines make one paragraph without loss."""
    assert WORDS.join_lines(["word"] * 5000) == " ".join(["word"] * 5000)


def test_flood_of_accents() -> None:
    """A letter keeps 30 of a million accents, which it would take hours to put in order; honest ones all stay."""
    flood = "\u0301\u0323" * 500_000
    assert len(clean("a" + flood + "b\u0301")) <= 33
    assert len(clean_preformatted("a" + flood)) <= 32
    tall = "Z" + "\u0308\u0323" * 15
    assert clean(tall) == unicodedata.normalize("NFC", tall)


def test_written_out() -> None:
    """Signs that stand for phrases count as what they come to."""
    text = "محمد \ufdfa و\ufdfb."
    assert written_out(text) == len(clean(text)) == len(text) + 17 + 7
