"""Licences of the packages: every one is known and allowed, and the lists of them agree."""

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
LEAF = f"leaf==1.0 \\\n    --hash=sha256:{'a' * 64}\n    # via numpy\n"


@pytest.fixture(scope="module")
def licences() -> Iterator[ModuleType]:
    """packaging/licences.py as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        yield importlib.import_module("licences")


@pytest.fixture
def known() -> dict[str, Any]:
    """The list of licences."""
    return tomllib.loads((ROOT / "packaging" / "licences.toml").read_text(encoding="utf-8"))


@pytest.fixture
def pyproject() -> dict[str, Any]:
    """The project's own file."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_all_licences_are_known_and_allowed() -> None:
    """The checkout's own lists: each package of the locks, what is installed, docs/dependencies.md and the window's."""
    command = [sys.executable, str(ROOT / "packaging" / "licences.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_expressions(licences: ModuleType) -> None:
    """All sides of AND must be allowed, of OR one."""
    allowed = {"MIT", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"}
    expected = {
        "MIT": True,
        "GPL-3.0-only": False,
        "MIT AND GPL-3.0-only": False,
        "GPL-3.0-only OR MIT": True,
        "MIT AND (GPL-2.0-only OR BSD-3-Clause)": True,
        "MIT AND Apache-2.0 WITH LLVM-exception": True,
        "Apache-2.0": False,
        "": False,
    }
    assert {licence: licences.is_allowed(licence, allowed) for licence in expected} == expected


def test_a_new_package_fails(licences: ModuleType, pyproject: dict[str, Any], known: dict[str, Any]) -> None:
    """A package without a licence on the list, and one with a licence that the program may not have."""
    locks = licences.lock.read_folder()
    locks["program"] += LEAF
    assert list(licences.faults(pyproject, locks, known)) == ["leaf: no licence in licences.toml"]
    known["brought"]["leaf"] = "GPL-3.0-only"
    assert list(licences.faults(pyproject, locks, known)) == ["leaf: GPL-3.0-only is not allowed (program)"]
    known["brought"]["leaf"] = "MIT"
    assert list(licences.faults(pyproject, locks, known)) == []
    del locks["program"]
    known["brought"]["moss"] = "MIT"
    assert "moss: in licences.toml, and in no lock" in list(licences.faults(pyproject, locks, known))


def test_metadata_that_says_something_else(
    licences: ModuleType, pyproject: dict[str, Any], known: dict[str, Any]
) -> None:
    """A new version under another licence is seen, also where its metadata has only words."""
    locks = licences.lock.read_folder()
    version = licences.lock.everything(locks)["numpy"].version

    def installed(name: str) -> tuple[str, str] | None:
        return (version, "GNU Lesser General Public License") if name == "numpy" else None

    expected = f"numpy: licences.toml says {known['direct']['numpy'][0]}, its metadata LGPL-"
    assert list(licences.faults(pyproject, locks, known, installed)) == [expected]
    assert licences.disagreement("MIT", "MIT License") is None
    assert licences.disagreement("BSD-3-Clause", "BSD License License :: OSI Approved") is None
    assert licences.disagreement("MIT", "AGPL-3.0-only") == "AGPL-"


def test_a_need_without_a_purpose(licences: ModuleType, pyproject: dict[str, Any], known: dict[str, Any]) -> None:
    """What pyproject.toml names must stand among the direct ones."""
    pyproject["project"]["dependencies"].append("six>=1")
    found = list(licences.faults(pyproject, licences.lock.read_folder(), known))
    assert found == ["six: not under [direct] in licences.toml: say what it is for"]


def test_the_windows_list(licences: ModuleType, pyproject: dict[str, Any], known: dict[str, Any]) -> None:
    """A package that the list in About leaves out, or gives another licence, is named."""
    rows = licences.packages(pyproject, licences.lock.read_folder(), known)
    source = licences.ABOUT.read_text(encoding="utf-8").replace('("rich", "MIT")', '("rich", "ISC")')
    found = list(licences.about_faults(source.replace('("tomlkit", "MIT"),', ""), rows, known["direct"]))
    assert found == [
        "rich: the window's list says ISC, expected MIT",
        "tomlkit: the window's list says None, expected MIT",
    ]


def test_parts(licences: ModuleType, pyproject: dict[str, Any]) -> None:
    """What is handed on is told from what an extra, the wheel's making or the tests alone need."""
    part = licences.parts(pyproject, licences.lock.read_folder())
    names = ("sympy", "numpy", "shiboken6", "flatbuffers", "ml-dtypes", "triton", "pathspec", "nltk", "tqdm")
    expected = ["program", "program", "window", "dense", "orbax", "cuda", "build", "tests", "program"]
    assert [part[name] for name in names] == expected
