"""`griffin-desk chat`: an offline conversation on a terminal, or line by line through a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from app.cli.answering import AnswerPrinter
from app.cli.context import Context
from app.cli.cost import cost_line, is_long
from app.cli.document import open_document
from app.cli.engine import notes_of
from app.cli.errors import Interrupted, lost
from app.cli.output import print_json
from app.cli.progress import progress_report
from app.cli.read import follow
from app.cli.slash import SlashCommands
from app.cli.turns import count, turn_json
from app.core.errors import UserError, WorkerLostError
from app.core.text import clean, one_line
from app.documents.files import check_file
from app.services.branches import numbered_turns
from app.services.models import InstalledModel
from app.services.talk import OpenConversation, Plan
from app.tasks.chat import COMPLETES

FROM_STATE = (
    "what is said of the document comes from the model's state, without looking things up, and is not checked; "
    "`griffin-desk ask` finds it in the text"
)


def run(context: Context) -> int:
    """Talk until /quit or the end of the input. Raises GriffinDeskError and Interrupted."""
    options = context.options
    if options.document is None and (options.pages is not None or options.password is not None):
        raise UserError("--pages and --password belong to --document; name it", code="usage")
    # Everything that can be wrong with the command itself is told before the model is loaded.
    if options.document is not None:
        check_file(options.document)
    if options.session is not None:
        context.desk.conversations.find(options.session)
    model = context.resolve_model()
    conversation: OpenConversation | None = None
    try:
        conversation = _open(context, model)
        _Chat(context, model, conversation).run()
    except KeyboardInterrupt:
        raise Interrupted(_how_to_go_on(conversation, interrupted=True)) from None
    except WorkerLostError as error:
        raise lost(error, _how_to_go_on(conversation)) from error
    finally:
        if conversation is not None:
            conversation.close()
    if options.json:
        _print_json(context, model, conversation)
    elif conversation.stored:
        sys.stderr.write(f"saved; {_how_to_go_on(conversation)}\n")
    return 0


def _open(context: Context, model: InstalledModel) -> OpenConversation:
    options = context.options
    loader = context.start_loading(model)
    item = None
    if options.document is not None:
        with progress_report(sys.stderr, time.monotonic) as progress:
            item = open_document(context, options.document, progress)
    generator = loader.result()
    sys.stderr.writelines(f"{note}\n" for note in notes_of(generator))
    if not generator.info.is_chat:
        sys.stderr.write(f"{COMPLETES}\n")
    return context.desk.conversations.open(options.session, generator, item=item)


def _how_to_go_on(conversation: OpenConversation | None, *, interrupted: bool = False) -> str:
    if conversation is not None and conversation.stored:
        return f"go on with `griffin-desk chat --session {conversation.id}`"
    if conversation is not None and conversation.item is not None:
        return f"{'interrupted; ' if interrupted else ''}run the same command again to go on"
    return "interrupted" if interrupted else "run the same command again"


def _print_json(context: Context, model: InstalledModel, conversation: OpenConversation) -> None:
    """The branch in use at the end."""
    tree = context.desk.conversations.tree(conversation.id) if conversation.stored else None
    print_json(
        sys.stdout,
        {
            "session": conversation.id if conversation.stored else None,
            "title": tree.conversation.title if tree is not None else "",
            "model": model.name,
            "document": conversation.item.document.content_hash if conversation.item is not None else None,
            "turns": [turn_json(turn) for turn in numbered_turns(tree)] if tree is not None else [],
        },
    )


class _Chat:
    """One open conversation and whoever sits before it."""

    def __init__(self, context: Context, model: InstalledModel, conversation: OpenConversation) -> None:
        self._conversation = conversation
        self._conversations = context.desk.conversations
        self._model = model.name
        self._as_json: bool = context.options.json
        self._interactive = sys.stdin.isatty() and not self._as_json
        self._answer = AnswerPrinter(stream=not self._as_json)
        self._slash = SlashCommands(
            context.desk.conversations,
            conversation,
            answer=self._answer,
            out=self._out,
            note=_say,
            moved=self._moved,
        )

    def run(self) -> None:
        """To the end of the input. Raises GriffinDeskError and KeyboardInterrupt."""
        plan = self._conversation.plan()
        self._greet(plan)
        if not self._get_ready(plan):
            _say("nothing was read")
            return
        for text in _lines(self._interactive):
            if text.startswith("/") and not text.startswith("//"):
                if not self._slash.run(text):
                    return
            else:
                said = text[1:] if text.startswith("//") else text
                self._answer(partial(self._conversation.say, said))

    def _greet(self, plan: Plan) -> None:
        """One line of who speaks about what, one of the conversation that goes on, one of what that costs."""
        conversation = self._conversation
        if self._interactive:
            about = f', about "{conversation.item.document.title}"' if conversation.item is not None else ""
            _say(f"{self._model}, offline{about}; /help shows the commands, /quit ends.")
        cost = cost_line(plan, self._model, new=not conversation.stored)
        if not conversation.stored:
            if cost:
                _say(cost)
            if conversation.item is not None and not self._as_json:
                _say(FROM_STATE)
            return
        turns = conversation.turns()
        title = self._conversations.find(conversation.id).title
        _say(f'"{title}", {count(len(turns), "turn")}: {cost or "goes on at once"}')
        if turns and turns[-1].role == "user":
            _say("the last question has no answer; /regenerate answers it")

    def _moved(self) -> None:
        plan = self._conversation.plan()
        cost = cost_line(plan, self._model, new=False)
        if cost:
            _say(cost)
            self._get_ready(plan)

    def _get_ready(self, plan: Plan) -> bool:
        """Read the document where it has to be read; False when the user does not want to wait for that."""
        if plan.reading is None or self._conversation.item is None:
            return True
        if self._interactive and is_long(plan) and not _agreed():
            return False
        with progress_report(sys.stderr, time.monotonic) as progress:
            follow(self._conversation.prepare(), self._conversation.item, progress)
        return True

    def _out(self, line: str) -> None:
        stream = sys.stderr if self._as_json else sys.stdout
        stream.write(clean(line) + "\n")
        stream.flush()


def _say(line: str) -> None:
    sys.stderr.write(one_line(line) + "\n")
    sys.stderr.flush()


def _agreed() -> bool:
    try:
        return not input("Go on? [Y/n] ").strip().lower().startswith("n")
    except EOFError:
        return False


def _lines(interactive: bool) -> Iterator[str]:
    """The user's lines that are not blank."""
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
        if text:
            yield text
