"""The turns of a conversation as a user counts them: along the branch in use, with the branches beside each turn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from app.services.conversations import Tree
from app.storage.conversations import TurnRecord


@dataclass(frozen=True, slots=True)
class NumberedTurn:
    """A turn of the branch in use; `branch` says which it is of the `branches` turns that follow the same turn."""

    number: int
    turn: TurnRecord
    branch: int
    branches: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch by its last turn; `turns` is how many lead to that, with it. `in_use`: the next turn follows on it."""

    number: int
    last: TurnRecord
    turns: int
    in_use: bool


def numbered_turns(tree: Tree) -> list[NumberedTurn]:
    """The branch in use, first turn to last."""
    by_id = {turn.id: turn for turn in tree.turns}
    siblings = _siblings(tree)
    line: list[TurnRecord] = []
    at = tree.conversation.tip_turn_id
    while at is not None:
        line.append(by_id[at])
        at = by_id[at].parent_id
    return [
        NumberedTurn(number, turn, siblings[turn.parent_id].index(turn.id) + 1, len(siblings[turn.parent_id]))
        for number, turn in enumerate(reversed(line), start=1)
    ]


def branches(tree: Tree) -> list[Branch]:
    """All branches, in the order in which their last turns were stored."""
    lengths: dict[int | None, int] = {None: 0}
    for turn in tree.turns:  # a turn is stored after its parent
        lengths[turn.id] = lengths[turn.parent_id] + 1
    return [
        Branch(number, tip, lengths[tip.id], tip.id == tree.conversation.tip_turn_id)
        for number, tip in enumerate(tree.tips, start=1)
    ]


def beside(tree: Tree, turn_id: int, step: int) -> int:
    """The last turn of the branch that one comes to from a turn by going `step` branches on; round at the ends.

    Of the turns that follow there, those stored last are followed: where the user was last.
    """
    siblings = _siblings(tree)
    parent = next(turn.parent_id for turn in tree.turns if turn.id == turn_id)
    line = siblings[parent]
    at = line[(line.index(turn_id) + step) % len(line)]
    while at in siblings:
        at = siblings[at][-1]
    return at


def _siblings(tree: Tree) -> dict[int | None, list[int]]:
    """The turns that follow each turn, in the order in which they were stored."""
    siblings: dict[int | None, list[int]] = defaultdict(list)
    for turn in tree.turns:
        siblings[turn.parent_id].append(turn.id)
    return dict(siblings)
