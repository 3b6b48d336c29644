from __future__ import annotations

from pathlib import Path

import pytest

from app.services.restarts import MOST_RESTARTS
from tests.cli.test_read import Dying


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A text of 400 words."""
    path = tmp_path / "rivers.txt"
    path.write_text("Rivers carry water. " * 133 + "Yes.")
    return path


def test_a_lost_worker_is_a_note(engine, desk, file: Path, capsys) -> None:
    """The summary is made all the same."""
    engine(lambda: Dying(1))
    assert desk("summarize", file) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# rivers\n")
    assert err.startswith("note: the model's process stopped: it was killed; it was started again and goes on from")
    assert "note:" not in out


def test_workers_that_keep_dying(engine, desk, loaders, file: Path, capsys) -> None:
    """One sentence: nothing is lost, and what to do."""
    engine(lambda: Dying(MOST_RESTARTS + 1))
    assert desk("summarize", file) == 2
    *notes, last = capsys.readouterr().err.splitlines()
    assert len(notes) == MOST_RESTARTS
    assert last == (
        "griffin-desk: error: the model's process stopped: it was killed; nothing is lost: "
        "run the same command again to go on from the last finished section"
    )
    assert loaders[0].closed
