"""The command line's grammar. Light on purpose: `--help` and a mistyped option answer at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from app.core.errors import UserError
from app.core.version import program_version
from app.documents.limits import PageRange
from app.inference.bench.lengths import parse_batches, parse_lengths
from app.inference.weight_format import WeightFormat
from app.tasks.model import AnswerStyle, Style

DEVICES = ("auto", "cpu", "cuda", "mps")
WEIGHT_FORMATS = ("auto", *map(str, WeightFormat))

IMPORTED_FORMATS = ("bfloat16", "int8", "int4")
CONVERTED_FORMATS = ("huggingface", *IMPORTED_FORMATS)

SIZES = ("2b", "9b")


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        # "--js" for --json would be understood here but not where errors are printed, before parsing is done.
        super().__init__(**options, allow_abbrev=False)
        self._splits = True

    def add_subparsers(self, **options: Any) -> Any:
        """As argparse: what follows the command's name is its own parser's."""
        self._splits = False
        return super().add_subparsers(**options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse, with options between the words of a list: `ask a.pdf --json "Why?"` is one with two words."""
        if not self._splits:
            return super().parse_known_args(args, namespace)
        self._splits = False  # it calls this method twice, for the options and for the words
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._splits = True

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage: every mistake is one line, in one place."""
        raise UserError(f"{message}; see `{self.prog} --help`", code="usage")


def parse_command_line(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of one command; its name is in `command`. UserError for a mistake; --help and --version exit."""
    return _build().parse_args(arguments)


