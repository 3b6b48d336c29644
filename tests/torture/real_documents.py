"""Real files, whole and broken, through the window: `python -m tests.torture documents`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tests.torture.import_lines import Order
from tests.torture.import_runs import WINDOW
from tests.torture.import_tally import Tally
from tests.torture.imports_at_once import import_at_once
from tests.torture.trial import Ground, Row

_FOLDERS = (
    ("pdfs_bad", "broken, hostile and encrypted PDFs out of other programs' tests", 3),
    ("pdfs", "real PDFs", 3),
    ("epubs", "real EPUBs", 0),
)
"""Folder, what is in it, and how many pages of each file are drawn."""
AT_ONCE = 3
"""Windows beside each other: each waits much of its time for its parsers."""
PASSWORDS = {
    "pdfminer__encryption_aes-128.pdf": "foo",
    "pdfminer__encryption_aes-256-r6.pdf": "usersecret",
    "pdfminer__encryption_rc4-128.pdf": "foo",
    "pypdf__encrypted-file.pdf": "test",
    "pypdf__encryption_r2-user-password.pdf": "asdfzxcv",
    "pypdf__encryption_r3-user-password.pdf": "asdfzxcv",
    "pypdf__encryption_r4-user-password.pdf": "asdfzxcv",
    "pypdf__encryption_r6-both-passwords.pdf": "foo",
    "pypdf__crazyones-encrypted-256.pdf": "password",
    "pdfjs__pr6531_2.pdf": "asdfasdf",
    "pdfjs__issue15893_reduced.pdf": "test",
    "qpdf__enc-R2,V1,U=view,O=view.pdf": "view",
    "qpdf__enc-R3,V2,U=view,O=view.pdf": "view",
    "qpdf__enc-XI-R6,V5,U=view,O=master.pdf": "view",
    "qpdf__enc-XI-R6,V5,U=wwwww,O=wwwww.pdf": "wwwww",
}
"""Of encrypted files of these test suites; typed into the window's dialog after a wrong one."""
EXPLAINED = {
    "large_prompt_hint3.pdf": "names of its signs, each of several letters",
    "pdfbox__embedded_zip.pdf": "most of its lines stand below the page's edge",
    "pypdf__imagemagick-images.pdf": "the name of a layer, which no page shows",
    "verapdf__PDF_A-1b_veraPDF_test_suite_6-1-12-t03-fail-c.pdf": "one endless line, most of it beyond the page's edge",
    "verapdf__PDF_A-2b_veraPDF_test_suite_6-1-13-t03-fail-a.pdf": "one endless line, most of it beyond the page's edge",
}
"""Files of which another parser reads more, and why that is right."""


def run(ground: Ground) -> Iterator[Row]:
    """A row for each folder, and one for what was left behind."""
    if ground.data is None:
        return
    left: list[str] = []
    opened = 0
    for name, what, looked_at in _FOLDERS:
        everything = sorted(path for path in (ground.data / name).glob("*") if path.is_file())
        if not everything:
            continue
        files = sorted(random.Random(ground.seed).sample(everything, ground.count(len(everything))))
        before = _stamps(ground.data / name)
        folder = ground.folder / name
        order = Order(str(folder), [str(path) for path in files], PASSWORDS, looked_at, "the" if looked_at else "")
        outcomes, behind = import_at_once(WINDOW, order, AT_ONCE, ground.say)
        tally = Tally(EXPLAINED)
        tally.judge(outcomes)
        opened += len(files)
        left += behind
        if _stamps(ground.data / name) != before:
            left.append(f"{name} is not what it was")
        yield tally.row(f"{len(files)} {what} dropped on the window, with covers, pages and a search in them")
    yield left_row(opened, left)


def left_row(files: int, left: list[str]) -> Row:
    """What was left behind by imports."""
    return Row(
        f"the same {files} files: what is left",
        "nothing written outside the data folder, no unfinished file, no parser that runs on or has no bound",
        "nothing" if not left else f"{len(left)}: " + "; ".join(left[:5]),
        not left,
        {"left": left[:40]},
    )


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.glob("*")}
