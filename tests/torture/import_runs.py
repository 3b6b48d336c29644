"""Imports in a process that is watched: what becomes of each file, whatever becomes of the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.torture.import_lines import Order
from tests.torture.memory_watch import MemoryWatch, Seen
from tests.torture.programs import environment

PROGRAM = "tests.torture.importing"
WINDOW, BARE = "window", "bare"
POLL_S = 0.02
SILENCE_S = 150.0
"""Longest time without a word: opening a file may take 60 s and a page 12 s, and two such may follow each other."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file.

    how: read, refused, password (asked for, and none known opened it), lost (neither read nor refused by name), mistake
    (a traceback), crash or hang (of the importing program). facts: all that the program told.
    """

    path: Path
    how: str
    code: str = ""
    said: str = ""
    seconds: float = 0.0
    parser_bytes: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def document(self) -> Mapping[str, Any]:
        """Facts of the document that was read."""
        found: Mapping[str, Any] = self.facts.get("document") or {}
        return found


class ImportRun:
    """One list of files through one program, started again behind every file at which it crashed or hung."""

    def __init__(self, way: str, order: Order, *, silence_s: float = SILENCE_S, program: str = "") -> None:
        """program: a module in place of `importing`, told as that is."""
        self._way, self._order, self._silence_s, self._program = way, order, silence_s, program
        self._folder = Path(order.folder)
        self.seen = Seen()
        """Of the parsers, once all is done."""
        self.bad_ends: list[str] = []
        """How the program ended where that was neither at a file nor as it should."""

    def outcomes(self) -> Iterator[Outcome]:
        """One for each file, in order."""
        files, done = self._order.files, 0
        while done < len(files):
            before = done
            for outcome in self._round(files[done:]):
                done += 1
                yield outcome
            if done == before:
                self.bad_ends.append("it ended before its first file")
                return

    def _round(self, files: Sequence[str]) -> Iterator[Outcome]:
        self._folder.mkdir(parents=True, exist_ok=True)
        order = self._folder / "order.json"
        replace(self._order, files=list(files)).write(order)
        errors = (self._folder / "errors.txt").open("ab")
        out = self._folder / "lines.txt"
        with errors, out.open("wb") as stdout:
            process = subprocess.Popen(
                [sys.executable, "-m", self._program or PROGRAM, self._way, str(order)],
                cwd=_made(self._folder / "work"),
                env=surroundings(self._folder),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=errors,
                start_new_session=True,
            )
        watch = MemoryWatch(process.pid, files)
        try:
            yield from self._follow(process, out, [Path(file) for file in files], watch)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.seen = _sum(self.seen, watch.close())

    def _follow(
        self, process: subprocess.Popen[bytes], out: Path, files: Sequence[Path], watch: MemoryWatch
    ) -> Iterator[Outcome]:
        number, ended = -1, True
        for line in _lines(process, out, self._silence_s):
            if line is None:
                yield Outcome(files[max(number, 0)], "hang", said=f"silent for {self._silence_s:g} s")
                return
            if line["what"] == "began":
                number, ended = line["number"], False
                watch.take()
            elif line["what"] == "ended":
                ended = True
                yield Outcome(
                    files[number], line["how"], line["code"], line["said"], line["seconds"], watch.take(), line
                )
        code = process.returncode
        if not ended:
            yield Outcome(files[number], "crash", said=f"the program ended with {code}")
        elif code:
            self.bad_ends.append(f"it ended with {code}" + (" (hung)" if code == -signal.SIGKILL else ""))


def _lines(process: subprocess.Popen[bytes], out: Path, silence_s: float) -> Iterator[dict[str, Any] | None]:
    """What a program says, line by line, until its end; None once where it says nothing for so long."""
    rest, heard = b"", time.monotonic()
    with out.open("rb") as stream:
        while True:
            over = process.poll() is not None
            data = stream.read()
            if data:
                heard = time.monotonic()
                *whole, rest = (rest + data).split(b"\n")
                yield from (json.loads(line) for line in whole)
            elif over:
                return
            elif time.monotonic() - heard > silence_s:
                yield None
                return
            else:
                time.sleep(POLL_S)


def surroundings(folder: Path) -> dict[str, str]:
    """As any other program that a trial starts has them, and no home but one below `folder`."""
    home = _made(folder / "home")
    return {**environment(folder), "HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_DATA_HOME": str(home)}


def strays(folder: Path) -> list[str]:
    """What was written outside the data folder, below `folder`, by a program that ran in these surroundings."""
    ours = {"order.json", "errors.txt", "lines.txt"}
    allowed = ("desk/", "settings/", "home/fontconfig/", "home/.cache/fontconfig/", "files/")
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]
    unfinished = [name for name in files if name.endswith((".tmp", ".part")) or ".part-" in name]
    return sorted({*(name for name in files if name not in ours and not name.startswith(allowed)), *unfinished})


def _sum(one: Seen, other: Seen) -> Seen:
    return Seen(
        max(one.largest_bytes, other.largest_bytes),
        one.parsers + other.parsers,
        one.unbounded + other.unbounded,
        one.left + other.left,
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
