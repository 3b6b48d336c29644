from __future__ import annotations

import pytest

from app.documents.words import Kind, Lexicon
from app.tasks.known_terms import KnownTerms

ENGLISH = (
    "The harbour of Rotterdam handled 441 million tonnes in 2018. NASA and two GPU firms from Germany in The Hague. "
    "It grew by 2.5 million in the third year, 1990–95, to about 1,250 ships of 5 km and 3 000 boats, says O'Brien. "
    "On 12.05.1987 the U.S. left the twenty-first quay of Zürich in the nineteenth century with a dozen F-16, COVID-19."
)
GERMAN = "Der Hafen von Rotterdam hat im Jahr 2018 etwa 441 Millionen Tonnen umgeschlagen, und er war nicht leer."


def known_terms(text: str, lexicon: Lexicon) -> KnownTerms:
    keys = {word.key for word in lexicon.words(text) if word.kind is not Kind.STOP}
    return KnownTerms([text], {12, 13}, keys.__contains__)


def missing(line: str, text: str = ENGLISH, language: str = "english") -> tuple[str, ...]:
    lexicon = Lexicon(language)
    return known_terms(text, lexicon).missing(line, lexicon)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("In 1712 the ships left Hamburg for Rotterdam.", ("1712", "Hamburg")),
        ("Ships left in 1712, in 1712 and again in 1712.", ("1712",)),
        ("They met in New Amsterdam, not in Old York.", ("New Amsterdam", "Old York")),
        ("It was 442 million or 441 thousand.", ("442 million", "441 thousand")),
        ("There were four, or twenty-five.", ("four", "twenty-five")),
        ("It began with Angela Merkel’s visit to UNESCO.", ("Angela Merkel", "UNESCO")),
        ("A B2B firm in the 1870s, on the 30th.", ("B2B", "1870s", "30th")),
        ("See page 12, page 14 and page 13 of 300.", ("14", "300")),
    ],
)
def test_what_is_nowhere_is_found_as_it_is_written(line: str, expected: tuple[str, ...]) -> None:
    """Numbers by value, names by their words, neighbouring words as one name, each once."""
    assert missing(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "It grew by 2,500,000 to 1250 ships and 3000 boats.",
        "In the 3rd year, in 1995, on the 21st quay, in the 19th century.",
        "In 1987 there were 12 of them, two to be exact, 5km long.",
        "There were 441 of them.",
        "1. The quay was left. ",
    ],
)
def test_a_number_in_another_writing_is_known(line: str) -> None:
    """Separators, scales, ordinals, ranges of years, dates, units, digits of another number's scale; list numbers."""
    assert missing(line) == ()


@pytest.mark.parametrize(
    "line",
    [
        "The Germans built GPUs for Nasa and NASA's friends in Zurich.",
        "The US, said O’Brien, has F16s no more than an F16 against Covid.",
        "Farmers came. Grain was sold: Later on, “Harbours grew”.",
        "It was NOT there, and I'm told the THIRD was.",
        "THE HARBOUR OF HAMBURG WAS FULL OF BOATS",
    ],
)
def test_what_only_looks_like_a_new_name(line: str) -> None:
    """Plurals, possessives, accents, peoples; a capital at a sentence's start, for emphasis or in a shouted line."""
    assert missing(line) == ()


def test_german_nouns_are_no_names() -> None:
    """Their capitals tell nothing, save right after another noun, unless that counts or measures."""
    assert missing("Die Boote fuhren in die Werft.", GERMAN, "german") == ()
    line = "Im Jahr 2019 sprach die Kanzlerin Merkel mit der UNO über 3 Liter Wasser, über Boote, Fähren und Ende Mai."
    assert missing(line, GERMAN, "german") == ("2019", "Merkel", "UNO", "3")


def test_a_name_without_stems_may_be_inflected() -> None:
    """Where no lexicon knows the language's cases, a shared beginning is enough."""
    text = "Поезд из города Москвы пришёл утром."
    assert missing("Он уехал в Москву.", text) == ()
    assert missing("Он уехал в Казань.", text) == ("Казань",)


def test_hostile_lines_are_read() -> None:
    """Very long digits, empty lines, lone signs; what stands around a page reference is not read as one."""
    assert missing("7" * 5000 + " dams") == ("7" * 5000,)
    assert missing("") == missing("* * *") == missing("page") == ()
    assert missing("1: page 12 million") == ()
