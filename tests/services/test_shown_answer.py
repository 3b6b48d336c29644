from __future__ import annotations

import pytest

from app.services.shown_answer import ShownAnswer


class Screen:
    """What was shown and told."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.notices: list[str] = []
        self.answer = ShownAnswer(self.pieces.append, self.notices.append)

    def write(self, *pieces: str) -> None:
        for piece in pieces:
            self.answer.add(piece)


def test_text_passes_as_it_comes() -> None:
    """Piece by piece; an empty one is no text."""
    screen = Screen()
    screen.write("The", " dams", "", " hold.")
    assert (screen.pieces, screen.notices) == (["The", " dams", " hold."], [])


@pytest.mark.parametrize("again", [["The dams hold."], ["T", "he dams", " hold."], ["The dams", " hold."]])
def test_what_was_shown_is_not_shown_again(again: list[str]) -> None:
    """However the pieces are cut the second time; only what is new comes."""
    screen = Screen()
    screen.write("The", " da")
    screen.answer.again()
    screen.write(*again)
    assert ("".join(screen.pieces), screen.notices) == ("The dams hold.", [])


def test_lost_more_than_once() -> None:
    """The second time earlier than the first."""
    screen = Screen()
    for pieces in (["One ", "two ", "three "], ["One "], ["One ", "two "], ["One ", "two ", "three ", "four"]):
        screen.answer.again()
        screen.write(*pieces)
    assert ("".join(screen.pieces), screen.notices) == ("One two three four", [])


def test_another_text_is_shown_from_its_beginning() -> None:
    """With one notice, and no word of it is lost."""
    screen = Screen()
    screen.write("The dams", " hold.")
    screen.answer.again()
    screen.write("The ", "dam", "ned rivers", " flow.")
    assert screen.pieces[2:] == ["The damned rivers", " flow."]
    assert screen.notices == ["the answer comes out otherwise this time and is shown from its beginning"]


def test_nobody_looks() -> None:
    """Without a place to show it a text that comes out otherwise is still told of."""
    notices: list[str] = []
    answer = ShownAnswer(None, notices.append)
    answer.add("one")
    answer.again()
    answer.add("two")
    assert len(notices) == 1
