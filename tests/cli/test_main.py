from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.cli import main as main_module
from app.cli.errors import Interrupted
from app.cli.main import run
from app.core.errors import UserError
from tests.fakes import FakeGenerator


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run `models list` with a command that raises the given exception."""

    def go(error: BaseException, *extra: str) -> int:
        def fail(context: object) -> int:
            raise error

        monkeypatch.setattr(main_module, "_command", fail)
        return run(["models", "list", "--data-dir", str(tmp_path / "data"), *extra])

    return go


def test_user_error_is_one_line(failing, capsys) -> None:
    """Exit code 2, one line, line ends in the message folded."""
    assert failing(UserError("no such\nthing")) == 2
    assert capsys.readouterr() == ("", "griffin-desk: error: no such thing\n")


def test_json_errors_are_one_object(failing, capsys) -> None:
    """With --json the object is on standard output too."""
    assert failing(UserError("no such thing", code="unknown-model"), "--json") == 2
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"code": "unknown-model", "message": "no such thing"}}
    assert err == "griffin-desk: error: no such thing\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("secret text"), "internal", "something went wrong inside Griffin Desk (ZeroDivisionError)"),
        (MemoryError(), "memory", "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), "memory", "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full", "the disk is full"),
        (sqlite3.OperationalError("odd"), "storage", "the library could not be used (odd)"),
    ],
)
def test_unforeseen_exceptions(failing, capsys, tmp_path, error, code, words) -> None:
    """No traceback reaches the user; the log has it."""
    assert failing(error, "--json") == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == code
    assert words in err
    assert "Traceback" not in out + err
    assert "secret text" not in out + err
    assert "Traceback" in (tmp_path / "data" / "logs" / "griffin-desk.log").read_text()


@pytest.mark.parametrize(
    ("error", "line"), [(KeyboardInterrupt(), "interrupted"), (Interrupted("run it again"), "run it again")]
)
def test_ctrl_c(failing, capsys, error, line) -> None:
    """Exit code 130 and one line on how to go on."""
    assert failing(error) == 130
    assert capsys.readouterr().err == f"\ngriffin-desk: {line}\n"


def test_ctrl_c_that_a_compiled_module_made_something_else_of(failing, capsys) -> None:
    """In the middle of an import it comes as an ImportError: still the user's wish, and no error of ours."""
    error = ImportError("initialization failed")
    error.__cause__ = KeyboardInterrupt()
    outer = RuntimeError("no encoder")
    outer.__context__ = error
    assert failing(outer) == 130
    assert capsys.readouterr().err == "\ngriffin-desk: interrupted\n"


def test_settings_are_checked_before_the_work(tmp_path, capsys) -> None:
    """A mistake in settings.toml is named."""
    (tmp_path / "settings.toml").write_text("modle = 'x'")
    assert run(["models", "list", "--data-dir", str(tmp_path)]) == 2
    assert "unknown name 'modle'" in capsys.readouterr().err


def test_damaged_library_is_left_alone(tmp_path, capsys) -> None:
    """A file that is no database is named, not replaced."""
    (tmp_path / "library.sqlite").write_bytes(b"x" * 5000)
    assert run(["sessions", "list", "--data-dir", str(tmp_path)]) == 2
    assert "damaged or not a database" in capsys.readouterr().err
    assert (tmp_path / "library.sqlite").read_bytes() == b"x" * 5000


def test_environment_names_the_data_folder(tmp_path, monkeypatch, capsys) -> None:
    """GRIFFIN_DESK_DATA_DIR works for every command."""
    monkeypatch.setenv("GRIFFIN_DESK_DATA_DIR", str(tmp_path / "env"))
    assert run(["sessions", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"conversations": [], "summaries": []}
    assert (tmp_path / "env" / "library.sqlite").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_full_disk_behind_standard_output(tmp_path, extra) -> None:
    """Redirected onto a full disk: one line and exit code 2, also where the error is to be JSON."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "app", "models", "list", "--data-dir", str(tmp_path), *extra],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # as users run it: the error comes with the last flush
        )
    assert done.returncode == 2
    assert done.stderr == "griffin-desk: error: the disk is full; free some space and run the command again\n"


def test_closed_standard_input(engine, desk, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Nobody says anything: a conversation ends at once."""
    monkeypatch.setattr(sys, "stdin", None)
    engine(FakeGenerator)
    assert desk("chat") == 0
    assert capsys.readouterr().err == ""
    sys.stdin.close()


@pytest.mark.skipif(os.name == "nt", reason="no POSIX shell")
@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), (">&- 2>&-", 0), ("--session x >&- 2>&-", 2)])
def test_closed_streams(tmp_path, closed, code) -> None:
    """Nobody listens: the command runs all the same and ends with its code."""
    line = f"{shlex.quote(sys.executable)} -m app models list --data-dir {shlex.quote(str(tmp_path))} {closed}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.skipif(os.name == "nt", reason="signals between processes are POSIX's")
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals(tmp_path: Path, number: str, code: int) -> None:
    """A command that is to end says how to go on, and its status says why it ended."""
    script = (
        "import signal, sys\n"
        "from app.cli import main\n"
        "from app.cli.errors import Interrupted\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "def command(launch):\n"
        "    try:\n"
        f"        signal.raise_signal(signal.{number})\n"
        "    except KeyboardInterrupt:\n"
        "        raise Interrupted('run it again to go on') from None\n"
        "main._command = command\n"
        f"sys.exit(main.run(['models', 'list', '--data-dir', {str(tmp_path)!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "\ngriffin-desk: run it again to go on\n")


@pytest.mark.skipif(os.name == "nt", reason="signals between processes are POSIX's")
def test_a_closed_terminal_that_does_not_matter(tmp_path: Path) -> None:
    """Started with `nohup` a command runs on."""
    script = (
        "import signal, sys\n"
        "from app.cli import main\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "main._command = lambda launch: signal.raise_signal(signal.SIGHUP) or 0\n"
        f"sys.exit(main.run(['models', 'list', '--data-dir', {str(tmp_path)!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals that end a program")
def test_a_signal_in_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes when all has been said already gives the same exit code, not a traceback."""

    def ended_meanwhile(arguments: list[str]) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
        return 0

    monkeypatch.setattr(main_module, "_run_to_its_end", ended_meanwhile)
    before = signal.getsignal(signal.SIGTERM)
    assert run(["--version"]) == 143
    assert signal.getsignal(signal.SIGTERM) is before
