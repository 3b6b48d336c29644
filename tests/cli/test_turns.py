from __future__ import annotations

import pytest

from app.cli.turns import branch_at, branch_line, turn_at, turn_json, turn_line
from app.core.errors import UserError
from app.services.branches import branches, numbered_turns
from app.services.conversations import Tree
from tests.services.test_branches import tree, turn


def test_numbers_that_are_none() -> None:
    """One sentence says which there are."""
    assert (turn_at(tree(), 3).id, branch_at(tree(), 3).last.id) == (16, 17)
    for number in (0, 4):
        with pytest.raises(UserError, match=f"there is no turn {number}: the branch in use has turns 1 to 3"):
            turn_at(tree(), number)
        with pytest.raises(UserError, match=f"there is no branch {number}: they are numbered 1 to 3"):
            branch_at(tree(), number)


def test_lines() -> None:
    """One line each, without control characters, long texts cut."""
    assert [turn_line(n) for n in numbered_turns(tree())] == [
        "  1  you: Q1",
        "  2  model: A1  (branch 1 of 2)",
        "  3  you: Q2[2J edited  (branch 2 of 2)",
    ]
    assert [branch_line(b) for b in branches(tree())][:2] == [
        "  1   2 turns  model: A1 again",
        "  2 * 3 turns  you: Q2[2J edited",
    ]
    long = Tree(tree().conversation, (turn(16, None, "word " * 50),), ())
    assert turn_line(numbered_turns(long)[0]).endswith("word w…")


def test_json_of_an_answer_has_its_reason() -> None:
    """Null where an answer has no details, nothing for a question."""
    question, answer, _ = (turn_json(n) for n in numbered_turns(tree()))
    assert "finish_reason" not in question
    assert (answer["finish_reason"], answer["text"], answer["branches"]) == ("stop", "A1", 2)
    assert turn_json(numbered_turns(tree(12))[1])["finish_reason"] is None
