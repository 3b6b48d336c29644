"""Keep docs/dependencies.md true: `python packaging/licences.py` writes it, `--check` compares and judges licences.

Every package of the locks must have a licence in packaging/licences.toml that the list there allows, and what is
installed here must say the same of itself as far as its metadata says anything. Offline.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import lock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LICENCES = ROOT / "packaging" / "licences.toml"
PAGE = ROOT / "docs" / "dependencies.md"
ABOUT = ROOT / "app" / "ui" / "dialogs" / "about.py"
BEGIN, END = "<!-- table: made by packaging/licences.py -->\n", "<!-- end of table -->\n"

ABOUT_NAMES = {"pyside6-essentials": "pyside6"}
"""Names in the window's list that differ from the package's."""
SAID = {
    r"\bMIT\b": "MIT",
    r"Apache": "Apache-2.0",
    r"\bBSD\b": "BSD-",
    r"\bISC\b": "ISC",
    r"MPL|Mozilla": "MPL-",
    r"Python Software Foundation|PSF": "PSF-2.0 LicenseRef-Matplotlib",
    r"LGPL|Lesser": "LGPL-",
    r"(?<![LA])GPL|(?<!Lesser )General Public": "GPL-",
    r"AGPL|Affero": "AGPL-",
}
"""What metadata may say in its own words -> a part of which the licence must hold one."""


@dataclass(frozen=True, slots=True)
class Package:
    """One row of the table."""

    name: str
    version: str
    licence: str
    purpose: str
    part: str
    """Where it belongs: program, window, an extra's name, build or tests."""


def parts(pyproject: Mapping[str, Any], locks: Mapping[str, str]) -> dict[str, str]:
    """Which part of the project each locked package belongs to: the first of program, window, extras, build, tests."""
    entries = lock.everything(locks)
    optional = pyproject["project"]["optional-dependencies"]
    groups = {
        "program": pyproject["project"]["dependencies"],
        "window": optional["ui"],
        "dense": optional["dense"],
        "orbax": optional["orbax"],
        "cuda": optional["cuda"],
        "build": pyproject["build-system"]["requires"],
    }
    found: dict[str, str] = {}
    for part, lines in groups.items():
        reached = [canonicalize_name(Requirement(line).name) for line in lines]
        if "torch" in reached:
            reached += [canonicalize_name(Requirement(line).name) for line in lock.TORCH_BRINGS]
        for name in reached:
            found.setdefault(name, part)
            reached += [entry.name for entry in entries.values() if name in entry.via and entry.name not in reached]
    return {name: found.get(name, "tests") for name in entries}


def packages(pyproject: Mapping[str, Any], locks: Mapping[str, str], known: Mapping[str, Any]) -> list[Package]:
    """All rows, those that pyproject.toml names first."""
    where = parts(pyproject, locks)
    rows = []
    for entry in lock.everything(locks).values():
        licence, purpose = known["direct"].get(entry.name, ("", ""))
        licence = licence or known["brought"].get(entry.name, "")
        if not purpose:
            purpose = "for " + ", ".join(entry.via[:3]) + (", …" if len(entry.via) > 3 else "")
        rows.append(Package(entry.name, entry.version, licence, purpose, where[entry.name]))
    return sorted(rows, key=lambda row: (row.name not in known["direct"], row.name))


