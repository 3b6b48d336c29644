"""What other programs' parsers make of a file: an opinion that owes nothing to the readers of app/documents.

PDFs are asked of pypdf and, in its plainest use, of PDFium; zip containers and HTML of a parser that no reader uses.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from benchmarks.report import ROOT


@dataclass(frozen=True, slots=True)
class Opinion:
    """Of one parser. opens: whether it gives pages. code: why not, where that is known: password or encrypted.

    letters: letters and digits of the text of its first pages. lost: parts of a container that should hold text and
    cannot be read.
    """

    opens: bool = False
    code: str = ""
    pages: int = 0
    letters: int = 0
    lost: int = 0


Opinions = dict[str, Opinion]
"""By parser; one that crashed or took too long has none."""


def opinions(files: Sequence[Path], *, at_once: int = 2) -> Iterator[Opinions]:
    """Of each file, in order."""
    programs: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()

    def ask(path: Path) -> Opinions:
        program = programs.get()
        try:
            return _ask(program, path)
        finally:
            programs.put(program)

    with ExitStack() as stack:
        for _ in range(at_once):
            programs.put(stack.enter_context(_program()))
        pool = stack.enter_context(ThreadPoolExecutor(at_once))
        yield from pool.map(ask, files)


def _ask(program: subprocess.Popen[str], path: Path) -> Opinions:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps(str(path)) + "\n")
    program.stdin.flush()
    return {name: Opinion(**answer) for name, answer in json.loads(program.stdout.readline()).items()}


def _program() -> subprocess.Popen[str]:
    """It ends when its standard input does."""
    command = [sys.executable, "-m", "tests.torture.other_parsers"]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
