"""Keep the locks in packaging/lock: `python packaging/lock.py` makes them anew, `--check` says whether they fit.

A lock names one version of every package that a set of pyproject.toml's groups brings, for Linux, macOS and Windows and
every Python that is supported, with the SHA-256 of each of that version's files. Making one needs `uv` and the network,
and keeps the versions that are locked; `--upgrade` takes newer ones. A check needs neither.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "packaging" / "lock"

LOCKS = {
    "tests": ("dev",),
    "headless": ("headless",),
    "bundle": ("bundle",),
    "window": ("ui",),
    "program": (),
}
"""The name of a lock and the groups of pyproject.toml in it, beside what the program always needs."""
ALONE = {
    "torch": "torch==2.13.0",
    "interpreter": "triton==3.6.0; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "built": "rouge-score==0.1.2",
}
"""Locks of one package without what it brings: torch, whose build the set-up chooses; Triton, which a torch for GPUs
has already; and what exists as source only, which is built with the locked build tools."""
LEFT_OUT = ("torch", "rouge-score", "pip")
"""Not in the others; pip is there before anything is installed."""

TORCH_BRINGS = (
    *("filelock", "typing-extensions>=4.10.0", "setuptools>=77.0.3"),
    *("sympy>=1.13.3", "networkx>=2.5.1", "jinja2", "fsspec>=0.8.5"),
)
"""What every build of ALONE["torch"] needs. Builds differ: those for GPUs also bring some gigabytes of CUDA."""
SYSTEMS = ("linux", "darwin", "win32")
NEWEST_PYTHON = "3.14"
"""The newest that packaging/setup/find-python.sh takes."""
HEADER = """\
# Made by packaging/lock.py; do not edit. Versions and SHA-256 of files, for pip's --require-hashes.
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock."""

    name: str
    version: str
    marker: str
    """Where it is needed, as pip reads it; "" for everywhere."""
    hashes: tuple[str, ...]
    """SHA-256 of the files that the version has, in hex."""
    via: tuple[str, ...]
    """Names of the packages that bring it; empty where pyproject.toml alone does."""
    direct: bool
    """Whether pyproject.toml names it."""


def read_lock(text: str) -> list[Locked]:
    """The packages of a lock; ValueError for a line that is neither a package with its one version nor about one."""
    entries: list[Locked] = []
    for block in re.split(r"\n(?=\S)", text.strip()):
        if block.startswith("#"):
            continue
        first, _, rest = block.partition("\n")
        found = re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+?)(?: ; (.+?))?(?: \\)?", first)
        if found is None:
            raise ValueError(f"no package with one version: {first}")
        notes = re.findall(r"^ +# +(?:via +)?(?!via$)(\S.*)$", rest, flags=re.MULTILINE)
        entries.append(
            Locked(
                name=canonicalize_name(found[1]),
                version=found[2],
                marker=found[3] or "",
                hashes=tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})(?![0-9a-f])", rest)),
                via=tuple(canonicalize_name(note) for note in notes if not note.startswith("-")),
                direct=any(note.startswith("-r") for note in notes),
            )
        )
    return entries


def wanted(pyproject: Mapping[str, Any], groups: Sequence[str]) -> list[Requirement]:
    """What pyproject.toml asks for: the program's own needs, those of some groups, and the tools that build it.

    A group that names others, as "griffin-desk[ui]" does, stands for what is in them.
    """
    project = pyproject["project"]
    optional = project["optional-dependencies"]
    found = [Requirement(line) for line in project["dependencies"]]
    waiting = list(groups)
    for group in waiting:
        for requirement in map(Requirement, optional[group]):
            if canonicalize_name(requirement.name) == canonicalize_name(project["name"]):
                waiting += sorted(requirement.extras - set(waiting))
            else:
                found.append(requirement)
    return [*found, *map(Requirement, pyproject["build-system"]["requires"])]


def faults(pyproject: Mapping[str, Any], locks: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the locks (name -> text), in sentences; nothing where they fit."""
    versions: dict[str, tuple[str, str]] = {}
    for name in [*LOCKS, *ALONE]:
        try:
            entries = read_lock(locks[name])
        except KeyError:
            yield f"{name}.txt is not there"
            continue
        except ValueError as error:
            yield f"{name}.txt: {error}"
            continue
        for entry in entries:
            if not entry.hashes:
                yield f"{name}.txt: {entry.name} has no hash"
            first, version = versions.setdefault(entry.name, (name, entry.version))
            if version != entry.version:
                yield f"{entry.name} is {version} in {first}.txt and {entry.version} in {name}.txt"
        asked = wanted(pyproject, LOCKS[name]) if name in LOCKS else [Requirement(ALONE[name])]
        yield from _misfits(name, asked, entries)
    project = pyproject["project"]
    ours = [*project["dependencies"], *project["optional-dependencies"]["interpreter"]]
    by_name = {requirement.name: requirement for requirement in map(Requirement, ours)}
    for line in (ALONE["torch"], ALONE["interpreter"]):
        alone = Requirement(line)
        version = next(iter(alone.specifier)).version
        if not by_name[alone.name].specifier.contains(version):
            yield f"{alone.name} {version} is locked, and pyproject.toml asks for {by_name[alone.name]}"


