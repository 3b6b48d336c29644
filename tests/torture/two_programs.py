"""Several programs on one data folder at once: each gives a result or one sentence, and the library is sound."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from tests.torture.programs import Ended, Started, left_over, temporary_files, wait
from tests.torture.trial import Ground, Row
from tests.torture.window_kills import last_line
from tests.torture.worker_desk import write_text

HUNG_S = 30.0
"""In which a second start says that the first hangs."""


def two_programs(ground: Ground) -> Iterator[Row]:
    """Windows and commands, then commands among themselves."""
    folder = ground.folder / "two"
    folder.mkdir()
    source = random.Random(ground.seed)
    files = [write_text(folder / f"towns{number}.txt", 6, source=source) for number in range(4)]
    window = Started(["tests.torture.driven_window", folder / "desk", "1", files[0]], folder, "first")
    family = []
    try:
        if not wait(lambda: last_line(window.out)["documents"], 120):
            yield Row("a window and a second start", "the first takes the files", "the first never began", False)
            return
        yield second_start(window, folder, files[1])
        yield hung_first(window, folder, files[2])
        yield together("a window at work and nine commands", _commands(folder, files[3]), folder, ground)
        family = window.family()
        window.send(signal.SIGTERM)
        window.end(60)
    finally:
        window.kill()
        left_over(family, 10)
    summarize = ["app", "summarize", str(files[3]), "--json", "--fresh"]
    yield together("two summaries of one file", [summarize, summarize], folder, ground)
    yield together("eight commands", _commands(folder, files[2])[:8], folder, ground)
    yield locks_let_go(ground, folder, source)


def second_start(window: Started, folder: Path, file: Path) -> Row:
    """Its file is opened by the first, and it ends."""
    before = len(last_line(window.out)["documents"])
    second = Started(["app", "window", "--data-dir", folder / "desk", file], folder, "second").end(60)
    there = wait(lambda: len(last_line(window.out)["documents"]) > before, 60)
    return Row(
        what="a second window with a file",
        aim="the first opens it, the second ends without a word",
        found=f"code {second.code}, {'opened' if there else 'NOT opened'} by the first; {second.lines or 'no word'}",
        held=second.code == 0 and there and not second.lines,
    )


def hung_first(window: Started, folder: Path, file: Path) -> Row:
    """The first does not answer: the second says so, and changes nothing; the first then goes on."""
    window.send(signal.SIGSTOP)
    second = Started(["app", "window", "--data-dir", folder / "desk", file], folder, "second").end(HUNG_S)
    window.send(signal.SIGCONT)
    before = window.out
    went_on = wait(lambda: window.out != before, 60)
    sentence = second.told[0] if second.told else "nothing"
    return Row(
        what="a second window while the first is stopped (SIGSTOP)",
        aim="one sentence that says what to do; the first then goes on",
        found=f"code {second.code}: {sentence}; the first {'went on' if went_on else 'did NOT go on'}",
        held=second.code == 2 and not second.problem and "does not answer" in sentence and went_on,
    )


def together(name: str, commands: Sequence[Sequence[str]], folder: Path, ground: Ground) -> Row:
    """All at once."""
    programs = [Started(command, folder, f"together{number}") for number, command in enumerate(commands)]
    ended = [program.end() for program in programs]
    problems = [f"{command[1]}: {one.problem}" for command, one in zip(commands, ended, strict=True) if one.problem]
    refused = Counter(one.told[0] for one in ended if one.code)
    for sentence in refused:
        ground.say(f"{name}: {sentence}")
    problems += _unsound(folder)
    if name.startswith("two summaries"):
        problems += _differ(ended)
    return Row(
        what=f"{name} on one folder at once",
        aim="each a result or one sentence; the library sound",
        found=f"{sum(one.code == 0 for one in ended)} of {len(ended)} with a result, "
        f"{refused.total()} with a sentence, " + (f"WRONG: {problems[0]}" if problems else "nothing else"),
        held=not problems,
        figures={"sentences": dict(refused), "problems": problems},
    )


def locks_let_go(ground: Ground, folder: Path, source: random.Random) -> Row:
    """Programs killed at work, and each time the same work begun again at once."""
    file = write_text(folder / "again.txt", 8, source=source)
    wrong: Counter[str] = Counter()
    kills = max(2, ground.count(10))
    command = ["app", "summarize", str(file), "--json", "--fresh"]
    for number in range(kills):
        program = Started(command, folder, "killed")
        with suppress(Exception):
            program.process.wait(source.uniform(1.0, 8.0))
        family = program.family()
        program.send(signal.SIGKILL, group=bool(number % 2))
        program.process.wait()
        again = Started(["app", "sessions", "list", "--json"], folder, "again").end(60)
        if again.code != 0:
            wrong[again.problem or again.told[0]] += 1
        wrong.update(f"left: {process.pid}" for process in left_over(family, 10))
        program.kill()
    last = Started(["app", "summarize", str(file), "--json"], folder, "last").end()
    if last.code != 0:
        wrong[last.problem or last.told[0]] += 1
    wrong.update(_unsound(folder))
    return Row(
        what=f"a command killed {kills} times while it holds its locks, the next one begun at once",
        aim="the next one works; no process, lock or file in its way",
        found=", ".join(f"{count} times {what}" for what, count in wrong.items()) or "all well",
        held=not wrong,
        figures={"wrong": dict(wrong)},
    )


def _commands(folder: Path, file: Path) -> list[list[str]]:
    return [
        ["app", "library", "list"],
        ["app", "sessions", "list"],
        ["app", "read", str(file)],
        ["app", "ask", str(file), "Who built the bridge?"],
        ["app", "summarize", str(file)],
        ["app", "models", "list"],
        ["app", "sessions", "search", "river"],
        ["app", "library", "index"],
        ["app", "doctor"],
    ]


def _unsound(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "desk" / "library.sqlite")) as db:
        sound = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    left = [path.name for path in temporary_files(folder)]
    return ([] if sound else ["integrity_check"]) + [f"left over: {name}" for name in left]


def _differ(ended: Sequence[Ended]) -> list[str]:
    """Two summaries of one file are the same one."""
    texts = {json.dumps(json.loads(one.out)["summary"]) for one in ended if one.code == 0}
    return ["two results"] if len(texts) > 1 else []
