"""What a line that begins with a slash does in a conversation: other answers, other branches, a fork, a title."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.cli.answering import AnswerPrinter
from app.cli.turns import branch_at, branch_line, count, turn_at, turn_line
from app.core.errors import UserError
from app.core.text import one_line
from app.services.branches import branches, numbered_turns
from app.services.conversations import ConversationService, Tree
from app.services.talk import OpenConversation


@dataclass(frozen=True, slots=True)
class _Command:
    arguments: str
    """As the help shows them; '' for a command that takes none."""
    does: str
    run: Callable[[str], None]


class SlashCommands:
    """The commands of one open conversation.

    out: shows what was asked for; note: a remark beside it; moved: called when the conversation goes on elsewhere.
    """

    def __init__(
        self,
        conversations: ConversationService,
        conversation: OpenConversation,
        *,
        answer: AnswerPrinter,
        out: Callable[[str], None],
        note: Callable[[str], None],
        moved: Callable[[], None],
    ) -> None:
        self._conversations = conversations
        self._conversation = conversation
        self._answer = answer
        self._out = out
        self._note = note
        self._moved = moved
        self._ended = False
        self._commands = {
            "/help": _Command("", "shows these commands", self._help),
            "/regenerate": _Command("", "another answer to the last question; the old one stays", self._regenerate),
            "/edit": _Command("N TEXT", "asks TEXT in place of your turn N; the old branch stays", self._edit),
            "/turns": _Command("", "the branch in use, turn by turn", self._turns),
            "/branches": _Command("", "all branches; * is in use", self._branches),
            "/goto": _Command("N", "goes on after turn N of /turns", self._go_to),
            "/switch": _Command("K", "goes on with branch K of /branches", self._switch),
            "/fork": _Command("[N]", "a new conversation that begins with the turns up to N (all)", self._fork),
            "/title": _Command("TEXT", "gives the conversation another title", self._title),
            "/quit": _Command("", "ends; everything said is kept", self._quit),
        }

    def run(self, line: str) -> bool:
        """Do what a line says, whatever is wrong with it; False when it ends the conversation.

        Raises GriffinDeskError where an answer does.
        """
        word, *more = line.split(maxsplit=1)
        rest = more[0].strip() if more else ""
        command = self._commands.get(word)
        if command is None:
            self._note(f"there is no command {one_line(word)}; /help shows those there are, // says a slash")
            return True
        try:
            if bool(rest) != bool(command.arguments) and command.arguments != "[N]":
                raise UserError(f"use it so: {word} {command.arguments}".rstrip())
            command.run(rest)
        except UserError as error:
            if type(error) is not UserError:  # a model or a document: more than a slip of the hand
                raise
            self._note(one_line(error.message))
        return not self._ended

    def _help(self, rest: str) -> None:
        for word, command in self._commands.items():
            self._out(f"{f'{word} {command.arguments}':<16} {command.does}")
        self._out(f"{'//TEXT':<16} says /TEXT to the model")

    def _regenerate(self, rest: str) -> None:
        self._answer(self._conversation.regenerate)

    def _edit(self, rest: str) -> None:
        number, *text = rest.split(maxsplit=1)
        if not text:
            raise UserError("use it so: /edit N TEXT")
        turn = turn_at(self._tree(), _number(number))
        if turn.role != "user":
            raise UserError(f"turn {number} is the model's; a question of yours can be edited")
        self._answer(partial(self._conversation.edit, turn.id, text[0]))

    def _turns(self, rest: str) -> None:
        for numbered in numbered_turns(self._tree()):
            self._out(turn_line(numbered))

    def _branches(self, rest: str) -> None:
        for branch in branches(self._tree()):
            self._out(branch_line(branch))

    def _go_to(self, rest: str) -> None:
        turn = turn_at(self._tree(), _number(rest))
        self._conversation.go_to(turn.id)
        answers = "; /regenerate answers it, a new question takes its place" if turn.role == "user" else ""
        self._note(f"going on after turn {int(rest)}{answers}")
        self._moved()

    def _switch(self, rest: str) -> None:
        branch = branch_at(self._tree(), _number(rest))
        self._conversation.go_to(branch.last.id)
        self._note(f"going on with branch {branch.number}, {count(branch.turns, 'turn')}")
        self._moved()

    def _fork(self, rest: str) -> None:
        tree = self._tree()
        forked = self._conversations.fork(tree.conversation.id, turn_at(tree, _number(rest)).id if rest else None)
        self._out(forked.id)
        self._note(f"go on with it with `griffin-desk chat --session {forked.id}`")

    def _title(self, rest: str) -> None:
        renamed = self._conversations.rename(self._tree().conversation.id, rest)
        self._note(f"the title is {one_line(renamed.title)} now")

    def _quit(self, rest: str) -> None:
        self._ended = True

    def _tree(self) -> Tree:
        if not self._conversation.stored:
            raise UserError("nothing has been said yet")
        return self._conversations.tree(self._conversation.id)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UserError(f"{one_line(text)[:40]} is no number; /turns and /branches show them")
    return int(text)
