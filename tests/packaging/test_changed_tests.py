"""Which tests mirror a change."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def changed() -> Iterator[ModuleType]:
    """packaging/changed_tests.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        yield importlib.import_module("changed_tests")


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("app/core/settings.py", ["tests/core/test_settings.py"]),
        ("app/inference/cuda/ops.py", ["tests/inference/cuda/test_ops.py"]),
        ("app/__main__.py", ["tests/test_main.py"]),
        ("app/ui/views/chat.py", ["tests/ui/views/test_chat.py"]),
        ("packaging/lock.py", ["tests/packaging/test_lock.py"]),
        ("packaging/setup/prepare.py", ["tests/packaging/test_prepare.py"]),
        ("packaging/setup/locked.py", ["tests/packaging/test_prepare.py"]),
        ("packaging/linux/any.desktop", ["tests/packaging/test_linux_metadata.py"]),
        (
            "packaging/bundle/contents.py",
            ["tests/packaging/test_bundle_contents.py", "tests/packaging/test_bundle.py"],
        ),
        ("tests/core/test_settings.py", ["tests/core/test_settings.py"]),
        ("tests/core/__init__.py", []),
        ("README.md", ["tests/test_architecture.py"]),
        ("packaging/lock/window.txt", ["tests/packaging/test_lock.py", "tests/packaging/test_licences.py"]),
        (".github/ISSUE_TEMPLATE/bug.yml", ["tests/packaging/test_project_files.py"]),
        ("docs/window.md", []),
        ("benchmarks/speed.py", []),
    ],
)
def test_what_mirrors_a_file(changed: ModuleType, name: str, tests: list[str]) -> None:
    """The same path under tests/; the scripts of packaging/ in one folder; of other files what looks at them."""
    assert changed.mirrors(name) == tests
    assert [test for test in tests if not (ROOT / test).is_file()] == []


def test_each_once_and_only_what_is_there(changed: ModuleType, tmp_path: Path) -> None:
    """A module and its own test name one test; a file that has none, or whose test was deleted, names nothing."""
    (tmp_path / "tests" / "core").mkdir(parents=True)
    (tmp_path / "tests" / "core" / "test_log.py").touch()
    names = ["app/core/log.py", "tests/core/test_log.py", "app/core/text.py", "tests/core/test_gone.py"]
    assert changed.chosen(names, tmp_path) == ["tests/core/test_log.py"]


def test_what_git_says_was_changed(changed: ModuleType, tmp_path: Path) -> None:
    """Committed since, staged, only written, and new files; not those that are ignored."""

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    for name in ("same.py", "written.py", "staged.py", "committed.py"):
        (tmp_path / name).write_text("1\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    git("tag", "first")
    (tmp_path / "committed.py").write_text("2\n")
    git("commit", "--quiet", "-a", "-m", "second")
    (tmp_path / "staged.py").write_text("2\n")
    git("add", ".")
    (tmp_path / "written.py").write_text("2\n")
    (tmp_path / "neü.py").touch()
    (tmp_path / "a.log").touch()
    assert sorted(changed.changed_files("HEAD", tmp_path)) == ["neü.py", "staged.py", "written.py"]
    assert sorted(changed.changed_files("first", tmp_path)) == ["committed.py", "neü.py", "staged.py", "written.py"]


def test_an_unknown_revision() -> None:
    """Git's own sentence and exit code 2: make stops there."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = [sys.executable, str(ROOT / "packaging" / "changed_tests.py"), "--since", "no-such-revision"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no-such-revision" in done.stderr


def test_the_quick_few_are_there(changed: ModuleType) -> None:
    """What is run where no test mirrors a change."""
    assert all((ROOT / name).exists() for name in changed.QUICK)