def is_allowed(licence: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with these licences alone: all sides of AND, one of OR."""
    return bool(licence) and all(
        any(choice.strip() in allowed for choice in side.strip(" ()").split(" OR ")) for side in licence.split(" AND ")
    )


def declared(name: str) -> tuple[str, str] | None:
    """The version that is installed, and all that its metadata says of its licence; None where it is not installed."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    expression = about.get("License-Expression") or ""
    # The older field may hold a whole licence: its first line is the name of it.
    words = (about.get("License") or "").strip().split("\n")[0]
    return about["Version"], expression or " ".join([words, *classifiers])


def disagreement(licence: str, said: str) -> str | None:
    """What metadata says that a licence of ours does not, or None."""
    parts_said = [part for words, part in SAID.items() if re.search(words, said)]
    missing = [part for part in parts_said if not any(piece in licence for piece in part.split())]
    return ", ".join(missing) if missing else None


def faults(
    pyproject: Mapping[str, Any],
    locks: Mapping[str, str],
    known: Mapping[str, Any],
    installed: Callable[[str], tuple[str, str] | None] = declared,
) -> Iterator[str]:
    """What is wrong with the licences, in sentences."""
    rows = packages(pyproject, locks, known)
    for row in rows:
        if not row.licence:
            yield f"{row.name}: no licence in {LICENCES.name}"
        elif not is_allowed(row.licence, _allowed_for(row, known)):
            yield f"{row.name}: {row.licence} is not allowed ({row.part})"
        elif (found := installed(row.name)) and found[0].split("+")[0] == row.version:
            other = disagreement(row.licence, found[1])
            if other is not None:
                yield f"{row.name}: {LICENCES.name} says {row.licence}, its metadata {other}"
    names = {row.name for row in rows}
    for name in [*known["direct"], *known["brought"]]:
        if name not in names:
            yield f"{name}: in {LICENCES.name}, and in no lock"
    named = lock.wanted(pyproject, list(pyproject["project"]["optional-dependencies"]))
    for name in sorted({canonicalize_name(requirement.name) for requirement in named} - set(known["direct"])):
        yield f"{name}: not under [direct] in {LICENCES.name}: say what it is for"


def _allowed_for(row: Package, known: Mapping[str, Any]) -> set[str]:
    """Licences that a package may have where it is used; one for tests only is never looked for in a program."""
    if row.part != "tests":
        return set(known["allowed"])
    return {*known["allowed"], *known["allowed_for_tests"], *known["tools"].get(row.name, ())}


def about_faults(source: str, rows: list[Package], direct: Mapping[str, Any]) -> Iterator[str]:
    """Where the window's list of licences and ours differ, for what the program and the window name themselves."""
    listed: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "LICENCES":
            for names, licence in ast.literal_eval(node.value or ast.Constant(())):
                listed |= {canonicalize_name(name.strip()): licence for name in names.split(",")}
    for row in rows:
        if row.name in direct and row.part in ("program", "window"):
            shown = listed.get(ABOUT_NAMES.get(row.name, row.name))
            spelt = row.licence.replace(" OR ", " or ").replace(" AND ", " and ")
            if row.name == "pyside6-essentials":
                spelt = "LGPL-3.0"
            if shown != spelt:
                yield f"{row.name}: the window's list says {shown}, expected {spelt}"


def table(rows: list[Package], direct: Mapping[str, Any]) -> str:
    """The two tables of the page."""
    head = "| package | version | licence | part | {} |\n|---|---|---|---|---|\n"
    line = "| {0.name} | {0.version} | {0.licence} | {0.part} | {0.purpose} |\n"
    named = "".join(line.format(row) for row in rows if row.name in direct)
    brought = "".join(line.format(row) for row in rows if row.name not in direct)
    return (
        f"## Named in pyproject.toml\n\n{head.format('what it is for')}{named}\n"
        f"## What those bring\n\n{head.format('brought by')}{brought}"
    )


def page_with(text: str, tables: str) -> str:
    """The page with these tables between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tables}{END}{after}"


def main() -> int:
    """Write or check; 1 when a licence is missing or not allowed, or a list differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = tomllib.loads(LICENCES.read_text(encoding="utf-8"))
    locks = lock.read_folder()
    rows = packages(pyproject, locks, known)
    found = list(faults(pyproject, locks, known))
    found += about_faults(ABOUT.read_text(encoding="utf-8"), rows, known["direct"])
    text = PAGE.read_text(encoding="utf-8")
    page = page_with(text, table(rows, known["direct"]))
    if not check:
        PAGE.write_text(page, encoding="utf-8")
    elif text != page:
        found.append(f"docs/{PAGE.name} is not what packaging/licences.py makes")
    for fault in found:
        print(fault, file=sys.stderr)
    compared = sum(1 for row in rows if (have := declared(row.name)) and have[0].split("+")[0] == row.version)
    print(f"{len(rows)} packages, {compared} compared with their own metadata, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
