"""The rules of the house: which layer may import which, how long a file may be, and that the README's tree is true."""

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAX_LINES = 350
LONGER_FILES: dict[str, str] = {}
"""Files that may be longer, each with its reason."""


def load_script(path: Path) -> ModuleType:
    """A script that belongs to no package, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lint_imports(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with a configuration on the packages of a folder."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(sys.argv[1], no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", code, str(config)],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def small_package(folder: Path) -> None:
    """A package with the layers of this one that keeps its contracts."""
    layers = ("core", "documents", "inference", "storage", "tasks", "worker", "retrieval", "services", "ui")
    for name in (".", *layers, "ui/views", "ui/widgets", "ui/models", "ui/dialogs"):
        (folder / "app" / name).mkdir(parents=True, exist_ok=True)
        (folder / "app" / name / "__init__.py").touch()
        (folder / "app" / name / "x.py").touch()
    for name in ("generator", "engine"):
        (folder / "app" / "inference" / f"{name}.py").touch()
    (folder / "app" / "inference" / "bad_engine.py").write_text("import torch\n")


def test_imports_keep_the_contracts() -> None:
    """Layers import downwards only, torch and Qt stay where they belong."""
    result = lint_imports(ROOT / "pyproject.toml", ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("documents/bad.py", "from app.services import x", "Layers import downwards only"),
        ("storage/bad.py", "import app.documents.x", "Layers import downwards only"),
        ("tasks/bad.py", "import app.inference.bad_engine", "never load"),
        ("services/bad.py", "import torch", "never load"),
        ("worker/bad.py", "from PySide6 import QtCore", "Qt stays in app.ui"),
        ("ui/views/bad.py", "from app.storage import x", "Widgets know services only"),
        ("ui/widgets/bad.py", "import app.worker.x", "Widgets know services only"),
        ("ui/models/bad.py", "def f():\n    from app.retrieval import x", "Widgets know services only"),
        ("ui/dialogs/bad.py", "import app.inference.engine", "Widgets know services only"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """Each contract fails on a package that breaks it, directly or through another module."""
    small_package(tmp_path)
    (tmp_path / "app" / file).write_text(line + "\n")
    result = lint_imports(ROOT / "pyproject.toml", tmp_path)
    broken = [text for text in result.stdout.splitlines() if text.rstrip().endswith("BROKEN")]
    assert result.returncode == 1, result.stdout + result.stderr
    assert len(broken) == 1 and contract in " ".join(result.stdout.split())


def test_what_widgets_may_import(tmp_path: Path) -> None:
    """Services and what comes with them, whatever those import, and what a type checker alone reads."""
    small_package(tmp_path)
    (tmp_path / "app" / "services" / "y.py").write_text("from app.storage import x\n")
    (tmp_path / "app" / "ui" / "views" / "good.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from app.documents import x\nfrom app.inference import generator\nfrom app.services import y\n"
        "if TYPE_CHECKING:\n    from app.storage import x as records\n"
    )
    (tmp_path / "app" / "ui" / "jobs.py").write_text("from app.storage import x\n")
    result = lint_imports(ROOT / "pyproject.toml", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def imported_packages(path: Path) -> set[str]:
    """The top-level packages that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            found.add(node.module.split(".")[0])
    return found


def test_every_import_is_a_declared_dependency() -> None:
    """What app/ imports is installed by `pip install .` or an extra, not because another package needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + [
        item for extra in ("ui", "bench", "cuda", "dense", "orbax") for item in extras[extra]
    ]
    declared = {re.split(r"[^\w.-]", item)[0].lower().replace("_", "-") for item in wanted}
    used = {name for path in (ROOT / "app").rglob("*.py") for name in imported_packages(path)}
    # A package that is not installed does not say under which name it is asked for; Qt need not be installed here.
    distributions = {"PySide6": ["pyside6-essentials"], **packages_distributions()}
    missing = {
        name
        for name in used - set(sys.stdlib_module_names) - {"app"}
        if not {item.lower().replace("_", "-") for item in distributions.get(name, [name])} & declared
    }
    assert missing == set()


def test_readme_lists_every_file() -> None:
    """The README's tree names each file of app/ with its docstring's first sentence, and nothing that is not there."""
    script = load_script(ROOT / "packaging" / "readme_tree.py")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert script.with_tree(readme, script.tree(ROOT)) == readme, "run: python packaging/readme_tree.py"


def test_every_file_and_folder_is_described() -> None:
    """No line of the tree is without its description."""
    script = load_script(ROOT / "packaging" / "readme_tree.py")
    files = script.source_files(ROOT)
    assert [path for path in files if not script.describe(path)] == []
    folders = {path.parent.relative_to(ROOT).as_posix() for path in files}
    assert folders - set(script.FOLDERS) == set()


def test_tree_of_a_small_package(tmp_path: Path) -> None:
    """A folder stands before its files, an empty __init__.py is left out, a description is one sentence."""
    script = load_script(ROOT / "packaging" / "readme_tree.py")
    (tmp_path / "app" / "core").mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (tmp_path / "app" / "cli.py").write_text('"""Commands. More of it."""\n')
    (tmp_path / "app" / "core" / "log.py").write_text('"""The log.\n\nMore of it.\n"""\n')
    lines = script.tree(tmp_path).splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["app/", "cli.py", "core/", "log.py"]
    assert lines[1] == "  cli.py                     Commands"
    assert lines[3] == "    log.py                   The log"


def test_files_are_short() -> None:
    """A file that outgrows the limit is split by noun, or named above with a reason."""
    files = [*(ROOT / "app").rglob("*.py"), *(ROOT / "packaging").rglob("*.py")]
    long = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES
    }
    assert long == set(LONGER_FILES)


def test_no_drawer_for_odds_and_ends() -> None:
    """A module is named after what it holds."""
    names = {path.stem for path in (ROOT / "app").rglob("*.py")}
    assert names & {"utils", "util", "helpers", "misc", "common"} == set()


THREADS = re.compile(r"\b(Thread|QThread|ThreadPoolExecutor|QThreadPool|QRunnable|Timer)\(|\bmoveToThread\b")


def test_threads_of_the_window_are_in_one_file() -> None:
    """Where threads meet Qt is `app/ui/jobs.py`: everything else of the window runs in the event loop, or in a lane."""
    begun = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "app" / "ui").rglob("*.py")
        if any(match[0] != "QTimer(" for match in THREADS.finditer(path.read_text(encoding="utf-8")))
    }
    assert begun == {"app/ui/jobs.py"}
