"""Parsers that are none of ours, asked in a process each: `python -m tests.torture.other_parsers`.

Takes one path in JSON on each line of standard input and answers with a line: parser -> what it makes of the file. What
breaks one parser may break the next, and some files take forever: each is asked in a fork that ends by itself.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from lxml import html

PATIENCE_S = 12
MEMORY_BYTES = 2 << 30
_CONTENTS = re.compile(r"(nav|toc)[^/]*$")
MOST_PAGES = 40
"""Pages of which the text is counted."""


def main() -> None:
    """Answer until there is nothing more to be asked."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        path = Path(json.loads(line))
        answers = {name: answer for name in _parsers(path) if (answer := _asked(name, path)) is not None}
        print(json.dumps(answers), flush=True)


def _parsers(path: Path) -> tuple[str, ...]:
    named = path.suffix.lower()
    return ("pdfium", "pypdf") if named == ".pdf" else ("zip",) if named in (".epub", ".docx") else ("lxml",)


def _asked(name: str, path: Path) -> dict[str, Any] | None:
    """None where it crashed or took too long."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _answer(theirs, name, path)
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else None


def _answer(pipe: int, name: str, path: Path) -> None:
    """Never returns."""
    signal.alarm(PATIENCE_S)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        answer = _PARSERS[name](path)
    except Exception:  # whatever a broken file makes a parser raise
        answer = {}
    os.write(pipe, json.dumps(answer).encode())
    os._exit(0)


def _pdfium(path: Path) -> dict[str, Any]:
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        codes = {pdfium_c.FPDF_ERR_PASSWORD: "password", pdfium_c.FPDF_ERR_SECURITY: "encrypted"}
        return {"code": codes.get(getattr(error, "err_code", None), "")}
    letters, loaded = 0, False
    for number in range(min(len(document), MOST_PAGES)):
        try:
            letters += _letters(document[number].get_textpage().get_text_bounded())
            loaded = True
        except pdfium.PdfiumError:
            continue
    return {"opens": loaded, "pages": len(document) if loaded else 0, "letters": letters}


def _pypdf(path: Path) -> dict[str, Any]:
    reader = pypdf.PdfReader(path, strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return {"code": "password"}
    letters = 0
    for page in reader.pages[:MOST_PAGES]:
        try:
            letters += _letters(page.extract_text())
        except Exception:  # that page has none
            continue
    return {"opens": len(reader.pages) > 0, "pages": len(reader.pages), "letters": letters}


def _zip(path: Path) -> dict[str, Any]:
    """Letters of all parts that hold text, in whichever order; a part that is damaged has none.

    A list of chapters is no text.
    """
    letters = lost = 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            holds_text = entry.filename.endswith((".xhtml", ".html", ".htm", "word/document.xml"))
            if holds_text and not _CONTENTS.search(entry.filename.lower()):
                try:
                    root = html.fromstring(archive.read(entry.filename))
                except Exception:  # damaged
                    lost += 1
                    continue
                letters += _letters("".join(map(str, root.xpath("//text()[not(ancestor::head)]"))))
    return {"opens": letters > 0, "letters": letters, "lost": lost}


def _lxml(path: Path) -> dict[str, Any]:
    root = html.fromstring(path.read_bytes())
    visible = "//text()[not(ancestor::head or ancestor::script or ancestor::style or ancestor::nav)]"
    return {"opens": True, "letters": _letters("".join(map(str, root.xpath(visible))))}


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)


_PARSERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "pdfium": _pdfium,
    "pypdf": _pypdf,
    "zip": _zip,
    "lxml": _lxml,
}


if __name__ == "__main__":
    main()
