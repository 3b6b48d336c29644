from __future__ import annotations

import pytest

from app.services.branches import beside, branches, numbered_turns
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


@pytest.mark.parametrize(
    ("turn_id", "step", "expected"),
    [
        (11, 1, 12),  # the other answer, which nothing follows on
        (12, -1, 16),  # back to the first: of the two questions after it the one stored last
        (12, 1, 16),  # round at the end
        (16, 1, 17),  # from one question to the other, down to its answer
        (13, -1, 16),
        (10, 1, 12),  # of one branch the next is itself
        (10, -3, 12),
    ],
)
def test_the_branch_beside(turn_id: int, step: int, expected: int) -> None:
    """Round among the turns that follow the same turn, down to where the user was last."""
    assert beside(tree(), turn_id, step) == expected
