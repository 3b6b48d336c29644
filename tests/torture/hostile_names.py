"""Names of files that steer a terminal, look like options or markup, or are no text at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.torture.hostile_case import READ, Case
from tests.torture.hostile_zip import docx, epub
from tests.torture.pdf_by_hand import pdf

PROSE = "The ferry leaves the island at seven in the morning.\n"
NAMES = (
    b"\xff\xfe\xfd.txt",
    b"caf\xe9.txt",
    b"\xed\xa0\x80.txt",
    "evil\u202efdp.txt".encode(),
    "\u2066\u2067\u2068.txt".encode(),
    b"\x1b[2J\x1b[31mred\x07.txt",
    "\u009b31mred.txt".encode(),
    b"\x1b]0;owned\x07.txt",
    b"\x1b]8;;mailto:a\x1b\\here.txt",
    b"two\nlines\r\n.txt",
    b"\x01\x02\x7f.txt",
    b"<b>bold<b>.txt",
    b"<img src=file:&#47;&#47;&#47;etc&#47;passwd>.txt",
    b"<a href='x'>link<a>.txt",
    b"[link](javascript:1) **b** `c`.txt",
    b"[red]markup[red].txt",
    b"-rf.txt",
    b"--json",
    b"--password=x.txt",
    b"%s%n{0}{x}$HOME`id`.txt",
    b"$(touch owned).txt",
    b"' OR 1=1; --.txt",
    b" .txt",
    b"...txt",
    b".hidden.txt",
    b"CON.txt",
    b"a:b|c?d*e.txt",
    b"\\..\\..\\a.txt",
    b"a" * 251 + b".txt",
    ("é" * 125 + ".txt").encode(),
    ("a" + "\u0301" * 124 + ".txt").encode(),
    "\u200b\u200d\ufeff.txt".encode(),
    "\U0001f468\u200d\U0001f469\u200d\U0001f467.txt".encode(),
    "\ufdd0\U0001ffff.txt".encode(),
    b"<end_of_turn>.txt",
)
"""As bytes: not all of them are text. No "/" and no NUL, which no file system lets into a name."""
_MADE: dict[str, Callable[[], bytes]] = {"pdf": pdf, "epub": epub, "docx": docx}


def names() -> list[Case]:
    """A file of each name; every other one holds a PDF, EPUB or DOCX file whatever it is called."""
    kinds = ("txt", "pdf", "txt", "epub", "txt", "docx")
    return [_named(name, kinds[number % len(kinds)]) for number, name in enumerate(NAMES)]


def _named(name: bytes, kind: str) -> Case:
    def make(folder: Path) -> Path:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        # Their bytes differ: the library knows a document by them.
        path.write_bytes(_MADE[kind]() + name if kind in _MADE else PROSE.encode() * 9 + name)
        return path

    return Case(f"{kind} named {name[:40]!r}", make, frozenset({READ}))
