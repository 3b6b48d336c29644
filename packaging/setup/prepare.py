"""Install what a checkout needs to run: system libraries, a virtual environment, the Python packages.

Standard library only, because it runs before anything is installed. Each step looks first and does nothing when there
is nothing to do, so a second run is quick and needs no network. Exit code 0 when the program can run, 2 when a person
has to do something first; the last line then says what.

Versions and hashes of the packages come from packaging/lock. Where a locked version cannot be had (a Python or a system
that it has no file for, a registry without it), a line says so and pyproject.toml's ranges decide; a file whose hash is
not the locked one is never installed.

The environment is `.venv`, or the folder that the variable GRIFFIN_DESK_VENV names.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from locked import LOCK, LOCKED_GROUPS, lock_calls, lock_digest, lock_for
from system_packages import FONT_FOLDERS, FONT_PACKAGE, SYSTEM_LIBRARIES, TEST_PROGRAMS

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / os.environ.get("GRIFFIN_DESK_VENV", ".venv")
PYTHON = VENV / "bin" / "python"
COMMAND = VENV / "bin" / "griffin-desk"
STAMP = VENV / "griffin-desk-setup.json"
PIP = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input")

TORCH_FIRST_CHOICE = "torch==2.13.0"
"""The release that the figures in benchmarks/ were measured with."""
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""PyTorch's own index of builds without GPU code: on Linux the builds of the usual index bring gigabytes of CUDA."""
OTHER_FILE = "DO NOT MATCH THE HASHES"
"""What pip says of a file that is not the one that was locked."""
GPU_PACKAGE_PREFIXES = ("nvidia-", "cuda-", "triton", "pytorch-triton")


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    """Print a line at once, so that it stands before the output of the command that follows."""
    print(text, flush=True)


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as text without a standard input: nothing here may wait for an answer."""
    return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True, **options)


# System packages


def missing_system_packages(libraries: Mapping[str, str], font_folders: Iterable[Path]) -> list[str]:
    """The packages whose library does not load, and a font package when no font file is found."""
    missing = []
    for library, package in libraries.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    if not any(next(folder.rglob("*.[to]tf"), None) for folder in font_folders):
        missing.append(FONT_PACKAGE)
    return missing


def apt_line(packages: Sequence[str]) -> str:
    """The one line for a person to run."""
    return f"sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"


def apt_install(packages: Sequence[str]) -> bool:
    """Install packages as root or through a sudo that asks nothing; False when that is not allowed, or fails."""
    if shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        prefix = []
    elif shutil.which("sudo") and run("sudo", "-n", "true", capture_output=True).returncode == 0:
        prefix = ["sudo", "-n"]
    else:
        return False
    say(f"   installing with apt-get: {' '.join(packages)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    # A package list that cannot be refreshed may still be good enough: only the install decides.
    run(*apt, "update", stdout=subprocess.DEVNULL)
    done = run(*apt, "install", "-y", "--no-install-recommends", *packages, stdout=subprocess.DEVNULL)
    return done.returncode == 0


def venv_package() -> list[str]:
    """The package that completes Python's venv module where Debian and Ubuntu split it off, else nothing."""
    if importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None:
        return []
    return [f"python{sys.version_info.major}.{sys.version_info.minor}-venv"]


def prepare_system(libraries: Mapping[str, str], programs: Mapping[str, str]) -> None:
    """What only the system's package manager has: the window's libraries, a font, programs, and Python's venv package.

    Without the last there is no environment to install to; the command line works without all others.
    """
    say("== System packages ==")
    if sys.platform != "linux":
        say("   none needed on this system")
        return
    needed = [] if venv_works() else venv_package()
    missing = needed + missing_system_packages(libraries, FONT_FOLDERS)
    missing += [package for program, package in programs.items() if shutil.which(program) is None]
    if not missing:
        say("   all there")
    elif not apt_install(missing):
        if needed:
            raise SetupError(
                f"Python's venv package is missing. Run this line, then the set-up again:\n{apt_line(missing)}"
            )
        say("   not installed; the command line works without them. For the window, and for all tests, run:")
        say(f"   {apt_line(missing)}")


