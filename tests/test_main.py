"""`python -m app` in a process of its own: the window, a command, or one sentence why there is no window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WITHOUT = "`griffin-desk --help` shows what works without\n"
TIMEOUT_S = 60
NO_SCREEN = "griffin-desk: there is no screen for a window"


def start(
    *arguments: str, code: str = "", called: str = "main", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program without a screen in its environment; `code` runs before it, `called` is where it begins."""
    before = f"import sys; sys.argv = ['griffin-desk', *{list(arguments)!r}]\n{code}\n"
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "GRIFFIN_DESK_DATA_DIR")
    }
    return subprocess.run(
        [sys.executable, "-c", f"{before}import app.__main__; sys.exit(app.__main__.{called}())"],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def without(module: str) -> str:
    """Code after which a package is not installed."""
    return f"sys.modules[{module!r}] = None"


@pytest.mark.parametrize(("arguments", "called"), [((), "main"), (("window", "a.pdf"), "main"), (("a.pdf",), "window")])
def test_without_qt(arguments: tuple[str, ...], called: str) -> None:
    """One sentence that says what to install, and the exit code of an error."""
    done = start(*arguments, code=without("PySide6"), called=called)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("griffin-desk: the window needs Qt (")
    assert "pip install 'griffin-desk[ui]'" in done.stderr and done.stderr.endswith(WITHOUT)
    assert done.stderr.count("\n") == 1


def test_a_file_opens_the_window(tmp_path: Path) -> None:
    """As a second word would; what is no file is a command that does not exist."""
    file = tmp_path / "report.pdf"
    file.touch()
    done = start(str(file), code=without("PySide6"))
    assert done.stderr.startswith("griffin-desk: the window needs Qt (")
    file.unlink()
    assert "invalid choice" in start(str(file), code=without("PySide6")).stderr


def test_commands_need_no_qt() -> None:
    """Whatever comes first is a command, and none imports Qt."""
    done = start("--version", code=without("PySide6"))
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("griffin-desk ")
    helped = start("--help", code=without("PySide6")).stdout
    assert "griffin-desk window [FILE ...]" in " ".join(helped.split())
    assert start("widow", code=without("PySide6")).returncode == 2


def test_a_library_of_the_system_is_missing() -> None:
    """No package of Python's mends that."""
    missing = (
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'PySide6': raise ImportError('libEGL.so.1: cannot open shared object file', name=name)\n"
        "sys.meta_path.insert(0, Finder())"
    )
    done = start(code=missing)
    assert done.returncode == 2 and "pip" not in done.stderr and done.stderr.count("\n") == 1
    assert "libraries cannot be loaded (libEGL.so.1: cannot open" in done.stderr


def test_a_mistake_of_ours_is_not_blamed_on_the_installation() -> None:
    """A module of the program that is not there shows as what it is."""
    pytest.importorskip("PySide6")
    done = start(code=without("app.ui.theme"), QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 1 and "Traceback" in done.stderr and "pip install" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a screen")
@pytest.mark.parametrize(
    "environment",
    [{}, {"DISPLAY": ":9473"}, {"DISPLAY": "", "WAYLAND_DISPLAY": "none-9473"}, {"QT_QPA_PLATFORM": "nonsense"}],
    ids=["none", "gone", "no wayland", "no such platform"],
)
def test_without_a_screen(tmp_path: Path, environment: dict[str, str]) -> None:
    """One sentence and an exit code, whatever Qt thinks of it; never the end of a process that failed."""
    pytest.importorskip("PySide6")
    done = start("window", "--data-dir", str(tmp_path / "data"), XDG_RUNTIME_DIR=str(tmp_path), **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(NO_SCREEN) and done.stderr.endswith(f"; {WITHOUT}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_the_window_opens_and_closes(tmp_path: Path) -> None:
    """Its exit code is the window's own, and what Qt said before there was a screen is said after all."""
    pytest.importorskip("PySide6")
    closing = (
        "from PySide6.QtCore import QTimer, qWarning\n"
        "import app.ui.application as application\n"
        "shown = application._window\n"
        "def _window(app, *rest):\n"
        "    qWarning('after'); QTimer.singleShot(0, app.quit); return shown(app, *rest) or 7\n"
        "application._window = _window\n"
        "run = application.run\n"
        "application.run = lambda arguments: qWarning('before') or run(arguments)"
    )
    done = start("--data-dir", str(tmp_path), code=closing, called="window", QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 7, done.stderr
    assert [line for line in done.stderr.splitlines() if line in ("before", "after")] == ["before", "after"]


@pytest.mark.skipif(os.name == "nt", reason="signals between processes are POSIX's")
def test_ctrl_c_before_there_is_anything_to_end() -> None:
    """While the first modules are imported: no traceback of Python's, the status that shells expect."""
    script = (
        "import builtins, signal, sys, app.__main__\n"
        "before = builtins.__import__\n"
        "def importing(name, *rest):\n"
        "    if name == 'app.cli.main':\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "    return before(name, *rest)\n"
        "builtins.__import__ = importing\n"
        "sys.argv = ['griffin-desk', '--help']\n"
        "app.__main__.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
