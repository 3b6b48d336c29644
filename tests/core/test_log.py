from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.core.log import logger, start_logging, stop_logging


def test_lines_reach_the_file_and_nothing_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A log line lands in the file; standard error stays free for the user."""
    handler = start_logging(tmp_path / "a.log")
    logger("storage").info("job %s begun", "j1")
    stop_logging(handler)
    assert "app.storage: job j1 begun" in (tmp_path / "a.log").read_text()
    assert capfd.readouterr().err == ""


def test_other_libraries_warnings_go_to_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a library's log line nor a Python warning reaches standard error."""
    handler = start_logging(tmp_path / "a.log")
    logging.getLogger("some.library").warning("odd font")
    logging.getLogger("app.inference.engine").info("by module name")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old option", stacklevel=1)
    stop_logging(handler)
    text = (tmp_path / "a.log").read_text()
    assert all(words in text for words in ("odd font", "by module name", "old option"))
    assert capfd.readouterr().err == ""


def test_level_filters(tmp_path: Path) -> None:
    """Lines under the level are left out."""
    handler = start_logging(tmp_path / "a.log", "WARNING")
    logger("x").info("quiet")
    logger("x").warning("loud")
    stop_logging(handler)
    text = (tmp_path / "a.log").read_text()
    assert "loud" in text
    assert "quiet" not in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full (Linux)")
def test_full_disk_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """A log that cannot be written (full disk) prints no traceback."""
    handler = start_logging(Path("/dev/full"))
    logger("x").warning("lost")
    stop_logging(handler)
    assert capfd.readouterr().err == ""


def test_unwritable_place_is_an_error(tmp_path: Path) -> None:
    """A log file that cannot be opened is named in one sentence."""
    with pytest.raises(StorageError, match=r"missing/a\.log cannot be written"):
        start_logging(tmp_path / "missing" / "a.log")
