"""The turns of a conversation as the user counts them: from 1 along the branch in use, and branches by number."""

from __future__ import annotations

import json
from typing import Any

from app.cli.output import time_text
from app.core.errors import UserError
from app.core.text import one_line
from app.services.branches import Branch, NumberedTurn, branches, numbered_turns
from app.services.conversations import Tree
from app.storage.conversations import TurnRecord

SHOWN_CHARS = 72
_SPEAKERS = {"user": "you", "assistant": "model"}


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
