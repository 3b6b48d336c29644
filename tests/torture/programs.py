"""Programs that a trial starts: each in a group of its own, ended with all it began, and looked for afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.core.paths import CACHE_DIR_VARIABLE, DATA_DIR_VARIABLE, DataPaths, cache_dir
from benchmarks.report import ROOT

POLL_S = 0.02
LONGEST_S = 300.0
"""After which a program that has not ended hangs."""
QT_SAYS = "This plugin does not"
"""Begins what Qt says of windows that are on no screen."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of one program. code: None where it hung and was killed."""

    code: int | None
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it told on standard error, without progress and what Qt says."""
        return [line for line in self.err.splitlines() if line.strip() and not line.startswith(QT_SAYS)]

    @property
    def told(self) -> list[str]:
        """Sentences of the program's own about why it ended."""
        return [line for line in self.lines if line.startswith("griffin-desk: ")]

    @property
    def problem(self) -> str:
        """Why this is no proper end, '' where it is one: a result, or one sentence and a code that says so."""
        if self.code is None:
            return "hung"
        if "Traceback" in self.err or "Traceback" in self.out:
            return "traceback: " + self.lines[-1][:120]
        if self.code == 0:
            return ""
        return "" if self.code > 0 and len(self.told) == 1 else f"code {self.code}, {len(self.told)} sentences"


class Started:
    """A program that runs; its words go to files, so that nobody has to read them."""

    def __init__(self, command: Sequence[str | Path], folder: Path, name: str, *, stdin: str = "") -> None:
        """folder: of the data, which is `folder / "desk"`, and of all else that the program may write."""
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        given = folder / f"{name}.in"
        given.write_text(stdin, encoding="utf-8")
        with given.open() as stdin_, self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)],
                cwd=folder,
                env=environment(folder),
                stdin=stdin_,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has said so far."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    def family(self) -> list[psutil.Process]:
        """The program and all that it has begun."""
        with suppress(psutil.NoSuchProcess):
            program = psutil.Process(self.process.pid)
            return [program, *program.children(recursive=True)]
        return []

    def send(self, number: int, *, group: bool = False) -> None:
        """A signal to the program, or to its whole group."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self, limit_s: float = LONGEST_S) -> Ended:
        """Wait for its end; what hangs is killed with its group."""
        code: int | None = None
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
        return Ended(code, self.out, self._err.read_text(encoding="utf-8", errors="replace"))

    def kill(self) -> None:
        """The whole group, at once."""
        self.send(signal.SIGKILL, group=True)
        self.process.wait()


def environment(folder: Path) -> dict[str, str]:
    """This process's, with folders of its own below `folder`, no screen, and compiled code shared with all others."""
    cache = os.environ.get(CACHE_DIR_VARIABLE) or str(cache_dir(DataPaths(folder / "desk"), os.environ))
    return {
        **os.environ,
        DATA_DIR_VARIABLE: str(folder / "desk"),
        CACHE_DIR_VARIABLE: cache,
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_RUNTIME_DIR": str(_made(folder / "runtime")),
        "TMPDIR": str(_made(folder / "temporary")),
    }


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """In a thread while the block runs; at its end the event is set, and the thread is waited for."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait(condition: Callable[[], object], limit_s: float = LONGEST_S) -> bool:
    """Until something has come true; False when it takes too long."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def left_over(processes: Iterable[psutil.Process], limit_s: float) -> list[psutil.Process]:
    """Those that still run after so long; they are killed."""
    watched = list(processes)
    wait(lambda: not any(map(runs, watched)), limit_s)
    left = [process for process in watched if runs(process)]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return left


def runs(process: psutil.Process) -> bool:
    """Whether it is there, and is no mere entry of the system's table."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def temporary_files(folder: Path) -> list[Path]:
    """What a program has not cleared up: unfinished files anywhere, and all that is in its folder for such files."""
    endings = (".tmp", ".part")
    unfinished = [path for path in folder.rglob("*") if path.name.endswith(endings) or ".part-" in path.name]
    return unfinished + [path for path in (folder / "temporary").glob("*") if path.is_file()]


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
