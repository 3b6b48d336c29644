"""What an importing process is told to do, and how it says what came of each file: a line of JSON for each event."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.documents.model import Document


@dataclass(frozen=True, slots=True)
class Order:
    """Files to import into the data folder below `folder`; `passwords` by file name, typed when asked for.

    looked_at: how many pages of each PDF are drawn. find: words that are looked for on the pages, '' for none.
    """

    folder: str
    files: list[str]
    passwords: dict[str, str] = field(default_factory=dict)
    looked_at: int = 2
    find: str = ""

    def write(self, path: Path) -> None:
        """To a file that `read` reads."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Order:
        """Of a file that `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class Lines:
    """Standard output for lines of JSON alone: whatever else the process prints goes to standard error."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    def say(self, what: str, **facts: Any) -> None:
        """One line."""
        self._stream.write(json.dumps({"what": what, **facts}) + "\n")
        self._stream.flush()


def document_facts(document: Document) -> dict[str, Any]:
    """What is to be known of a document that was read, without its text."""
    pages = document.pages
    return {
        "format": document.format,
        "pages": len(pages),
        "letters": sum(len("".join(page.text.split())) for page in pages),
        "problems": {str(page.number): page.problem for page in pages if page.problem},
        "silent": _numbers(page.number for page in pages if not page.text.strip() and not page.problem.strip()),
        "warnings": list(document.warnings),
    }


def _numbers(numbers: Iterable[int]) -> list[int]:
    return list(numbers)[:50]
