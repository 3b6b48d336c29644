"""Where a base model's text ends: it goes on past what it was asked for, and is stopped there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from app.inference.generator import Cancelled, FinishReason, Generation

_HEADING = r"#|={3}|-{3}|\*{3}"
_LABEL = r"(?:[A-Z][a-z]+ ){0,3}(?:Question|Answer|Summary|Passage|Excerpt|Text|Notes?|Title|Source)s?\b[^.\n]{0,60}:"
ANSWER_END = re.compile(rf"\n(?=[ \t]*(?:\n|{_HEADING}|{_LABEL}))")
"""The end of a written answer: a blank line, a heading, or the next label of a text made of labelled pieces."""
LIST_END = re.compile(r"\n(?![ \t]*(?:\Z|[a-z]|[-*•][ \t]*(?:\*{0,2}\Z|\*\*\w|[^\s*-])))")
"""The end of a list: a line that neither is its next item nor goes on with the last one, in lower case."""
_WRAPPED = re.compile(r"[ \t]*\n[ \t]*(?=[a-z])")
_MARKS = " \t\n-*•"


class CompletionWatch:
    """Listens while answers are completed side by side, and has them stopped once each of them has come to its end."""

    def __init__(
        self,
        answers: int,
        end: re.Pattern[str],
        cancelled: Cancelled,
        on_text: Callable[[int, str], None] | None = None,
    ) -> None:
        """on_text: gets what belongs to an answer, as it is written."""
        self._texts = [""] * answers
        self._ended = [False] * answers
        self._end = end
        self._cancelled = cancelled
        self._on_text = on_text

    def hear(self, index: int, text: str) -> None:
        """The generator's `on_text`."""
        if self._ended[index]:
            return
        told = len(self._texts[index])
        self._texts[index] += text
        whole, self._ended[index] = completed(self._texts[index], self._end)
        if self._on_text is not None and len(whole) > told:
            self._on_text(index, whole[told:])

    def cancelled(self) -> bool:
        """The generator's `cancelled`: also when there is nothing left to wait for."""
        return self._cancelled() or all(self._ended)

    def cut(self, answer: Generation) -> Generation:
        """An answer without what was written past its end; one with an end is finished, whatever stopped it.

        Lines that go on in lower case are joined: a model writes on in the narrow lines of the page that it has read.
        """
        text, ended = completed(answer.text, self._end)
        return replace(
            answer, text=_WRAPPED.sub(" ", text), finish_reason=FinishReason.STOP if ended else answer.finish_reason
        )


def completed(text: str, end: re.Pattern[str]) -> tuple[str, bool]:
    """What was written up to its end, and whether it has come to one; a line that comes again is a loop, and an end.

    White space before it begins is none.
    """
    at = len(text) - len(text.lstrip())
    found = end.search(text, at) if at < len(text) else None
    stop = len(text) if found is None else found.start()
    said: set[str] = set()
    for line in text[at:stop].splitlines(keepends=True):
        if line.endswith("\n"):
            bare = line.strip(_MARKS)
            if bare in said:
                return text[:at].rstrip(), True
            said.add(bare)
        at += len(line)
    return text[:stop], found is not None
