"""SIGTERM, SIGINT and SIGHUP at random moments of each command."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import ROOT
from tests.torture.programs import Ended, Started, left_over
from tests.torture.trial import Ground, Row
from tests.torture.worker_desk import write_text

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATEST_S = 5.0
EARLY_S = 0.3
"""Half of the moments lie in the program's first beginnings."""
ENDS_S = 30.0


def command_signals(ground: Ground) -> Iterator[Row]:
    """One row for each signal."""
    folder = ground.folder / "signals"
    folder.mkdir()
    source = random.Random(ground.seed)
    file = write_text(folder / "towns.txt", 10, source=source)
    for number in SIGNALS:
        yield _row(ground, folder, file, number, source)


def _row(ground: Ground, folder: Path, file: Path, number: signal.Signals, source: random.Random) -> Row:
    wrong: Counter[str] = Counter()
    codes: Counter[int | None] = Counter()
    slowest, early = 0.0, 0
    for name, command in commands(file).items():
        for turn in range(ground.count(6)):
            ended, took, left = _interrupted(command, folder, number, turn, source)
            slowest = max(slowest, took)
            codes[ended.code] += 1
            early += in_pythons_start(ended)
            if fault := fault_of(ended, number) or left:
                wrong[f"{name}: {fault}"] += 1
                ground.say(f"{number.name}, {name}: {fault}\n{ended.err[-600:]}")
    return Row(
        what=f"{number.name} at {codes.total()} random moments of {len(commands(file))} commands",
        aim="the status says so, one line at most, no traceback, no process left",
        found=f"status {', '.join(f'{code} {count} times' for code, count in codes.items())}; slowest end "
        f"{slowest:.1f} s; {early} in Python's own start; "
        + (", ".join(f"{count} times {what}" for what, count in wrong.items()) or "all well"),
        held=not wrong,
        figures={"codes": {str(code): count for code, count in codes.items()}, "wrong": dict(wrong)},
    )


def _interrupted(
    command: list[str], folder: Path, number: signal.Signals, turn: int, source: random.Random
) -> tuple[Ended, float, str]:
    program = Started(["app", *command], folder, "command", stdin="What do rivers carry?\n")
    try:
        time.sleep(source.uniform(0.0, LATEST_S if turn % 2 else EARLY_S))
        family = program.family()
        # Ctrl-C and a closed terminal reach the whole group, a wish to end as a rule the program alone.
        program.send(number, group=number != signal.SIGTERM)
        began = time.monotonic()
        ended = program.end(ENDS_S)
        took = time.monotonic() - began
        left = left_over(family, 10)
        return ended, took, f"{len(left)} processes left" if left else ""
    finally:
        program.kill()


def fault_of(ended: Ended, number: int) -> str:
    """What is wrong with the end of a command that was sent a signal; ''."""
    if ended.code is None:
        return "hung"
    if in_pythons_start(ended):
        return ""
    if "Traceback" in ended.err or "Exception ignored" in ended.err:
        return "traceback"
    # An interrupt that passes through Python's own exec(), as in dataclasses, makes Python end itself by SIGINT in the
    # end, even where it was taken care of.
    if ended.code not in (0, 128 + number, -number, -signal.SIGINT):
        return f"status {ended.code}"
    if len(ended.told) > 1:
        return f"{len(ended.told)} lines"
    return ""


def in_pythons_start(ended: Ended) -> bool:
    """Whether Python itself was interrupted before it came past the program's first imports: nothing of ours can help.

    Those stand in `app/__main__.py`, and are of Python's own modules.
    """
    places = re.findall(rf'File "{re.escape(str(ROOT / "app"))}/(.+)", line \d+, in (\S+)', ended.err)
    return ended.err.rstrip().endswith("KeyboardInterrupt") and set(places) <= {("__main__.py", "<module>")}


def commands(file: Path) -> dict[str, list[str]]:
    """Each command that runs for longer than a moment, and some that do not."""
    return {
        "summarize": ["summarize", str(file), "--fresh"],
        "read": ["read", str(file)],
        "ask": ["ask", str(file), "Who built the bridge of stone?"],
        "ask --read": ["ask", "--read", str(file), "Who built the bridge of stone?"],
        "chat": ["chat"],
        "library list": ["library", "list"],
        "library index": ["library", "index"],
        "sessions list": ["sessions", "list"],
        "models list": ["models", "list"],
        "models verify": ["models", "verify"],
        "models measure": ["models", "measure"],
        "doctor": ["doctor"],
        "--help": ["--help"],
    }
