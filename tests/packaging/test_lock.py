"""The locks: they fit pyproject.toml, they agree, and the check sees what would not."""

import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LEAF = f"""\
leaf==1.2 ; sys_platform == 'linux' \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
    # via
    #   -r pyproject
    #   twig
"""


@pytest.fixture(scope="module")
def lock() -> Iterator[ModuleType]:
    """packaging/lock.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        yield importlib.import_module("lock")


@pytest.fixture
def pyproject() -> dict[str, Any]:
    """The project's own file."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_locks_fit() -> None:
    """The check of the checkout's own locks finds nothing; it needs neither uv nor a network."""
    command = [sys.executable, str(ROOT / "packaging" / "lock.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_torch_is_the_one_that_is_set_up(lock: ModuleType) -> None:
    """The set-up's first choice is the torch that is locked."""
    prepare = (ROOT / "packaging" / "setup" / "prepare.py").read_text(encoding="utf-8")
    assert f'TORCH_FIRST_CHOICE = "{lock.ALONE["torch"]}"' in prepare


def test_reading(lock: ModuleType) -> None:
    """A block is a package, its one version, where it is needed, its files and what brings it."""
    expected = lock.Locked("leaf", "1.2", "sys_platform == 'linux'", ("a" * 64, "b" * 64), ("twig",), True)
    assert lock.read_lock("# a comment\n" + LEAF) == [expected]
    with pytest.raises(ValueError, match="no package with one version: leaf>=1"):
        lock.read_lock("leaf>=1\n")


def test_a_group_that_names_others(lock: ModuleType) -> None:
    """It stands for what is in them, each once, however they name each other; another package's extras are its own."""
    groups = {
        "all": ["griffin-desk[ui,tests]", "leaf"],
        "tests": ["twig[ui]", "Griffin_Desk[ui]"],
        "ui": ["root", "griffin-desk[all]"],
    }
    project = {"name": "griffin-desk", "dependencies": ["stem"], "optional-dependencies": groups}
    pyproject = {"project": project, "build-system": {"requires": ["tool"]}}
    assert sorted(map(str, lock.wanted(pyproject, ["all"]))) == ["leaf", "root", "stem", "tool", "twig[ui]"]
    assert sorted(map(str, lock.wanted(pyproject, []))) == ["stem", "tool"]


def test_no_qt_where_there_is_to_be_none(lock: ModuleType) -> None:
    """The headless lock is that of the tests without Qt, what is for it alone, and what puts Qt into a folder."""
    names = {name: {entry.name for entry in lock.read_lock(text)} for name, text in lock.read_folder().items()}
    tools = {"pyinstaller", "pyinstaller-hooks-contrib", "altgraph", "macholib", "pefile"}
    qt = {"pyside6-essentials", "shiboken6", "pyqtgraph", "pytest-qt"}
    assert names["tests"] - names["headless"] == qt | tools
    assert names["headless"] < names["tests"]


def test_a_package_without_a_hash(lock: ModuleType, pyproject: dict[str, Any]) -> None:
    """A line that pip would refuse, or that someone cut, is named."""
    locks = lock.read_folder()
    locks["interpreter"] = "triton==3.6.0\n    # via -r pyproject\n"
    assert list(lock.faults(pyproject, locks)) == ["interpreter.txt: triton has no hash"]


def test_what_pyproject_asks_for_and_the_locks_have_not(lock: ModuleType, pyproject: dict[str, Any]) -> None:
    """A new need, a higher bound, a need that went, and a torch outside its range are each a sentence."""
    needs = pyproject["project"]["dependencies"]
    needs[:] = [line for line in needs if not line.startswith(("rich", "torch"))]
    needs += ["leaf>=1", "torch>=2.14"]
    needs[:] = ["numpy>=900" if line.startswith("numpy") else line for line in needs]
    found = list(lock.faults(pyproject, lock.read_folder()))
    assert "program.txt: leaf is missing, which pyproject.toml asks for" in found
    assert any(line.startswith("window.txt: numpy is ") and line.endswith("asks for numpy>=900") for line in found)
    assert "tests.txt: rich is no longer asked for" in found
    assert "torch 2.13.0 is locked, and pyproject.toml asks for torch>=2.14" in found


def test_locks_that_differ(lock: ModuleType, pyproject: dict[str, Any]) -> None:
    """One version of a package in all locks; a lock that is gone is named."""
    locks = lock.read_folder()
    version = lock.everything(locks)["numpy"].version
    locks["window"] = locks["window"].replace(f"numpy=={version} ", "numpy==1.99 ")
    del locks["built"]
    found = list(lock.faults(pyproject, locks))
    assert f"numpy is {version} in tests.txt and 1.99 in window.txt" in found
    assert "built.txt is not there" in found
