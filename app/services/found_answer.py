"""An answer that was found in a document's text, as a turn of a conversation keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.services import codec
from app.storage.conversations import TurnRecord
from app.tasks.model import AnswerStyle, Citation, Line

NOTHING_FOUND = "Nothing in the document answers this."


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """extract: the document's own sentences; lines: what the model made of them, none where it was not asked.

    style: how the lines were made. read: whether a state that has read the whole document wrote them. reason: why
    nothing was found, as a sentence, '' where something was. model: name of the model that was asked, '' for none.
    """

    extract: tuple[Line, ...]
    lines: tuple[Line, ...] = ()
    style: AnswerStyle | None = None
    read: bool = False
    reason: str = ""
    model: str = ""

    @property
    def shown(self) -> tuple[Line, ...]:
        """The lines that answer: the model's where there are any, and then the sentences that they do not quote."""
        quotes = {line.text for line in self.lines}
        return (*self.lines, *(line for line in self.extract if line.text not in quotes))

    @property
    def text(self) -> str:
        """The answer in words alone: what other turns, exports and the model are told."""
        return " ".join(line.text for line in (self.lines or self.extract)) or self.reason or NOTHING_FOUND

    def details(self) -> str:
        """As JSON for the turn."""
        found = {
            "extract": [codec.line_to_json(line) for line in self.extract],
            "lines": [codec.line_to_json(line) for line in self.lines],
            "style": None if self.style is None else self.style.value,
            "read": self.read,
            "reason": self.reason,
        }
        return codec.dumps({"found": found, "model": self.model})


def found_answer(turn: TurnRecord) -> FoundAnswer | None:
    """What a turn keeps of an answer found in the text; None for any other turn, and for what cannot be understood."""
    if not turn.details:
        return None
    try:
        details: dict[str, Any] = json.loads(turn.details)
        found = details.get("found")
        if not isinstance(found, dict):
            return None
        return FoundAnswer(
            extract=tuple(map(_line, found["extract"])),
            lines=tuple(map(_line, found["lines"])),
            style=None if found["style"] is None else AnswerStyle(found["style"]),
            read=bool(found["read"]),
            reason=str(found["reason"]),
            model=str(details.get("model", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError):  # an imported conversation may hold anything
        return None


def any_told(turns: Iterable[TurnRecord]) -> bool:
    """Whether the model knew of some of these turns, having answered there; of what was found in the text it did not.

    That it takes such answers in before its next one is no loss worth a word.
    """
    return any(turn.role == "assistant" and found_answer(turn) is None for turn in turns)


def _line(value: dict[str, Any]) -> Line:
    """TypeError for what `line_to_json` did not write: whoever shows it would fail much later."""
    line = codec.line_from_json(value)
    words, citations = (line.text, *line.unknown), line.citations
    if not (isinstance(line.supported, bool) and all(isinstance(word, str) for word in words)):
        raise TypeError("not a line")
    if not all(map(_is_citation, citations)):
        raise TypeError("not a citation")
    return line


def _is_citation(citation: Citation) -> bool:
    numbers, texts = (citation.page, citation.start, citation.end), (citation.quote, citation.document_id)
    return all(type(number) is int for number in numbers) and all(isinstance(text, str) for text in texts)
