"""`griffin-desk chat`: an offline conversation on a terminal, or line by line through a pipe."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from app.cli.context import Context
from app.cli.engine import notes_of
from app.cli.errors import Interrupted
from app.cli.output import clean, one_line, print_json
from app.inference.generator import Generation
from app.services.conversations import OpenConversation

QUIT = "/quit"


def run(context: Context) -> int:
    """Talk until /quit or the end of the input. Raises GriffinDeskError and Interrupted."""
    options = context.options
    model = context.resolve_model()
    if options.session is not None:
        context.conversations.transcript(options.session)  # a wrong id is told before the model is loaded
    interactive = sys.stdin.isatty() and not options.json
    loader = context.start_loading(model)
    generator = loader.result()
    sys.stderr.writelines(f"{note}\n" for note in notes_of(generator))
    conversation = context.conversations.open(options.session, generator)
    if interactive:
        sys.stderr.write(f"{one_line(model.name)}, offline; {QUIT} ends.\n")
    turns: list[dict[str, Any]] = []
    try:
        for text in _lines(interactive):
            answer = _turn(conversation, text, stream=not options.json)
            turns += [
                {"role": "user", "text": text},
                {"role": "assistant", "text": answer.text, "finish_reason": answer.finish_reason.value},
            ]
    except KeyboardInterrupt:
        raise Interrupted(_how_to_go_on(conversation) if conversation.stored else "interrupted") from None
    finally:
        conversation.close()
    if options.json:
        print_json(sys.stdout, {"session": conversation.id, "model": model.name, "turns": turns})
    elif turns:
        sys.stderr.write(f"saved; {_how_to_go_on(conversation)}\n")
    return 0


def _how_to_go_on(conversation: OpenConversation) -> str:
    return f"go on with `griffin-desk chat --session {conversation.id}`"


def _lines(interactive: bool) -> Iterator[str]:
    """The user's turns: each line that is not blank, up to /quit."""
    if interactive:
        # Line editing and history for input(), where the platform has it.
        with suppress(ImportError):
            import readline  # noqa: F401
    while True:
        if interactive:
            try:
                line = input("> ")
            except EOFError:
                return
        else:
            line = sys.stdin.readline()
            if not line:
                return
        text = line.strip()
        if text == QUIT:
            return
        if text:
            yield text


def _turn(conversation: OpenConversation, text: str, *, stream: bool) -> Generation:
    def show(piece: str) -> None:
        sys.stdout.write(clean(piece))
        sys.stdout.flush()

    with _ctrl_c_stops_the_answer() as cancelled:
        answer = conversation.say(text, on_text=show if stream else None, cancelled=cancelled)
    if stream:
        # The line ends when the turn is on disk: a finished line is a saved one.
        sys.stdout.write("\n")
        sys.stdout.flush()
    return answer


@contextmanager
def _ctrl_c_stops_the_answer() -> Iterator[Callable[[], bool]]:
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
