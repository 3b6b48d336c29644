from dataclasses import replace

from app.tasks.budget import Budget, lines_per_part, note_lines, summary_lines
from app.tasks.model import Style
from tests.fakes import FakeGenerator


def test_shares_of_a_window_of_2048() -> None:
    """256 tokens for notes and 128 for the prompt leave 1,664 for the part; brief notes get half."""
    info = replace(FakeGenerator().info, window_tokens=2048)
    assert Budget.for_model(info, Style.DETAILED) == Budget(part=1664, join_below=554, feed=416, note=256)
    assert Budget.for_model(info, Style.BRIEF).note == 128


def test_note_lines_grow_with_the_part() -> None:
    """One line per 400 tokens, one to five; brief one per 800, one to three."""
    assert [note_lines(Style.KEY_PASSAGES, tokens) for tokens in (0, 400, 401, 9000)] == [1, 1, 2, 5]
    assert [note_lines(Style.BRIEF, tokens) for tokens in (0, 801, 9000)] == [1, 2, 3]


def test_summary_lines_grow_with_the_document() -> None:
    """One line per 700 tokens, three to twenty-five; brief ends at ten."""
    assert [summary_lines(Style.KEY_PASSAGES, tokens) for tokens in (10, 7000, 10**6)] == [3, 10, 25]
    assert summary_lines(Style.BRIEF, 10**6) == 10


def test_lines_per_part_spread_the_summary() -> None:
    """Six lines of two parts: at most five from one; of a hundred parts: one each."""
    assert lines_per_part(6, 2) == 5
    assert lines_per_part(25, 100) == 1
