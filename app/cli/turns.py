"""The turns of a conversation as the user counts them: from 1 along the branch in use, and branches by number."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from app.cli.output import one_line, time_text
from app.core.errors import UserError
from app.services.conversations import Tree
from app.storage.conversations import TurnRecord

SHOWN_CHARS = 72
_SPEAKERS = {"user": "you", "assistant": "model"}


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
    siblings: dict[int | None, list[int]] = defaultdict(list)
    for turn in tree.turns:
        siblings[turn.parent_id].append(turn.id)
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


def turn_at(tree: Tree, number: int) -> TurnRecord:
    """A turn of the branch in use by its number. UserError where there is none such."""
    turns = numbered_turns(tree)
    if not 1 <= number <= len(turns):
        raise UserError(f"there is no turn {number}: the branch in use has turns 1 to {len(turns)}", code="turn")
    return turns[number - 1].turn


def branch_at(tree: Tree, number: int) -> Branch:
    """A branch by its number. UserError where there is none such."""
    all_branches = branches(tree)
    if not 1 <= number <= len(all_branches):
        raise UserError(f"there is no branch {number}: they are numbered 1 to {len(all_branches)}", code="turn")
    return all_branches[number - 1]


def turn_line(numbered: NumberedTurn) -> str:
    """`3  you: What do rivers carry?  (branch 2 of 2)`."""
    line = f"{numbered.number:>3}  {_said(numbered.turn)}"
    return f"{line}  {branch_mark(numbered)}" if numbered.branches > 1 else line


def branch_mark(numbered: NumberedTurn) -> str:
    """`(branch 2 of 3)`."""
    return f"(branch {numbered.branch} of {numbered.branches})"


def branch_line(branch: Branch) -> str:
    """`2 * 4 turns  model: Water.`, with a star where it is in use."""
    return f"{branch.number:>3} {'*' if branch.in_use else ' '} {count(branch.turns, 'turn')}  {_said(branch.last)}"


def turn_json(numbered: NumberedTurn) -> dict[str, Any]:
    """A turn as commands print it; an answer has its `finish_reason`, null where that is not known."""
    turn = numbered.turn
    value = {
        "number": numbered.number,
        "role": turn.role,
        "text": turn.text,
        "created_at": time_text(turn.created_at),
        "branch": numbered.branch,
        "branches": numbered.branches,
    }
    if turn.role == "assistant":
        value["finish_reason"] = json.loads(turn.details).get("finish_reason") if turn.details else None
    return value


def branch_json(branch: Branch) -> dict[str, Any]:
    """A branch as commands print it."""
    return {
        "number": branch.number,
        "in_use": branch.in_use,
        "turns": branch.turns,
        "last_role": branch.last.role,
        "last_text": branch.last.text,
    }


def count(number: int, noun: str) -> str:
    """`1 turn`, `2 turns`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _said(turn: TurnRecord) -> str:
    text = one_line(turn.text)
    shown = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
    return f"{_SPEAKERS.get(turn.role, turn.role)}: {shown}"
