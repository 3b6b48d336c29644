"""Name the tests that mirror what was changed: `python packaging/changed_tests.py [--since REVISION]`, one a line.

Changed is what differs from the revision, and what git does not know yet and does not ignore. Where nothing that has
a test was changed, a quick few are named. Needs git alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
QUICK = ("tests/core", "tests/tasks", "tests/test_architecture.py")
"""What is run where no test mirrors a change: some seconds, and the rules that a change breaks first."""
PROJECT_FILES = "tests/packaging/test_project_files.py"
BUNDLE = ("tests/packaging/test_bundle_contents.py", "tests/packaging/test_bundle.py")
OTHERS = {
    "packaging/bundle": BUNDLE,
    "packaging/bundle.py": BUNDLE,
    "packaging/deb.py": BUNDLE,
    "packaging/virtual_screen.py": ("tests/packaging/test_screenshots.py", *BUNDLE),
    "packaging/linux": ("tests/packaging/test_linux_metadata.py",),
    "packaging/setup": ("tests/packaging/test_prepare.py",),
    "packaging/lock.py": ("tests/packaging/test_lock.py",),
    "pyproject.toml": ("tests/packaging/test_lock.py", "tests/packaging/test_licences.py"),
    "packaging/lock": ("tests/packaging/test_lock.py", "tests/packaging/test_licences.py"),
    "packaging/licences.toml": ("tests/packaging/test_licences.py",),
    "resources/translations": ("tests/packaging/test_translations.py",),
    "resources": ("tests/packaging/test_resource_hashes.py",),
    "README.md": ("tests/test_architecture.py",),
    "Makefile": (PROJECT_FILES,),
    "CONTRIBUTING.md": (PROJECT_FILES,),
    "SECURITY.md": (PROJECT_FILES,),
    ".github": (PROJECT_FILES,),
    ".pre-commit-config.yaml": (PROJECT_FILES,),
}
"""A file, or a folder, whose tests do not have its name -> the tests that look at it."""


def mirrors(name: str) -> list[str]:
    """The tests of a file, by its path in the repository: those that there would be, whether or not they exist."""
    path = PurePosixPath(name)
    others = [test for start, tests in OTHERS.items() if path.is_relative_to(start) for test in tests]
    if others:
        return others
    if path.suffix == ".py" and path.parts[0] == "tests":
        return [name] if path.name.startswith("test_") else []
    if path.suffix == ".py" and path.parts[0] in ("app", "packaging"):
        # app/ has its folders again under tests/; the scripts of packaging/ have one folder for all of them.
        folder = PurePosixPath("tests", *path.parent.parts[1:]) if path.parts[0] == "app" else "tests/packaging"
        return [f"{folder}/test_{path.stem.strip('_')}.py"]
    return []


def chosen(changed: Iterable[str], root: Path = ROOT) -> list[str]:
    """The tests to run for these files, each once and only those that are there."""
    tests = dict.fromkeys(test for name in changed for test in mirrors(name))
    return sorted(test for test in tests if (root / test).is_file())


def changed_files(since: str, root: Path = ROOT) -> list[str]:
    """What differs from a revision in the working tree; CalledProcessError where git knows no such revision."""
    difference = ["git", "diff", "--name-only", "--no-renames", "-z", since, "--"]
    unknown = ["git", "ls-files", "--others", "--exclude-standard", "-z"]
    found = (subprocess.run(command, cwd=root, check=True, capture_output=True) for command in (difference, unknown))
    return [name.decode() for done in found for name in done.stdout.split(b"\0") if name]


def main() -> int:
    """Print the tests; 2 where git cannot say what was changed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--since", default="HEAD", help="the revision to compare with (HEAD: what is not committed)")
    options = parser.parse_args()
    try:
        changed = changed_files(options.since)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None)
        print(said.decode().strip() if said else error, file=sys.stderr)
        return 2
    print("\n".join(chosen(changed) or QUICK))
    return 0


if __name__ == "__main__":
    sys.exit(main())
