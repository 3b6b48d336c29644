import pytest

from app.tasks.claims import Claim


@pytest.mark.parametrize(
    ("line", "pages", "text", "named"),
    [
        ("1. The dam holds.", set(), "   The dam holds.", set()),
        ("- (2) The dam holds.", set(), "      The dam holds.", set()),
        ("3. Oktober 1990 war der Tag.", set(), "3. Oktober 1990 war der Tag.", set()),
        ("1912 was dry.", {1912}, "1912 was dry.", set()),
        ("On page 12 it holds.", {12}, "On         it holds.", {12}),
        ("On page 13 it holds.", {12}, "On page 13 it holds.", set()),
        ("It holds (p. 3, pp. 4-5).", {3, 4, 5}, "It holds (    ,        ).", {3, 4, 5}),
        ("On pages 12 and 441 trees", {12}, "On          and 441 trees", {12}),
        ("Auf Seite 7 und in Teil 2", {2, 7}, "Auf         und in       ", {2, 7}),
        ("The spare 12 parts 1.5 long", {1, 12}, "The spare 12 parts 1.5 long", set()),
        ("第3页有水", {3}, "   有水", {3}),
    ],
)
def test_numbers_that_are_no_claim(line: str, pages: set[int], text: str, named: set[int]) -> None:
    """A list number and references to pages that there are give way to spaces, so that offsets stay."""
    assert len(text) == len(line)
    assert Claim.of(line, pages) == Claim(text, frozenset(named))


def test_a_list_number_alone_is_the_line() -> None:
    """Nothing would be left of it."""
    assert Claim.of("12. ", ()).text == "12. "
