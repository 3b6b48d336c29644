"""Finding a text in the pages of a document."""

from __future__ import annotations

from app.documents.model import Page
from app.ui.models.text_search import TextHit, TextSearch


def found(texts: list[str], text: str) -> list[TextHit]:
    search = TextSearch([Page(number, content) for number, content in enumerate(texts, 1)], text)
    hits = []
    while not search.done:
        hits += search.step()
    return hits


def test_case_accents_quotes_and_line_breaks_do_not_matter() -> None:
    """Offsets are those of the page's own text."""
    texts = ["Là-bas, the CAFÉ’s\nowner", "no such thing", "😀 cafe's owner"]
    assert found(texts, "  café's   OWNER ") == [TextHit(1, 12, 24), TextHit(3, 2, 14)]
    assert texts[0][12:24] == "CAFÉ’s\nowner"


def test_hits_do_not_overlap() -> None:
    """As when one goes from place to place."""
    assert found(["aaaaa"], "aa") == [TextHit(1, 0, 2), TextHit(1, 2, 4)]


def test_one_page_a_step_and_a_long_page_in_several() -> None:
    """A hit across two steps is found once."""
    long = "x" * 49_998 + "needle" + "x" * 60_000 + "needle"
    search = TextSearch([Page(1, "a needle"), Page(2, long)], "needle")
    steps = []
    while not search.done:
        steps.append(len(search.step()))
    assert steps == [1, 1, 0, 1]
    assert found([long], "needle") == [TextHit(1, 49_998, 50_004), TextHit(1, 110_004, 110_010)]


def test_nothing_to_look_for() -> None:
    """Spaces alone find nothing."""
    assert found(["some text"], "  ") == []
    assert TextSearch([], "x").done