# Virtual environment


def read_stamp() -> dict[str, Any]:
    """What an earlier run noted in `.venv`, or nothing."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def venv_works() -> bool:
    """Whether `.venv` starts a fitting Python that has pip. A moved folder does not: its scripts name the old place."""
    if not PYTHON.exists() or read_stamp().get("root", str(ROOT)) != str(ROOT):
        return False
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return run(PYTHON, "-c", check, capture_output=True).returncode == 0


def prepare_venv() -> None:
    """Make `.venv`."""
    say("== Virtual environment ==")
    if venv_works():
        say(f"   {VENV.name} is there")
        return
    say(f"   making {VENV.name} with Python {sys.version.split()[0]}")
    if run(sys.executable, "-m", "venv", "--clear", VENV).returncode != 0 or not venv_works():
        raise SetupError(f"`{sys.executable} -m venv {VENV}` failed; its message is above.")


# Python packages


def wanted_stamp(pyproject: Mapping[str, Any], extras: Iterable[str]) -> dict[str, Any]:
    """What `.venv` has to hold: hashes of the locks and of what an install reads of pyproject.toml, extras, place."""
    parts = json.dumps([pyproject["project"], pyproject["build-system"]], sort_keys=True)
    return {
        "pyproject": hashlib.sha256(parts.encode()).hexdigest(),
        "lock": lock_digest(),
        "extras": sorted(extras),
        "root": str(ROOT),
    }


def is_current(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an earlier install did all that is wanted now; more extras than asked for do no harm."""
    same = all(found.get(key) == wanted[key] for key in ("pyproject", "lock"))
    return same and set(wanted["extras"]) <= set(found.get("extras", []))


def with_earlier(found: Mapping[str, Any], extras: Iterable[str]) -> list[str]:
    """The extras asked for, and those that are there: whoever needs those finds them noted, and needs no network."""
    return sorted({*extras, *found.get("extras", [])})


def gpu_packages(report: Mapping[str, Any]) -> list[str]:
    """The packages in a report of pip's that only serve a GPU."""
    names = [item["metadata"]["name"].lower().replace("_", "-") for item in report["install"]]
    return [name for name in names if name.startswith(GPU_PACKAGE_PREFIXES)]


def dry_run(arguments: Sequence[str]) -> dict[str, Any] | None:
    """pip's report of what it would install, or None when it cannot."""
    result = run(*PIP, "install", "--quiet", "--dry-run", "--report", "-", *arguments, capture_output=True)
    return json.loads(result.stdout) if result.returncode == 0 else None


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver answers and lists a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    listing = run("nvidia-smi", "-L", capture_output=True)
    return listing.returncode == 0 and "GPU" in listing.stdout


def torch_arguments(
    requirement: str, needs_cpu_build: bool, plan: Callable[[Sequence[str]], dict[str, Any] | None]
) -> list[str] | None:
    """pip's arguments for torch, or None when the torch in `.venv` meets the requirement and stays.

    Args:
        requirement: the project's own, a range such as "torch>=2.6,<2.14".
        needs_cpu_build: True where the usual build would bring GPU libraries that this machine cannot use.
        plan: gives pip's dry-run report for a list of arguments, or None.
    """
    satisfied = plan([requirement, "--no-deps", "--no-index"])
    if satisfied is not None and not satisfied["install"]:
        return None
    if not needs_cpu_build:
        return [requirement]
    # The first looks where pip is configured to look; the others only where PyTorch keeps its CPU builds.
    cpu_index = ["--index-url", TORCH_CPU_INDEX, "--retries", "1", "--timeout", "20"]
    for arguments in ([TORCH_FIRST_CHOICE], [TORCH_FIRST_CHOICE, *cpu_index], [requirement, *cpu_index]):
        report = plan(arguments)
        if report is not None and not gpu_packages(report):
            return arguments
    say("   no build of torch without GPU libraries was found; the usual one is larger by some gigabytes")
    return [requirement]


