"""What the user of a command is told of the model that runs it."""

from __future__ import annotations

from app.core.text import one_line
from app.inference.generator import TextGenerator


def notes_of(generator: TextGenerator) -> list[str]:
    """One line for each thing that is other than asked for or slower than it could be, for standard error."""
    return [f"note: {one_line(note)}" for note in generator.info.notes]
