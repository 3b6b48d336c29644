"""The real program in a process of its own, on a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from app.core.paths import DATA_DIR_VARIABLE

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 240

Run = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str | Path) -> list[str]:
    """The words that start the program as `griffin-desk` does."""
    return [sys.executable, "-m", "app", *map(str, arguments)]


def environment(data_dir: Path) -> dict[str, str]:
    """This process's environment with another data folder; two threads, as on the machines the figures are for."""
    return {**os.environ, DATA_DIR_VARIABLE: str(data_dir), "OMP_NUM_THREADS": "2", "PYTHONPATH": str(ROOT)}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def desk(data_dir: Path, tmp_path: Path) -> Run:
    """Run `griffin-desk` to its end."""

    def run(*arguments: str | Path, stdin: str = "", **more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(data_dir),
            timeout=TIMEOUT_S,
            check=False,
            **more,  # type: ignore[call-overload]
        )

    return run


@pytest.fixture
def start(data_dir: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start `griffin-desk` and leave it running."""

    def begin(*arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment(data_dir),
            start_new_session=True,
        )

    return begin


@dataclass(frozen=True)
class Finished:
    """A data folder with a finished summary of `chapters`, and what `summarize --json` printed."""

    data_dir: Path
    printed: dict[str, Any]


@pytest.fixture(scope="session")
def finished(chapters: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One uninterrupted run, shared: use the folder, do not change it."""
    data_dir = tmp_path_factory.mktemp("finished")
    done = subprocess.run(
        command("summarize", chapters, "--json"),
        capture_output=True,
        text=True,
        env=environment(data_dir),
        timeout=TIMEOUT_S,
        check=True,
    )
    return Finished(data_dir, json.loads(done.stdout))


TOPICS = ("rivers", "dams", "bridges", "canals")
SENTENCES = 20


@pytest.fixture(scope="session")
def chapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of four chapters, one a page, each in the outline and long enough to be a part of its own."""
    path = tmp_path_factory.mktemp("documents") / "chapters.pdf"
    page = Canvas(str(path), invariant=1)
    page.setTitle("Water and stone")
    for number, topic in enumerate(TOPICS, start=1):
        page.bookmarkPage(topic)
        page.addOutlineEntry(f"About {topic}", topic)
        lines = page.beginText(50, 780)
        lines.setFont("Helvetica", 9)
        for i in range(SENTENCES):
            lines.textLine(f"In the year {1800 + 10 * number + i} the engineers of the northern province built {topic}")
            lines.textLine(f"and measured {topic} number {i} at {number * 100 + i} metres, as their records tell.")
        page.drawText(lines)
        page.showPage()
    page.save()
    return path
