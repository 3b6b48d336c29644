"""What the model is asked, word for word. Document text goes into turns as data, never as control tokens."""

from __future__ import annotations

from enum import StrEnum

from app.inference.generator import Message, Sampling
from app.tasks.model import Style

NOTES_SAMPLING = Sampling(temperature=0.3, top_p=0.9, repetition_penalty=1.05, seed=1)
"""Greedy decoding of small models falls into repetition, a higher temperature into invention (docs/quality.md)."""

_SENTENCES = {Style.BRIEF: "three", Style.DETAILED: "five", Style.KEY_PASSAGES: "five"}


class NotesFrom(StrEnum):
    """What the model has in its state when it writes the notes of a part."""

    RUNNING_STATE = "running-state"
    """A fork of the state that has read the document up to here."""
    FRESH_STATE = "fresh-state"
    """A fresh state, and the part's text in the prompt."""


def notes_after_reading(style: Style, title: str, *, is_chat: bool = True) -> list[Message]:
    """Asks for notes of the part just read through the state; is_chat as in `ModelInfo`."""
    if not is_chat:
        return [Message("user", _heading(f' ("{title}")' if title else ""))]
    about = f' It is from the section "{title}".' if title else ""
    return [_system(style), Message("user", f"Summarize the text above.{about}")]


def notes_of_text(style: Style, text: str, *, is_chat: bool = True) -> list[Message]:
    """Asks for notes of a part whose text the prompt carries; is_chat as in `ModelInfo`.

    The text stands alone in its turn: small models take words of the request for words of the text. A base model gets
    the text and, below it, what a summary of it would begin with.
    """
    if not is_chat:
        return [Message("user", f"{text.strip()}\n\n{_heading()}")]
    return [_system(style), Message("user", text.strip())]


def _heading(about: str = "") -> str:
    """What a base model goes on from, up to the first item's mark; it would take a space for a word of its own."""
    return f"Summary of the passage above{about}:\n-"


def _system(style: Style) -> Message:
    # The wording with which SmolLM2, the starter model's teacher, learnt to summarise; larger models follow it too.
    return Message(
        "system",
        f"Provide a concise, objective summary of the input text in up to {_SENTENCES[style]} sentences, "
        "focusing on key actions and intentions without using second or third person pronouns.",
    )
