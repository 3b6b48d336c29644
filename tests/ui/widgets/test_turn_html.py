"""Tests of a turn's HTML: chips, marks of doubt, cut texts."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument

from app.tasks.model import Citation, Line
from app.ui import theme
from app.ui.widgets.shown_turn import ShownTurn
from app.ui.widgets.turn_html import MORE, cited, turn_html


def answer(*lines: Line, **more: object) -> ShownTurn:
    """The model's turn with these lines."""
    return ShownTurn(2, "assistant", "", 0.0, lines=lines, **more)  # type: ignore[arg-type]


def quote(page: int, words: str = "words", document: str = "") -> Citation:
    """A citation."""
    return Citation(page, words, 0, len(words), document)


def seen(turn: ShownTurn, limit: int = 8_000) -> str:
    """What a reader sees; spaces of chips as plain ones."""
    document = QTextDocument()
    document.setHtml(turn_html(turn, limit).html)
    return " ".join(document.toPlainText().split())


def test_each_line_is_followed_by_its_chips() -> None:
    """With links that say which citation is meant."""
    turn = answer(Line("One.", True, (quote(57), quote(58))), Line("Two.", True, (quote(3),)))
    assert seen(turn) == "One. p. 57 p. 58 Two. p. 3"
    html = turn_html(turn).html
    assert all(f'href="{address}"' in html for address in ("cite:0:0", "cite:0:1", "cite:1:0"))
    assert cited(turn, "cite:0:1") == quote(58)


@pytest.mark.parametrize(
    "address", ["cite:0:2", "cite:9:0", "cite:a:0", "cite:0", "cite:-1:0", "http://x", "cite:0:0:0"]
)
def test_forged_chips_mean_nothing(address: str) -> None:
    """An address without its citation."""
    assert cited(answer(Line("One.", True, (quote(57), quote(58)))), address) is None


def test_unsupported_lines_are_marked_in_words_and_colour() -> None:
    """With what occurs nowhere, where that is known."""
    turn = answer(Line("Made up.", False), Line("By Jansen.", False, (), ("Jansen",)))
    assert seen(turn) == (
        "Made up. — not supported by the text By Jansen. — not supported by the text, which lacks Jansen"
    )
    assert theme.LIGHT.unsupported.name() in turn_html(turn).html


def test_documents_are_named_once_where_there_are_several() -> None:
    """A line of one document names it with the first of its pages; one document alone is not named."""
    lines = (Line("Both.", True, (quote(3, "x", "a"), quote(4, "y", "a"), quote(9, "z", "b"))),)
    assert seen(answer(*lines, titles={"a": "Floods", "b": "Dykes"})) == "Both. Floods, p. 3 p. 4 Dykes, p. 9"
    assert seen(answer(*lines, titles={"a": "Floods"}, page_mark="S.")) == "Both. S. 3 S. 4 S. 9"


def test_quoted_lines_are_not_read_as_markdown() -> None:
    """A star in a document is a star; in the model's words it is emphasis."""
    turn = answer(Line("5 *is* <b>five</b>", True, (quote(1, "5 *is*\n<b>five</b>"),)), Line("It *is*.", False))
    assert seen(turn).startswith("5 *is* <b>five</b> p. 1 It is.")


def test_the_users_words_are_plain_and_cut() -> None:
    """Markdown of the user's stays as typed; a long text has a link to more of it."""
    turn = ShownTurn(1, "user", "**a** <b>\n" + "x" * 50, 0.0)
    assert seen(turn).startswith("**a** <b> xxx") and MORE not in turn_html(turn).html
    assert seen(turn, 12) == "**a** <b> xx… Show more" and f'href="{MORE}"' in turn_html(turn, 12).html
