"""The program where there is no network: everything but downloads works, and nothing of it is asked of the network.

In the window (offscreen and, where Xvfb is there, on a screen of it) and at the command line. Downloads must end in one
clear sentence. network_watch.py says how it is watched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.core.paths import resources_dir
from tests.torture.network_watch import Seen, Watch, seen, watch_here
from tests.torture.offline_window import ONLY_WHEN_ASKED, REPOSITORY, SAMPLE, STEP_S
from tests.torture.programs import Ended, wait
from tests.torture.trial import Ground, Row

NEVER_LOADED = frozenset({"transformers", "requests"})
"""Packages that the program has no use for."""
LONGEST_S = 900.0


@dataclass(frozen=True, slots=True)
class Tried:
    """A program that was run, and what came of it."""

    what: str
    ended: Ended

    @property
    def problem(self) -> str:
        """Why it did not do what it does with a network, "" where it did."""
        return self.ended.problem if self.ended.code != 0 else ""


def run(ground: Ground) -> Iterator[Row]:
    """Rows: the window, on a screen, the command line, downloads."""
    watch = watch_here()
    ground.say(watch.how)
    yield window(ground, watch, ("start", "work"), "offscreen")
    with screen(ground.folder) as display:
        if display:
            yield window(ground, watch, ("start", "look"), "xcb", {"DISPLAY": display})
        else:
            ground.say("no Xvfb here: the window was not tried on a screen")
    yield commands(ground, watch)
    yield downloads(ground, watch)


def window(
    ground: Ground, watch: Watch, parts: Sequence[str], platform: str, more: dict[str, str] | None = None
) -> Row:
    """The window's whole day, on one of Qt's platforms."""
    done, told, problems = [], [], []
    found = Seen()
    for part in parts:
        folder = ground.folder / f"{platform}-{part}"
        ground.say(f"window, {platform}: {part}")
        command = [sys.executable, "-m", "tests.torture.offline_window", part, folder]
        extra = {"QT_QPA_PLATFORM": platform, **(more or {})}
        ended = watch.run(command, folder, part, limit_s=LONGEST_S, more=extra)
        try:
            outcome = json.loads(ended.out.strip().splitlines()[-1])
        except (IndexError, ValueError):
            problems.append(f"{part}: code {ended.code}: {' '.join(ended.lines[-1:])[:200]}")
            outcome = {}
        done += outcome.get("done", [])
        told += outcome.get("told", [])
        problems += [f"before any download: {asked}" for asked in outcome.get("asked_before", [])]
        found = _both(found, _without_downloads(seen(folder)))
    # The download comes last; nothing may be asked before it, and only the hub's name for it.
    missing = sorted({"start", "hand over", "end", "open", "pages", "find", "models"} - set(done))
    problems += [f"not done: {', '.join(missing)}"] if missing else []
    if len(told) != 1 or "there is no network" not in told[0]:
        problems.append(f"told of the download: {told}")
    where = "on a screen of Xvfb" if platform == "xcb" else "offscreen"
    return _row(f"the window {where}, {watch.how}", f"{len(done)} things done ({', '.join(done)})", found, problems)


def commands(ground: Ground, watch: Watch) -> Row:
    """Every command that is no download, one after the other on one library."""
    folder = ground.folder / "commands"
    sample, quick = str(resources_dir() / SAMPLE), ["--lengths", "1k", "--out", str(folder / "bench")]
    lines = [
        ["doctor"],
        ["models", "list"],
        ["models", "info"],
        ["models", "verify"],
        ["summarize", sample],
        ["ask", sample, "What do forests do for water?"],
        ["library", "index"],
        ["ask", "--library", "Who is to aid irrigation?"],
        ["library", "list"],
        ["sessions", "list"],
        ["sessions", "gc"],
    ]
    tried = [_command(ground, watch, folder, line) for line in lines]
    tried.append(_command(ground, watch, folder, ["chat", "--document", sample], stdin="What is it about?\n/quit\n"))
    if ground.scale >= 0.5:
        tried.append(_command(ground, watch, folder, ["bench", "--quick", *quick]))
    found = seen(folder)
    problems = [f"{one.what}: {one.problem}" for one in tried if one.problem]
    problems += [f"{name} was loaded" for name in sorted(found.packages & (NEVER_LOADED | ONLY_WHEN_ASKED))]
    if found.local["D-Bus"]:
        problems.append("D-Bus was asked")
    good = sum(not one.problem for one in tried)
    return _row(f"{len(tried)} commands, {watch.how}", f"{good} of {len(tried)} ended well", found, problems)


def downloads(ground: Ground, watch: Watch) -> Row:
    """A download and a login: each is one sentence, and no more than the hub's name was asked for."""
    folder = ground.folder / "downloads"
    pull = _command(ground, watch, folder, ["models", "pull", REPOSITORY])
    token = _command(ground, watch, folder, ["models", "login"], stdin="hf_" + "a" * 34 + "\n")
    problems = [problem for one in (pull, token) if (problem := refusal_problem(one))]
    found = seen(folder)
    strange = [attempt for attempt in found.attempts if not is_for_the_hub(attempt)]
    problems += [f"asked for something else: {attempt}" for attempt in strange]
    if not any("huggingface.co" in attempt for attempt in found.attempts) and not problems:
        problems.append("the hub was not asked, so nothing here shows what happens when it cannot be")
    said = pull.ended.told[0].removeprefix("griffin-desk: ") if pull.ended.told else "nothing"
    return Row(
        what=f"a download and a login, {watch.how}",
        aim="one sentence that names the network, and nothing asked for but the hub",
        found=f"“{said}”" + (f"; {'; '.join(problems)}" if problems else ""),
        held=not problems,
        figures={"attempts": list(found.attempts), "problems": problems},
    )