def _build() -> _Parser:
    parser = _Parser(
        prog="griffin-desk",
        description="Reads whole long documents with RecurrentGemma (Griffin) models on your own machine, offline.",
        epilog="Without a command, or as `griffin-desk window [FILE ...]`, it opens its window.",
    )
    parser.add_argument("--version", action="version", version=f"griffin-desk {program_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    common = _Parser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    common.add_argument("--data-dir", type=_path, metavar="DIR", help="folder of the library, models and settings")

    engine = _Parser(add_help=False)
    engine.add_argument("--model", metavar="NAME|PATH", help="an installed model's name, or a path to a model")
    engine.add_argument("--device", choices=DEVICES, help="where the model runs (default: auto)")
    engine.add_argument("--weight-format", choices=WEIGHT_FORMATS, help="how weights are held (default: auto)")

    opening = _Parser(add_help=False)
    opening.add_argument("--password", metavar="PW", help="password of an encrypted document")
    opening.add_argument("--pages", type=_pages, metavar="1-50", help="read these pages only")

    document = _Parser(add_help=False, parents=[opening])
    document.add_argument("file", type=_path, metavar="FILE", help="the document")

    summarize = commands.add_parser(
        "summarize", parents=[document, engine, common], help="read a whole document and summarise it"
    )
    summarize.add_argument("--style", type=_style, metavar="STYLE", help="brief, detailed or key-passages")
    summarize.add_argument("--out", type=_path, metavar="FILE.md", help="write the summary to a file")
    summarize.add_argument("--fresh", action="store_true", help="make it anew, whatever is stored or was interrupted")

    commands.add_parser(
        "read", parents=[document, engine, common], help="read a whole document once, for conversations about it"
    )

    chat = commands.add_parser(
        "chat", parents=[opening, engine, common], help="talk to the model; /help shows what else it does, /quit ends"
    )
    begin = chat.add_mutually_exclusive_group()
    begin.add_argument("--session", type=_text, metavar="ID", help="go on with a stored conversation")
    begin.add_argument("--document", type=_path, metavar="FILE", help="begin one about a document, once it is read")

    ask = commands.add_parser("ask", parents=[opening, engine, common], help="ask a question about documents")
    ask.add_argument("files", nargs="*", type=_path, metavar="FILE", help="documents, or folders of documents")
    ask.add_argument("question", metavar="QUESTION", type=_question, help="the question, in quotes")
    ask.add_argument("--library", action="store_true", help="ask all documents of the library")
    ask.add_argument("--read", action="store_true", help="let the model read the whole document first and write")
    ask.add_argument(
        "--style", type=_answer_style, metavar="STYLE", help="written or quoted (default: what the model does better)"
    )

    _add_library(commands.add_parser("library", help="the documents that were opened"), common)

    _add_models(commands.add_parser("models", help="the models there are, and how to get others"), common)

    _add_sessions(commands.add_parser("sessions", help="stored conversations and summaries"), common)

    commands.add_parser("doctor", parents=[engine, common], help="check this machine and the installation")

    bench = commands.add_parser(
        "bench", parents=[engine, common], help="measure speed and memory on this machine, at lengths up to a million"
    )
    bench.add_argument("--synthetic", choices=SIZES, help="a published size with random weights, instead of a model")
    bench.add_argument("--lengths", type=_lengths, metavar="2k,8k", help="in tokens (default: 2k,8k,32k,128k)")
    bench.add_argument("--long", action="store_true", help="also at 512k and 1M tokens")
    bench.add_argument("--batch", type=_batches, metavar="8,64", help="also write many sequences together")
    bench.add_argument("--compare", action="store_true", help="a transformer of Gemma-2B's shape beside it")
    bench.add_argument("--quick", action="store_true", help="a few minutes less, figures less certain")
    bench.add_argument("--out", type=_path, metavar="FOLDER", help="where report.json and the plots go")
    return parser


def _add_models(models: argparse.ArgumentParser, common: _Parser) -> None:
    """The actions of `models`."""
    actions = models.add_subparsers(
        dest="action",
        metavar="list|info|pull|import|convert|verify|remove|measure|login|logout",
        required=True,
    )
    naming = _Parser(add_help=False)
    naming.add_argument("--name", type=_text, metavar="NAME", help="what to call it here (default: by its files)")

    actions.add_parser("list", parents=[common], help="those on this machine and those that can be fetched")
    info = actions.add_parser("info", parents=[common], help="what one model is, and how it will run here")
    info.add_argument("model", nargs="?", metavar="NAME|PATH", help="default: the model in force")

    pull = actions.add_parser("pull", parents=[naming, common], help="fetch a model from the Hugging Face hub")
    pull.add_argument("repository", type=_text, metavar="REPOSITORY", help="such as google/recurrentgemma-2b-it")
    pull.add_argument("--discard", action="store_true", help="give up its unfinished download")

    take = actions.add_parser("import", parents=[naming, common], help="bring in a model from a folder or file")
    take.add_argument("path", type=_path, metavar="PATH", help="a folder, a .safetensors or DeepMind's .pt file")
    take.add_argument("--to", choices=IMPORTED_FORMATS, help="in this weight format (default: as it is)")
    take.add_argument("--copy", action="store_true", help="copy the weights even where they could be linked")

    convert = actions.add_parser("convert", parents=[naming, common], help="write a model in another weight format")
    convert.add_argument("model", metavar="NAME|PATH", help="a model in float32, bfloat16, float16 or int8")
    convert.add_argument("--to", required=True, choices=CONVERTED_FORMATS, help="huggingface keeps the weights' own")
    convert.add_argument("--out", type=_path, metavar="FOLDER", help="a new folder (default: one beside your models)")
    convert.add_argument(
        "--group", type=int, choices=(32, 64), default=32, help="int4 weights that share a scale (default: 32)"
    )
    verify = actions.add_parser("verify", parents=[common], help="look whether a model's files are sound")
    verify.add_argument("model", nargs="?", metavar="NAME|PATH", help="default: the model in force")
    remove = actions.add_parser("remove", parents=[common], help="delete a model of yours")
    remove.add_argument("model", type=_text, metavar="NAME", help="its name")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    actions.add_parser("measure", parents=[common], help="find out how fast this machine is, for estimates")
    actions.add_parser("login", parents=[common], help="keep a token of the hub in the system's keyring")
    actions.add_parser("logout", parents=[common], help="delete that token")


def _add_library(library: argparse.ArgumentParser, common: _Parser) -> None:
    """The actions of `library`."""
    actions = library.add_subparsers(dest="action", metavar="list|index|remove", required=True)
    actions.add_parser("list", parents=[common], help="all of them, last opened first")
    actions.add_parser("index", parents=[common], help="get all of them ready for `ask`, by meaning too where possible")
    remove = actions.add_parser("remove", parents=[common], help="take a document out, with its summaries")
    remove.add_argument("id", type=_id, metavar="ID", help="its id, or the beginning of it")


def _add_sessions(sessions: argparse.ArgumentParser, common: _Parser) -> None:
    """The actions of `sessions`."""
    actions = sessions.add_subparsers(
        dest="action",
        metavar="list|show|search|rename|delete|undelete|fork|branches|export|import|gc",
        required=True,
    )
    one = _Parser(add_help=False)
    one.add_argument("id", type=_text, metavar="ID", help="its id, or the beginning of it")

    listed = actions.add_parser("list", parents=[common], help="all of them, last changed first")
    listed.add_argument("--deleted", action="store_true", help="conversations that can still be brought back")
    actions.add_parser("show", parents=[one, common], help="one of them")
    search = actions.add_parser("search", parents=[common], help="turns and titles of conversations that hold words")
    search.add_argument("words", nargs="+", type=_text, metavar="WORDS", help="the words")
    search.add_argument("--limit", type=_number, default=20, metavar="N", help="at most so many (default: 20)")
    rename = actions.add_parser("rename", parents=[one, common], help="give a conversation another title")
    rename.add_argument("title", nargs="+", type=_text, metavar="TITLE", help="the title")
    actions.add_parser("delete", parents=[one, common], help="put a conversation away, for 30 days")
    actions.add_parser("undelete", parents=[one, common], help="bring a deleted conversation back")
    fork = actions.add_parser("fork", parents=[one, common], help="a new conversation that begins as another one")
    fork.add_argument("--turn", type=_number, metavar="N", help="with its turns up to this (default: all)")
    actions.add_parser("branches", parents=[one, common], help="the branches of a conversation")
    export = actions.add_parser("export", parents=[one, common], help="write a conversation to a file")
    export.add_argument("--to", type=_path, metavar="FILE", help="a file in .md or .json (default: standard output)")
    export.add_argument("--format", choices=("markdown", "json"), help="default: by the file's name, else markdown")
    take = actions.add_parser("import", parents=[common], help="bring in a conversation that was exported as JSON")
    take.add_argument("file", type=_path, metavar="FILE", help="the file")
    actions.add_parser("gc", parents=[common], help="clean up the file of saved states")


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    if "\0" in text:
        raise argparse.ArgumentTypeError("the path holds a zero character")
    return Path(text).expanduser()


def _lengths(text: str) -> tuple[int, ...]:
    try:
        return parse_lengths(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(error.message) from error


def _batches(text: str) -> tuple[int, ...]:
    try:
        return parse_batches(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(error.message) from error


def _style(text: str) -> Style:
    if text not in set(Style):
        raise argparse.ArgumentTypeError(f'"{text}" is none of {", ".join(Style)}')
    return Style(text)


def _answer_style(text: str) -> AnswerStyle:
    if text not in set(AnswerStyle):
        raise argparse.ArgumentTypeError(f'"{text}" is none of {", ".join(AnswerStyle)}')
    return AnswerStyle(text)


def _pages(text: str) -> PageRange:
    try:
        return PageRange.parse(text)
    except (UserError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _question(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the question is empty")
    return _text(text.strip())


def _text(text: str) -> str:
    # Bytes that are no UTF-8 reach Python as lone surrogates, which neither SQLite nor a tokenizer takes.
    return text.encode("utf-8", "replace").decode()


def _id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the id is empty")
    return _text(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise argparse.ArgumentTypeError(f'"{text}" is no number from 1 on')
    return int(text)
