"""The process that works on a model's files: what is taken from it, and that it never outlives its use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.core.errors import CheckpointError, GriffinDeskError, InternalError, ResourceError
from app.inference.generator import ReadCancelled
from app.worker import model_jobs
from app.worker.model_jobs import Look, run_job


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that goes wrong as its path says."""
    monkeypatch.setattr(model_jobs, "WORK", "tests.worker.broken_model_work")


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No process outlives its job; what other tests have begun may go on."""
    before = _children()
    yield
    assert _children() <= before


@pytest.mark.usefixtures("broken")
def test_result_and_progress_arrive() -> None:
    """The first and the last count of a stage always do."""
    seen: list[tuple[str, int, int]] = []
    assert run_job(Look(Path("/fine")), on_stage=lambda *stage: seen.append(stage)) == {"path": "/fine"}
    assert seen[0] == ("checking", 0, 10) and seen[-1] == ("checking", 10, 10)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("name", "kind", "code", "message"),
    [
        ("refuse", CheckpointError, "not-a-model", "it is no model"),
        ("full", ResourceError, "disk-full", "the disk is full"),
        ("closed", ResourceError, "model-files", "/some/file cannot be used"),
        ("memory", ResourceError, "memory", "not enough memory"),
        ("bug", InternalError, "internal", "of ours"),
        ("die", ResourceError, "model-job-lost", "what was finished is kept"),
    ],
)
def test_errors_keep_their_kind(name: str, kind: type[GriffinDeskError], code: str, message: str) -> None:
    """What the work raised is raised here; what nobody foresaw is told in words."""
    with pytest.raises(kind, match=message) as caught:
        run_job(Look(Path(name)))
    assert caught.value.code == code


@pytest.mark.usefixtures("broken")
def test_cancelled_work_is_ended() -> None:
    """At once, whatever it is doing."""
    began: list[str] = []
    with pytest.raises(ReadCancelled):
        run_job(Look(Path("hang")), on_stage=lambda *stage: began.append("x"), cancelled=lambda: bool(began))


def test_who_asks_loads_no_torch() -> None:
    """The window and the command line start such work."""
    lines = "import sys, app.worker.model_jobs; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
