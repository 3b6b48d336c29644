from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.parser import SIZES, parse_command_line
from app.core.errors import UserError
from app.documents.limits import PageRange
from app.inference.presets import PRESETS
from app.tasks.model import AnswerStyle, Style

README_LINE = (
    "summarize a.pdf --model starter --style key-passages --password pw --pages 1-50 --out b.md --json"
    " --data-dir d --device cpu --weight-format int8 --fresh"
)


def test_every_option_of_summarize() -> None:
    """The command line of the README, word for word."""
    options = parse_command_line(README_LINE.split())
    assert (options.command, options.file, options.model) == ("summarize", Path("a.pdf"), "starter")
    assert (options.style, options.password, options.pages) == (Style.KEY_PASSAGES, "pw", PageRange(1, 50))
    assert (options.out, options.json, options.data_dir) == (Path("b.md"), True, Path("d"))
    assert (options.device, options.weight_format, options.fresh) == ("cpu", "int8", True)


@pytest.mark.parametrize(
    "line",
    [
        "chat",
        "ask f q",
        "ask f g q",
        "ask --library q",
        "library list",
        "library index",
        "library remove x",
        "models list",
        "models info",
        "sessions list",
        "sessions show x",
        "sessions search x y",
        "sessions rename x y",
        "sessions delete x",
        "sessions undelete x",
        "sessions fork x",
        "sessions branches x",
        "sessions export x",
        "sessions import f",
        "sessions gc",
        "read f",
        "doctor",
        "summarize f",
        "bench",
    ],
)
def test_every_command_takes_json_and_data_dir(line: str) -> None:
    """--json and --data-dir belong to every command."""
    options = parse_command_line([*line.split(), "--json", "--data-dir", "d"])
    assert (options.json, options.data_dir) == (True, Path("d"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("sumarize a", "invalid choice: 'sumarize'"),
        ("summarize", "the following arguments are required: FILE"),
        ("summarize a --style long", '--style: "long" is none of brief, detailed, key-passages'),
        ("summarize a --pages x", '"x" is not a range of pages'),
        ("summarize a --pages 5-2", "ends before it begins"),
        ("summarize a --device tpu", "argument --device: invalid choice: 'tpu'"),
        ("summarize a --colour", "unrecognized arguments: --colour"),
        ("summarize a --js", "unrecognized arguments: --js"),
        ("bench --lengths 2x", 'argument --lengths: "2x" is not a length'),
        ("bench --batch 0", 'argument --batch: "0" is not a number of sequences'),
        ("bench --synthetic 7b", "argument --synthetic: invalid choice: '7b'"),
        ("ask", "the following arguments are required: QUESTION"),
        ("ask a q --style long", '--style: "long" is none of written, quoted'),
        ("ask a q --colour", "unrecognized arguments: --colour"),
        ("ask a --pages 5-2 q", "ends before it begins"),
        ("library", "the following arguments are required: list|index|remove"),
        ("library remove", "the following arguments are required: ID"),
        ("read", "the following arguments are required: FILE"),
        ("chat --session a --document b", "--document: not allowed with argument --session"),
        ("sessions search", "the following arguments are required: WORDS"),
        ("sessions search a --limit 0", '--limit: "0" is no number from 1 on'),
        ("sessions fork a --turn -1", 'argument --turn: "-1" is no number from 1 on'),
        ("sessions export a --format html", "argument --format: invalid choice: 'html'"),
    ],
)
def test_mistakes_are_user_errors(line: str, message: str) -> None:
    """A mistake is one sentence that says where the help is."""
    with pytest.raises(UserError) as caught:
        parse_command_line(line.split())
    assert message in caught.value.message
    assert "--help" in caught.value.message
    assert caught.value.code == "usage"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["summarize", ""], "the path is empty"),
        (["summarize", "a\0b"], "zero character"),
        (["ask", "a", " "], "question is empty"),
        (["library", "remove", ""], "id is empty"),
    ],
)
def test_values_that_can_mean_nothing(arguments: list[str], message: str) -> None:
    """An empty path, question or id is refused by the parser."""
    with pytest.raises(UserError, match=message):
        parse_command_line(arguments)


def test_every_option_of_ask() -> None:
    """The question is the last of the words, whatever stands between them."""
    wanted = ([Path("a.pdf"), Path("b")], "Why so?", True, AnswerStyle.WRITTEN, True)
    for line in (
        ["a.pdf", "b", "Why so?", "--json", "--style", "written", "--read"],
        ["a.pdf", "--json", "b", "--style", "written", "--read", " Why so?\n"],
        ["--read", "--json", "--style", "written", "a.pdf", "b", "--", "Why so?"],
    ):
        options = parse_command_line(["ask", *line])
        assert (options.files, options.question, options.json, options.style, options.read) == wanted
    options = parse_command_line(["ask", "--library", "Why?"])
    assert (options.files, options.question, options.library, options.style) == ([], "Why?", True, None)
    assert parse_command_line(["ask", "a", "--", "--why?"]).question == "--why?"


def test_options_between_the_words_of_any_list() -> None:
    """Not of `ask` alone."""
    options = parse_command_line(["sessions", "search", "big", "--limit", "3", "river"])
    assert (options.words, options.limit) == (["big", "river"], 3)


def test_chat_about_a_document() -> None:
    """Pages and password go with it."""
    options = parse_command_line(["chat", "--document", "a.pdf", "--pages", "1-50", "--password", "pw"])
    assert (options.document, options.pages, options.password) == (Path("a.pdf"), PageRange(1, 50), "pw")
    assert options.session is None


def test_sizes_are_those_that_can_be_made() -> None:
    """The parser, which loads no torch, offers what the engine has."""
    assert set(SIZES) == set(PRESETS)


def test_help_and_mistakes_load_nothing_heavy() -> None:
    """Parsing imports neither torch nor numpy nor SQLite nor rich."""
    script = (
        "import sys; from app.cli.main import run; "
        "assert run(['summarize']) == 2; "
        "print([name for name in ('torch', 'numpy', 'sqlite_utils', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_commands_leave_torch_to_the_worker() -> None:
    """A conversation's own process stays small: only what measures or converts in it loads torch."""
    script = (
        "import sys; from app.cli import ask, chat, doctor, library, models, read, sessions, summarize; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