def pip_install(arguments: Sequence[str]) -> None:
    """Install with pip's own progress bars on a terminal, and quietly in a log."""
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    if run(*PIP, "install", *quiet, *arguments).returncode != 0:
        raise SetupError(
            "pip could not install the packages; its message is above. Check the network, then run this again."
        )


def install_locked(calls: Iterable[Sequence[str]]) -> bool:
    """Install what is locked; False when pip cannot, SetupError when a file is another one than was locked."""
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    for arguments in calls:
        result = run(*PIP, "install", *quiet, *arguments, stderr=subprocess.PIPE)
        print(result.stderr, end="", file=sys.stderr, flush=True)
        if OTHER_FILE in result.stderr:
            raise SetupError(
                "A package that pip was given is not the one that was locked; its message is above. It was not "
                "installed. If your packages come from another place on purpose: packaging/setup/prepare.py --unlocked"
            )
        if result.returncode != 0:
            say("   not all locked packages can be had here, pip says why above: taking what pyproject.toml allows")
            return False
    return True


def prepare_torch(requirement: str, locked: bool) -> None:
    """torch in the build that fits this machine; builds without GPU code lie outside the usual index, which is locked.

    Args:
        requirement: the project's own, a range such as "torch>=2.6,<2.14".
        locked: whether the other packages came from the lock.
    """
    needs_cpu_build = sys.platform == "linux" and not has_nvidia_gpu()
    arguments = torch_arguments(requirement, needs_cpu_build, dry_run)
    if arguments is None:
        say("   torch is there")
        return
    if locked and not needs_cpu_build:
        say(f"   installing {TORCH_FIRST_CHOICE}")
        if install_locked([["--require-hashes", "--no-deps", "--requirement", str(LOCK / "torch.txt")]]):
            # On Linux a GPU's libraries come with it, which are not locked: torch names one version of each.
            arguments = [TORCH_FIRST_CHOICE]
    else:
        say(f"   installing {arguments[0]}")
    pip_install(arguments)


def prepare_packages(extras: Sequence[str], unlocked: bool = False) -> None:
    """What is locked, torch in the build that fits this machine, then the project itself and the rest."""
    say("== Python packages ==")
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = read_stamp()
    if COMMAND.exists() and is_current(found, wanted_stamp(pyproject, extras)):
        say("   up to date")
        return
    extras = with_earlier(found, extras)
    wanted = wanted_stamp(pyproject, extras)
    requirement = next(item for item in pyproject["project"]["dependencies"] if item.startswith("torch"))
    locked = False
    if not unlocked:
        say("   installing the locked packages" + (f" ({', '.join(extras)})" if extras else ""))
        locked = install_locked(lock_calls(extras))
    prepare_torch(requirement, locked)
    rest = sorted(set(extras) - LOCKED_GROUPS[lock_for(extras)]) if locked else extras
    if locked and rest:
        say(f"   not in the lock: what belongs to {', '.join(rest)}")
    say("   installing Griffin Desk" + ("" if locked and not rest else " and its packages"))
    if locked and not rest:
        pip_install(["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    else:
        pip_install(["--editable", f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)])
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def all_extras(extras: Sequence[str], gpu: bool) -> list[str]:
    """The groups asked for, and what the tests need beside them on a machine without a GPU."""
    return [*extras, "interpreter"] if {"dev", "headless"} & set(extras) and not gpu else list(extras)


def main() -> int:
    """Run the three steps."""
    parser = argparse.ArgumentParser(description="Install what this checkout needs into .venv.")
    parser.add_argument("--extra", action="append", default=[], help="an optional group of pyproject.toml, such as dev")
    parser.add_argument("--unlocked", action="store_true", help="without packaging/lock: what pyproject.toml allows")
    options = parser.parse_args()
    try:
        libraries = {} if lock_for(options.extra) == "headless" else SYSTEM_LIBRARIES
        prepare_system(libraries, TEST_PROGRAMS if "dev" in options.extra else {})
        prepare_venv()
        prepare_packages(all_extras(options.extra, has_nvidia_gpu()), options.unlocked)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
