"""Keep packaging/resources.sha256 true: `python packaging/resource_hashes.py` writes it, `--check` compares.

It lists what in resources/ is not made by the other scripts here from sources that can be read: the starter model, the
encoder's tokenizer and the sample. `sha256sum --check packaging/resources.sha256` compares too, without Python.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "packaging" / "resources.sha256"
FOLDERS = ("encoder", "sample", "starter-model")


def hashes(root: Path) -> dict[str, str]:
    """SHA-256 of each file, by its path from the root of the checkout."""
    found = {}
    for folder in FOLDERS:
        for path in sorted((root / "resources" / folder).rglob("*")):
            if path.is_file():
                with path.open("rb") as stream:
                    found[path.relative_to(root).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def read_list(text: str) -> dict[str, str]:
    """What a list as sha256sum writes it says."""
    return {name: digest for digest, name in (line.split("  ", 1) for line in text.splitlines())}


def faults(found: dict[str, str], listed: dict[str, str]) -> Iterator[str]:
    """Files that are not as they are listed, in sentences."""
    for name in sorted(found | listed):
        if name not in found:
            yield f"{name} is missing"
        elif name not in listed:
            yield f"{name} is not in {LIST.name}"
        elif found[name] != listed[name]:
            yield f"{name} is not the file that was listed"


def main() -> int:
    """Write or check; 1 when a file differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    found = hashes(ROOT)
    if not parser.parse_args().check:
        LIST.write_text("".join(f"{digest}  {name}\n" for name, digest in found.items()), encoding="utf-8")
    wrong = list(faults(found, read_list(LIST.read_text(encoding="utf-8"))))
    for fault in wrong:
        print(fault, file=sys.stderr)
    print(f"{len(found)} files, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
