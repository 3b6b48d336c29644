from __future__ import annotations

import pytest

from app.cli.turns import branch_at, branch_line, branches, numbered_turns, turn_at, turn_json, turn_line
from app.core.errors import UserError
from app.services.conversations import Tree
from app.storage.conversations import ConversationRecord, TurnRecord


def turn(id: int, parent: int | None, text: str, *, details: str = "") -> TurnRecord:
    role = "assistant" if text.startswith("A") else "user"
    return TurnRecord(id, parent, role, text, details, 0.0, "", "c")


def tree(tip: int | None = 16) -> Tree:
    """One question with two answers; the first answer has two questions after it, of which one is answered."""
    turns = (
        turn(10, None, "Q1"),
        turn(11, 10, "A1", details='{"finish_reason": "stop"}'),
        turn(12, 10, "A1 again"),
        turn(13, 11, "Q2"),
        turn(16, 11, "Q2\x1b[2J\nedited"),
        turn(17, 13, "A2"),
    )
    conversation = ConversationRecord("c1", "t", None, "fake", tip, 0.0, 0.0, "", None, "")
    return Tree(conversation, turns, (turns[2], turns[4], turns[5]))


def test_numbers_run_along_the_branch_in_use() -> None:
    """From 1; a turn with siblings knows which of them it is."""
    found = [(n.number, n.turn.id, n.branch, n.branches) for n in numbered_turns(tree())]
    assert found == [(1, 10, 1, 1), (2, 11, 1, 2), (3, 16, 2, 2)]
    assert numbered_turns(tree(None)) == []


def test_branches_by_their_last_turns() -> None:
    """How many turns lead to each, and which is in use; none is after going back to a turn in the middle."""
    found = [(b.number, b.last.id, b.turns, b.in_use) for b in branches(tree())]
    assert found == [(1, 12, 2, False), (2, 16, 3, True), (3, 17, 4, False)]
    assert not any(branch.in_use for branch in branches(tree(11)))


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
