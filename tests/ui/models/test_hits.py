"""What a search found, as a list."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.services.shelf_rows import ShelfHit
from app.ui.models.hits import EXCERPT_CHARACTERS, HitModel, HitRole, parted


def bold(excerpt: str, query: str = "") -> tuple[str, list[str]]:
    """An excerpt, and its matches as text."""
    text, spans = parted(excerpt, query)
    return text, [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("excerpt", "query", "text", "matches"),
    [
        ("the \x02treaty\x03 of \x02Riga\x03", "", "the treaty of Riga", ["treaty", "Riga"]),
        ("on\ntwo  \x02lines\x03", "", "on two lines", ["lines"]),
        ("no end \x02here", "", "no end here", []),
        ("\x03no \x02\x03 beginning\x03", "", "no  beginning", []),
        ("the Treaties of Riga", "treat", "the Treaties of Riga", ["Treaties"]),
        ("entreated", "treat", "entreated", []),
        ("À l'Élan vital", "elan", "À l'Élan vital", ["Élan"]),
        ("die Straße", "strasse", "die Straße", ["Straße"]),
        ("我看北京的河", "北京", "我看北京的河", ["北京"]),
        ("a.b (c", "a.b (", "a.b (c", ["a.b"]),
        ("marked \x02here\x03 only", "only", "marked here only", ["here"]),
    ],
)
def test_matches_are_where_they_are_marked_or_else_where_the_words_are(
    excerpt: str, query: str, text: str, matches: list[str]
) -> None:
    """Marks go out of the text; without any the query's words are looked for, at the beginnings of words."""
    assert bold(excerpt, query) == (text, matches)


def test_what_lies_far_before_the_match_is_cut() -> None:
    """The first match is near the beginning, which is between words."""
    text, matches = bold("word " * 50 + "\x02found\x03 it")
    assert text.startswith("…word ") and text.endswith("found it")
    assert matches == ["found"]
    assert text.index("found") <= 42


def test_a_long_excerpt_is_cut_with_its_matches() -> None:
    """No match lies beyond the end of the text."""
    text, spans = parted("\x02" + "a" * 5_000 + "\x03")
    assert (len(text), spans) == (EXCERPT_CHARACTERS, ((0, EXCERPT_CHARACTERS),))


def test_model_tells_title_excerpt_and_hit(qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    """Each row has what its delegate paints and what a screen reader says."""
    model = HitModel()
    hit = ShelfHit("c1", 7, "Rivers", "the \x02Oder\x03 flows")
    with qtbot.waitSignal(model.modelReset, timeout=1000):
        model.set_hits([hit])
    index = model.index(0)
    assert index.data() == "Rivers"
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Rivers: the Oder flows"
    assert index.data(HitRole.HIT) == hit
    assert index.data(HitRole.EXCERPT) == ("the Oder flows", ((4, 8),))
    with qtbot.assertNotEmitted(model.modelReset):
        model.set_hits([hit])
    qtmodeltester.check(model)
