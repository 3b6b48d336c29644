"""Build the one-folder program, which needs no Python: `python packaging/bundle.py [--out dist]`.

Needs the extra `bundle` (`python packaging/setup/prepare.py --extra bundle`). PyInstaller makes the folder for the
system that it runs on: there is no cross-building. See docs/packaging.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RECIPE = HERE / "bundle"
NAME = "griffin-desk"
INSIDE = "_internal"
"""PyInstaller's folder of all but the executables."""
NEEDED = ("PyInstaller", "PIL", "PySide6")
SETUP = "python packaging/setup/prepare.py --extra bundle"


class BundleError(Exception):
    """The program cannot be built; the message says what to do."""


def build(out: Path, work: Path) -> Path:
    """The folder, made anew in `out`; what is made on the way lies in `work`. Raises BundleError."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise BundleError(f"{' and '.join(missing)} cannot be imported: {SETUP}")
    _run("icons.py", [sys.executable, str(HERE / "icons.py"), str(work / "icons")], work / "icons.log")
    gather_papers(work / "licences")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(out), "--workpath", str(work / "analysis"), str(RECIPE / "griffin-desk.spec")]
    around = os.environ | {"GRIFFIN_DESK_BUNDLE_WORK": str(work), "QT_QPA_PLATFORM": "offscreen"}
    out.mkdir(parents=True, exist_ok=True)
    _run("PyInstaller", command, out / "pyinstaller.log", cwd=work, env=around)
    folder = out / NAME
    # Where a person looks for them; in the application of macOS they stay inside.
    (folder / INSIDE / "licences").rename(folder / "licences")
    return folder


def _run(name: str, command: list[str], log: Path, **options: Any) -> None:
    """Call a program whose output goes to a file. Raises BundleError with its name and last lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        code = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False, **options).returncode
    if code != 0:
        last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        raise BundleError(f"{name} ended with code {code}; its last lines:\n{last}")


def gather_papers(folder: Path) -> None:
    """The program's own licence, the list of all others, and texts that their packages do not bring."""
    shutil.copytree(RECIPE / "licences", folder / "texts", dirs_exist_ok=True)
    for path in (ROOT / "LICENSE", ROOT / "NOTICE", ROOT / "docs" / "dependencies.md"):
        shutil.copyfile(path, folder / path.name)


def size_of(folder: Path) -> int:
    """Bytes of all files; a link counts nothing."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main() -> int:
    """Build it, and say how large it is and what of."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the folder is put (default: dist)")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="griffin-desk-bundle-") as work:
            folder = build(options.out.absolute(), Path(work))
            without = (Path(work) / "without-licence.txt").read_text(encoding="utf-8").split()
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if without:
        print(f"no licence text came with {', '.join(without)}: their names and licences are in dependencies.md")
    print(f"{folder}: {size_of(folder) / 2**20:,.0f} MiB")
    largest = sorted(((size_of(part), part.name) for part in (folder / INSIDE).iterdir()), reverse=True)
    for nbytes, name in largest[:8]:
        print(f"   {nbytes / 2**20:6,.0f} MiB  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
