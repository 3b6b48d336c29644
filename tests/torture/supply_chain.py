"""What the program is made of: licences, locked versions with hashes, known weaknesses, and the files of its resources.

The checks are the scripts of packaging/; this trial runs them, and shows that they say so when something is wrong. The
audit needs pip-audit in the path and a source of advisories that answers; what was not answered is never called clean.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.report import ROOT
from tests.torture.trial import Ground, Row

PACKAGING = ROOT / "packaging"
EXPLAINED: dict[str, str] = {}
"""Identifier of an advisory -> why it does not concern this program; docs/dependencies.md says the same."""
LIMIT_S = 600.0


def run(ground: Ground) -> Iterator[Row]:
    """Rows: licences, the lock, an audit for each source of advisories, resources."""
    yield licences()
    yield lock(ground.folder)
    yield audit(ground)
    yield resources(ground.folder)


def licences() -> Row:
    """Every package of the locks has a licence that is allowed, and its own metadata agrees."""
    code, said = check(PACKAGING / "licences.py")
    return Row(
        what="the licence of every locked package, its metadata, docs/dependencies.md and the window's About",
        aim="all known, allowed and the same",
        found=said,
        held=code == 0,
    )


def lock(folder: Path) -> Row:
    """The locks fit pyproject.toml, what is installed is what is locked, and pip refuses a file that was changed."""
    code, said = check(PACKAGING / "lock.py")
    others = differing(locked_versions())
    refused = refuses_a_changed_file(folder)
    parts = [said, f"{len(others)} installed in another version" + (f" ({', '.join(others[:5])})" if others else "")]
    parts.append("a changed file is refused" if refused else "a changed file was NOT refused")
    return Row(
        what="locks against pyproject.toml and against what is installed; a package with one byte changed",
        aim="they fit, all is hashed, and a changed file is not installed",
        found="; ".join(parts),
        held=code == 0 and not others and refused,
        figures={"others": others},
    )


def audit(ground: Ground) -> Row:
    """Ask for known weaknesses of every locked version."""
    versions = locked_versions()
    program = shutil.which("pip-audit")
    if program is None:
        return judged({}, versions, "pip-audit is not in the path")
    answers: dict[str, list[str] | None] = {}
    for service in ("pypi", "osv"):
        ground.say(f"pip-audit, advisories of {service}")
        answers = asked(program, service, sorted((PACKAGING / "lock").glob("*.txt")))
        if any(found is not None for found in answers.values()):
            break
    return judged(answers, versions, "neither source of advisories (PyPI's, OSV's) answered")


def asked(program: str, service: str, locks: Sequence[Path]) -> dict[str, list[str] | None]:
    """Package -> identifiers of its advisories, None where it was skipped; empty where nothing came of it."""
    answers: dict[str, list[str] | None] = {}
    for file in locks:
        command = [program, "--service", service, "--disable-pip", "--no-deps", "--format", "json", "-r", str(file)]
        try:
            done = subprocess.run(
                [*command, "--progress-spinner", "off"], capture_output=True, text=True, timeout=LIMIT_S, check=False
            )
            found = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            continue
        for one in found:
            answers[one["name"]] = None if "skip_reason" in one else [item["id"] for item in one["vulns"]]
    return answers


def judged(answers: Mapping[str, list[str] | None], versions: Mapping[str, str], why_not: str) -> Row:
    """The row of an audit. Where nobody answered it claims nothing but that; a part without an answer breaks it."""
    answered = {name: found for name, found in answers.items() if found is not None}
    findings = [f"{name} {item}" for name, found in answered.items() for item in found if item not in EXPLAINED]
    what = f"pip-audit of {len(versions)} packages"
    aim = "an answer for each, and no weakness that is not explained"
    figures = {"packages": len(versions), "answered": len(answered), "findings": findings}
    if not answered:
        return Row(
            what=what,
            aim=aim,
            found=f"not audited: {why_not}; 0 packages answered for; docs/dependencies.md has the command",
            held=None,
            figures=figures,
        )
    silent = sorted(set(versions) - set(answered))
    explained = sum(item in EXPLAINED for found in answered.values() for item in found)
    return Row(
        what=what,
        aim=aim,
        found=f"{len(answered)} answered for, {len(findings)} findings, {explained} explained"
        + (f"; no answer: {', '.join(silent[:5])}" if silent else "")
        + (f"; {', '.join(findings[:8])}" if findings else ""),
        held=not silent and not findings,
        figures=figures,
    )


def resources(folder: Path) -> Row:
    """The starter model and what else is data are the files that were listed; one changed bit is seen."""
    code, said = check(PACKAGING / "resource_hashes.py")
    copy = folder / "checkout"
    shutil.copytree(ROOT / "resources", copy / "resources")
    (copy / "packaging").mkdir()
    for name in ("resource_hashes.py", "resources.sha256"):
        shutil.copy(PACKAGING / name, copy / "packaging")
    flip_a_bit(copy / "resources" / "starter-model" / "model-00001-of-00002.safetensors")
    seen, told = check(copy / "packaging" / "resource_hashes.py")
    shutil.rmtree(copy)
    named = seen == 1 and "model-00001-of-00002.safetensors is not the file" in told
    return Row(
        what="SHA-256 of the starter model, the encoder's tokenizer and the sample; one bit of the weights changed",
        aim="all as listed, and the change is named",
        found=f"{said}; a changed bit is {'named' if named else 'NOT named'}",
        held=code == 0 and named,
    )


def check(script: Path) -> tuple[int, str]:
    """A script's `--check`: its exit code, and what it said in one line."""
    command = [sys.executable, str(script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.returncode, "; ".join([*done.stderr.strip().splitlines()[-6:], *done.stdout.strip().splitlines()])


def locked_versions(folder: Path = PACKAGING / "lock") -> dict[str, str]:
    """Package -> its version, of all locks."""
    lines = [line for file in sorted(folder.glob("*.txt")) for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = (line.split()[0].split("==") for line in lines if line[:1].isalnum())
    return {pair[0]: pair[1] for pair in pairs}


def differing(versions: Mapping[str, str]) -> list[str]:
    """Packages that are installed here in another version than the locked one; builds of one version are the same."""
    others = []
    for name, version in versions.items():
        try:
            found = metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            continue
        if found != version:
            others.append(f"{name} {found}, locked {version}")
    return others


def refuses_a_changed_file(folder: Path) -> bool:
    """Whether pip, told what the set-up tells it, leaves out a file of which one byte is not the locked one."""
    shelf, target = folder / "shelf", folder / "installed"
    shelf.mkdir(parents=True)
    wheel = shelf / "leaf-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("leaf.py", "GREEN = True\n")
        archive.writestr("leaf-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: leaf\nVersion: 1.0\n")
        archive.writestr("leaf-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("leaf-1.0.dist-info/RECORD", "")
    locked = folder / "leaf.txt"
    locked.write_text(f"leaf==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-index"]
    install = [*pip, "--find-links", str(shelf), "--require-hashes", "--no-deps", "--requirement", str(locked)]

    def installed() -> bool:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run([*install, "--target", str(target)], capture_output=True, timeout=LIMIT_S, check=False)
        return (target / "leaf.py").is_file()

    whole = installed()
    content = wheel.read_bytes()
    wheel.write_bytes(content.replace(b"GREEN = True", b"GREEN = TruE"))
    return whole and not installed()


def flip_a_bit(file: Path) -> None:
    """The last bit of a file."""
    with file.open("r+b") as stream:
        stream.seek(-1, 2)
        last = stream.read(1)[0]
        stream.seek(-1, 2)
        stream.write(bytes([last ^ 1]))
