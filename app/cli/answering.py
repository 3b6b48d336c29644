"""One answer of the model: shown as it is written, stopped by Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from app.core.text import clean, one_line
from app.inference.generator import Cancelled, FinishReason, Generation


class Asking(Protocol):
    """Saying, editing or regenerating a turn of a conversation; see OpenConversation."""

    def __call__(
        self, *, on_text: Callable[[str], None] | None, on_notice: Callable[[str], None], cancelled: Cancelled
    ) -> Generation:
        """The answer, once it is on disk."""
        ...


class AnswerPrinter:
    """Asks, and shows the answer on standard output where `stream`; what is to be noted goes to standard error."""

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._in_line = False

    def __call__(self, ask: Asking) -> Generation:
        """Ask once. Raises what asking raises; a second Ctrl-C is a KeyboardInterrupt."""
        with _ctrl_c_stops_the_answer() as cancelled:
            answer = ask(on_text=self._show if self._stream else None, on_notice=self._notice, cancelled=cancelled)
        if answer.finish_reason is FinishReason.CANCELLED and not answer.token_ids:
            self._end_line()
            self._notice("stopped before the first word: the question is kept, /regenerate answers it")
        elif self._stream:
            # The line ends when the turn is on disk: a finished line is a saved one.
            self._in_line = True
            self._end_line()
        return answer

    def _show(self, piece: str) -> None:
        sys.stdout.write(clean(piece))
        sys.stdout.flush()
        self._in_line = True

    def _end_line(self) -> None:
        if self._in_line:
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._in_line = False

    def _notice(self, text: str) -> None:
        if self._in_line and sys.stdout.isatty():
            self._end_line()
        sys.stderr.write(f"note: {one_line(text)}\n")
        sys.stderr.flush()


@contextmanager
def _ctrl_c_stops_the_answer() -> Iterator[Cancelled]:
    """While an answer is written Ctrl-C ends the answer, not the conversation; a second one ends that too."""
    pressed: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
