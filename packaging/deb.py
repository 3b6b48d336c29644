"""Make a package for Debian and Ubuntu of the one-folder program: `python packaging/deb.py [--folder FOLDER]`.

The program lies in /opt/griffin-desk, where what is no part of the distribution belongs; the command, the desktop
entry, the icons and the metadata for software centres lie where the system looks for them. Needs `dpkg-deb` and
`dpkg-shlibdeps` (package dpkg-dev). See docs/packaging.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LINUX = HERE / "linux"
sys.path.insert(0, str(HERE))
import icons  # noqa: E402

NAME = "griffin-desk"
PLACE = Path("opt") / NAME
LEVEL = 12
"""Of zstd, 1 to 19. xz would take minutes more for a tenth less; dpkg reads zstd since Debian 12 and Ubuntu 21.10."""
DATA = ("xkb-data", "fontconfig-config")
"""What libraries in the folder read, and packages of those libraries would bring."""
PROGRAMS = {"dpkg-deb": "dpkg", "dpkg-shlibdeps": "dpkg-dev"}
"""What is called -> the Debian package that has it."""
SUMMARY = "read whole long documents offline"
DESCRIPTION = """\
Griffin Desk reads long PDFs, EPUBs and other documents from the first page
to the last with RecurrentGemma models, on this machine and offline. Each
line of a summary names its pages, answers are given in the document's own
sentences, and a document that was read once is not read again.
.
A small starter model comes with it."""
MAINTAINER = "The Griffin Desk developers <griffin-desk@users.noreply.github.com>"
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Griffin Desk

Files: *
Copyright: The Griffin Desk developers
License: Apache-2.0
 On Debian systems the text lies in /usr/share/common-licenses/Apache-2.0.
 What the program is built on has licences of its own; their texts lie in
 /opt/griffin-desk/licences, and dependencies.md there is the list.
"""


class PackageError(Exception):
    """The package cannot be made; the message says what to do."""


def version() -> str:
    """The program's, out of pyproject.toml."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def build(folder: Path, out: Path, level: int = LEVEL) -> Path:
    """The package of a folder that bundle.py made, in `out`. Raises PackageError."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        raise PackageError(f"what makes packages is not here: sudo apt-get install -y {' '.join(missing)}")
    if not (folder / NAME).is_file():
        raise PackageError(f"{folder} holds no program; make it with `python packaging/bundle.py`")
    if find_spec("PIL") is None or find_spec("PySide6") is None:
        raise PackageError("the icons cannot be drawn here: python packaging/setup/prepare.py --extra bundle")
    architecture = _run("dpkg", "--print-architecture").strip()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="griffin-desk-deb-", dir=out) as name:
        root = Path(name) / "root"
        shutil.copytree(folder, root / PLACE, symlinks=True, copy_function=_link)
        add_shared(root / "usr")
        (root / "DEBIAN").mkdir()  # by which dpkg-shlibdeps knows the package's own libraries
        depends = needs(Path(name), root / PLACE)
        _write_control(root, architecture, depends)
        package = out / f"{NAME}_{version()}_{architecture}.deb"
        _run("dpkg-deb", "-Zzstd", f"-z{level}", "--root-owner-group", "--build", str(root), str(package))
    return package


def add_shared(usr: Path) -> None:
    """The command, the desktop entry, metadata, icons and the papers that Debian asks for, below a `usr`."""
    (usr / "bin").mkdir(parents=True)
    (usr / "bin" / NAME).symlink_to(f"/{PLACE}/{NAME}")
    for name, place in ((f"{icons.APP_ID}.desktop", "applications"), (f"{icons.APP_ID}.metainfo.xml", "metainfo")):
        target = usr / "share" / place / name
        target.parent.mkdir(parents=True)
        shutil.copyfile(LINUX / name, target)
    icons.write_hicolor(usr / "share" / "icons" / "hicolor")
    papers = usr / "share" / "doc" / NAME
    papers.mkdir(parents=True)
    (papers / "copyright").write_text(COPYRIGHT, encoding="utf-8")
    shutil.copyfile(ROOT / "CHANGELOG.md", papers / "CHANGELOG.md")


def needs(work: Path, program: Path) -> str:
    """Debian's packages of the libraries that the program takes from the system, by the symbols that it uses of them.

    work: a folder for what dpkg-shlibdeps wants to see around it.
    """
    (work / "debian").mkdir()
    (work / "debian" / "control").write_text(
        f"Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n", encoding="utf-8"
    )
    own = sorted({path.parent for path in program.rglob("*.so*")})
    files = [path for path in program.rglob("*") if path.is_file() and not path.is_symlink() and _is_elf(path)]
    command = ["dpkg-shlibdeps", "-O", "--ignore-missing-info", "--warnings=0"]
    command += [f"-l{folder}" for folder in own]
    said = _run(*command, *map(str, files), cwd=work)
    found = re.search(r"^shlibs:Depends=(.*)$", said, re.MULTILINE)
    if found is None:
        raise PackageError("dpkg-shlibdeps named no dependencies")
    inside = packages_inside(program)
    return ", ".join([*(need for need in found[1].split(", ") if need.split()[0] not in inside), *DATA])


def packages_inside(program: Path) -> set[str]:
    """Debian's packages of the system's libraries that the folder brings; dpkg-shlibdeps names them all the same."""
    names = [f"*/{path.name}" for path in (program / "_internal").glob("lib*.so*") if not path.is_symlink()]
    # It ends with code 1 where it does not know some of them: those that came out of Python's packages.
    done = subprocess.run(["dpkg-query", "--search", *names], capture_output=True, text=True, check=False)
    return {line.partition(":")[0] for line in done.stdout.splitlines()}


def _link(source: str, target: str) -> None:
    """A link instead of a copy, where the file system and its rules allow one: it is a gigabyte."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def _write_control(root: Path, architecture: str, depends: str) -> None:
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    control = {
        "Package": NAME,
        "Version": version(),
        "Section": "text",
        "Priority": "optional",
        "Architecture": architecture,
        "Maintainer": MAINTAINER,
        "Installed-Size": str(sum(path.stat().st_size for path in files) // 1024),
        "Depends": depends,
        "Recommends": "fonts-dejavu-core",
        "Description": "\n ".join([SUMMARY, *DESCRIPTION.splitlines()]),
    }
    place = root / "DEBIAN"
    (place / "control").write_text("".join(f"{key}: {value}\n" for key, value in control.items()), encoding="utf-8")
    sums = []
    for path in files:
        with path.open("rb") as stream:
            sums.append(f"{hashlib.file_digest(stream, 'md5').hexdigest()}  {path.relative_to(root)}\n")
    (place / "md5sums").write_text("".join(sums), encoding="utf-8")


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # What dpkg's tools say in passing goes on for pages.
        lines = done.stderr.strip().splitlines()
        told = "\n".join([line for line in lines if " error: " in line] or lines[-5:])
        raise PackageError(f"{command[0]} ended with code {done.returncode}:\n{told}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it, and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "dist" / NAME, help="what bundle.py made")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the package is put (default: dist)")
    options = parser.parse_args(arguments)
    try:
        package = build(options.folder.absolute(), options.out.absolute())
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(f"{package}: {package.stat().st_size / 2**20:,.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
