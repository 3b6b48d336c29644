"""Stored turns as the chat shows them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from app.documents.model import Document
from app.services.branches import NumberedTurn, numbered_turns
from app.services.conversations import Tree
from app.services.found_answer import FoundAnswer, found_answer
from app.services.markdown_export import page_mark
from app.tasks.model import AnswerStyle
from app.ui.widgets.shown_turn import AskMode, ShownTurn


@dataclass(frozen=True, slots=True)
class Turns:
    """The branch in use of a conversation, first turn to last; `modes` says how each answer was made."""

    conversation_id: str
    turns: tuple[ShownTurn, ...]
    modes: dict[int, AskMode]


def shown_turns(tree: Tree, document: Document | None) -> Turns:
    """Made in the lane: thousands of turns are no work for the event loop."""
    modes: dict[int, AskMode] = {}
    turns = tuple(_shown(numbered, document, modes) for numbered in numbered_turns(tree))
    return Turns(tree.conversation.id, turns, modes)


def found_turn(answer: FoundAnswer, document: Document | None, key: int, label: str) -> ShownTurn:
    """An answer found in the document's text; one that is not stored yet has no time of its own."""
    return ShownTurn(
        key=key,
        role="assistant",
        text="" if answer.shown else answer.text,
        created_at=time.time(),
        lines=answer.shown,
        label=label,
        page_mark="p." if document is None else page_mark(document),
    )


def _shown(numbered: NumberedTurn, document: Document | None, modes: dict[int, AskMode]) -> ShownTurn:
    turn = numbered.turn
    found = found_answer(turn)
    if turn.role == "assistant":
        modes[turn.id] = AskMode.TALK if found is None else AskMode.FIND
    if found is not None:
        made = replace(found_turn(found, document, turn.id, _found_label(found)), created_at=turn.created_at)
    else:
        label = _state_label() if turn.role == "assistant" and document is not None else ""
        made = ShownTurn(key=turn.id, role=turn.role, text=turn.text, created_at=turn.created_at, label=label)
    return replace(made, branch=numbered.branch, branches=numbered.branches)


def _state_label() -> str:
    return QCoreApplication.translate("Turns", "From the model's state, without looking things up")


def _found_label(answer: FoundAnswer) -> str:
    if answer.style is AnswerStyle.WRITTEN:
        text = QCoreApplication.translate("Turns", "Written by {model} from what was found in the document")
    elif answer.style is AnswerStyle.QUOTED:
        text = QCoreApplication.translate("Turns", "Quoted from the document, chosen by {model}")
    elif answer.extract:
        text = QCoreApplication.translate("Turns", "Quoted from the document")
    else:
        text = QCoreApplication.translate("Turns", "Searched the document")
    return text.format(model=answer.model)