def refusal_problem(one: Tried) -> str:
    """Why a download without a network did not end as it should, "" where it did."""
    told = one.ended.told
    if one.ended.code is None or "Traceback" in one.ended.err:
        return f"{one.what}: {one.ended.problem}"
    if one.ended.code == 0 or len(told) != 1 or "there is no network" not in told[0]:
        return f"{one.what}: code {one.ended.code}, {told}"
    return ""


def is_for_the_hub(attempt: str) -> bool:
    """Whether something that was tried is a part of asking the hub for its address; no server is named here."""
    return attempt.startswith("socket.getaddrinfo('huggingface.co'")


def _command(ground: Ground, watch: Watch, folder: Path, words: Sequence[str], stdin: str = "") -> Tried:
    what = " ".join(Path(word).name if os.sep in word and word != REPOSITORY else word for word in words[:3])
    ground.say(what)
    name = f"{len(list(folder.glob('*.ran')))}-{words[0]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ran").touch()
    command = [sys.executable, "-m", "app", *words]
    return Tried(what, watch.run(command, folder, name, stdin=stdin, limit_s=LONGEST_S))


def _row(what: str, found: str, seen_: Seen, problems: Sequence[str]) -> Row:
    problems = [*problems, *(f"asked of the network: {attempt}" for attempt in seen_.attempts[:3])]
    families = {name: count for name, count in seen_.families.items() if name not in ("AF_UNIX", "AF_NETLINK")}
    local = ", ".join(f"{place} {count}" for place, count in sorted(seen_.local.items())) or "none"
    return Row(
        what=what,
        aim="everything but downloads works, and no attempt to connect",
        found=f"{found}; {len(seen_.attempts)} attempts by {seen_.processes} Python processes; sockets in the file "
        f"system: {local}" + (f"; {'; '.join(problems)}" if problems else ""),
        held=not problems,
        figures={
            "attempts": list(seen_.attempts),
            "local": dict(seen_.local),
            "families": dict(seen_.families),
            "other_families": families,
            "packages": sorted(seen_.packages),
            "processes": seen_.processes,
            "problems": list(problems),
        },
    )


def _without_downloads(found: Seen) -> Seen:
    """What was tried, less the hub's name that the download at the end asks for."""
    attempts = tuple(attempt for attempt in found.attempts if not is_for_the_hub(attempt))
    return Seen(attempts, found.local, found.families, found.processes, found.packages)


def _both(first: Seen, second: Seen) -> Seen:
    return Seen(
        first.attempts + second.attempts,
        first.local + second.local,
        Counter(first.families + second.families),
        first.processes + second.processes,
        first.packages | second.packages,
    )


@contextmanager
def screen(folder: Path) -> Iterator[str]:
    """The name of a display of Xvfb's that listens to files only; "" where there is none to be had."""
    program = shutil.which("Xvfb")
    if program is None:
        yield ""
        return
    with tempfile.TemporaryFile(dir=folder) as told:
        command = [program, "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: server.poll() is not None or os.fstat(told.fileno()).st_size > 0, STEP_S)
            told.seek(0)
            number = told.read().decode().strip()
            yield f":{number}" if number else ""
        finally:
            server.terminate()
            server.wait(STEP_S)
