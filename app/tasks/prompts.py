"""What the model is asked, word for word. Document text goes into turns as data, never as control tokens."""

from __future__ import annotations

from enum import StrEnum

from app.inference.generator import Message, Sampling
from app.tasks.model import Style

SYSTEM = "You summarize documents. You only say what the text says."
NOTES_SAMPLING = Sampling(temperature=0.5, top_p=0.9, repetition_penalty=1.1, seed=1)
"""Greedy decoding of small models falls into repetition; figures in docs/quality.md."""


class NotesFrom(StrEnum):
    """What the model has in its state when it writes the notes of a part."""

    RUNNING_STATE = "running-state"
    """A fork of the state that has read the document up to here."""
    FRESH_STATE = "fresh-state"
    """A fresh state, and the part's text in the prompt."""


def notes_after_reading(style: Style, title: str) -> list[Message]:
    """Asks for notes of the part just read through the state."""
    return [Message("system", SYSTEM), Message("user", _ask(style, title, "the text above"))]


def notes_of_text(style: Style, title: str, text: str) -> list[Message]:
    """Asks for notes of a part whose text the prompt carries."""
    return [Message("system", SYSTEM), Message("user", f"{text.strip()}\n\n{_ask(style, title, 'the text above')}")]


def summary_of_notes(title: str, notes: str) -> list[Message]:
    """Asks for one summary of several parts' notes."""
    ask = f'Summarize these notes of "{title}" in a few sentences, in their order. Write plain sentences.'
    return [Message("system", SYSTEM), Message("user", f"{notes}\n\n{ask}")]


def _ask(style: Style, title: str, what: str) -> str:
    about = f' from the section "{title}"' if title else ""
    if style is Style.BRIEF:
        return f"Summarize {what}{about} in two sentences."
    return f"Summarize the main points of {what}{about} in five sentences, with its names and numbers."
