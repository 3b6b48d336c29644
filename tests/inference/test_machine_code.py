"""Compiled code where it can be kept, and where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.inference.machine_code import folder_problem

CHILD = """
import resource, sys
from pathlib import Path
if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
notes = []
from app.inference.compiled import load_compiled
print(load_compiled(Path(sys.argv[1]), notes.append) is not None, notes)
"""


def _load(folder: Path, disk: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), disk],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.stdout


def test_folder_that_takes_files(tmp_path: Path) -> None:
    """It is made, and nothing is left in it."""
    assert folder_problem(tmp_path / "a" / "b") is None
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_folder_that_is_none(tmp_path: Path) -> None:
    """The reason is the system's own."""
    (tmp_path / "a").write_text("")
    assert folder_problem(tmp_path / "a") == "File exists"
    assert folder_problem(tmp_path / "a" / "b") == "Not a directory"


def test_code_is_kept(tmp_path: Path) -> None:
    """Without a word."""
    assert _load(tmp_path, "free") == "True []\n"
    assert any((tmp_path / "numba").rglob("*.nbi"))


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files")
def test_full_disk(tmp_path: Path) -> None:
    """The passes are compiled and used all the same, told in one sentence; nothing is left behind."""
    assert _load(tmp_path, "full") == (
        f"True ['compiled code cannot be kept in {tmp_path / 'numba'} (File too large): "
        "every start takes some seconds longer']\n"
    )
    assert list((tmp_path / "numba").iterdir()) == []