def _misfits(name: str, asked: Sequence[Requirement], entries: Sequence[Locked]) -> Iterator[str]:
    """Where a lock and what was asked for differ."""
    found = {entry.name: entry for entry in entries}
    names = set()
    for requirement in asked:
        key = canonicalize_name(requirement.name)
        names.add(key)
        if name in LOCKS and key in LEFT_OUT:
            continue
        if key not in found:
            yield f"{name}.txt: {key} is missing, which pyproject.toml asks for"
        elif not requirement.specifier.contains(found[key].version, prereleases=True):
            yield f"{name}.txt: {key} is {found[key].version}, and pyproject.toml asks for {requirement}"
    for entry in entries:
        if entry.direct and entry.name not in names:
            yield f"{name}.txt: {entry.name} is no longer asked for"


def read_folder(folder: Path = FOLDER) -> dict[str, str]:
    """The texts of the locks that there are, by name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.txt"))}


def everything(locks: Mapping[str, str]) -> dict[str, Locked]:
    """Every locked package once, by name."""
    return {entry.name: entry for text in locks.values() for entry in read_lock(text)}


# Making


def compiled(uv: str, lines: Sequence[str], kept: str, options: Sequence[str]) -> str:
    """uv's answer to some requirements.

    Args:
        kept: a lock whose versions stay where they fit, or "".
        options: further ones of `uv pip compile`.
    """
    places = [f"sys_platform == '{system}' and python_version <= '{NEWEST_PYTHON}'" for system in SYSTEMS]
    systems = ", ".join(f'"{place}"' for place in places)
    torch = Requirement(ALONE["torch"])
    brings = ", ".join(f'"{item}"' for item in TORCH_BRINGS)
    with tempfile.TemporaryDirectory(prefix="lock-") as name:
        folder = Path(name)
        # uv reads systems and corrected needs from a project's file only.
        (folder / "pyproject.toml").write_text(
            f"[tool.uv]\nenvironments = [{systems}]\n"
            f'[[tool.uv.dependency-metadata]]\nname = "torch"\nversion = "{next(iter(torch.specifier)).version}"\n'
            f"requires-dist = [{brings}]\n",
            encoding="utf-8",
        )
        (folder / "pyproject").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "kept.txt").write_text(kept, encoding="utf-8")
        command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-header", "pyproject", "--output-file", "kept.txt", *options]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return HEADER + without_places((folder / "kept.txt").read_text(encoding="utf-8"))


def without_places(lock: str) -> str:
    """A lock whose markers do not repeat on each line that it is for the systems and Pythons that it was made for."""
    systems = " or ".join(f"sys_platform == '{system}'" for system in sorted(SYSTEMS))
    after = int(NEWEST_PYTHON.split(".")[1]) + 1
    lock = re.sub(rf"python_full_version < '3\.{after}' and ", "", lock)
    return re.sub(rf" (?:;|and) \({systems}\)(?= \\$)", "", lock, flags=re.MULTILINE)


def make(uv: str, pyproject: Mapping[str, Any], folder: Path, upgrade: bool) -> None:
    """Write all locks; the smaller ones hold the versions of the largest."""
    folder.mkdir(exist_ok=True)
    before = {} if upgrade else read_folder(folder)
    left_out = [option for name in LEFT_OUT for option in ("--no-emit-package", name)]
    largest = ""
    for name, groups in LOCKS.items():
        lines = [str(requirement) for requirement in wanted(pyproject, groups)]
        lines += [ALONE["torch"]]
        text = compiled(uv, lines, largest or before.get(name, ""), left_out)
        largest = largest or text
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    for name, line in ALONE.items():
        (folder / f"{name}.txt").write_text(compiled(uv, [line], before.get(name, ""), ["--no-deps"]), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or check; 1 when a lock does not fit, 2 when uv is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the locks fit pyproject.toml; offline")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    options = parser.parse_args(arguments)
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if not options.check:
        uv = shutil.which("uv")
        if uv is None:
            print("uv is not there; get it with: pip install uv (in an environment of its own)", file=sys.stderr)
            return 2
        make(uv, pyproject, FOLDER, options.upgrade)
    locks = read_folder()
    found = list(faults(pyproject, locks))
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print("make the locks anew: python packaging/lock.py", file=sys.stderr)
    else:
        entries = everything(locks).values()
        print(f"{len(entries)} packages, {sum(len(entry.hashes) for entry in entries)} files: the locks fit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
