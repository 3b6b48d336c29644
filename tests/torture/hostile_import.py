"""Hostile files into a library and its index, with a look at what each cost this process and at what came through."""

from __future__ import annotations

import os
import re
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core.errors import DocumentError
from app.documents.model import Document
from app.retrieval import lexical
from app.retrieval.terms import text_language
from app.services.library import LibraryService
from app.storage.passage_index import PassageIndex
from tests.torture.bare_import import bare_library
from tests.torture.hostile_case import CANARY
from tests.torture.import_lines import Lines, Order, document_facts
from tests.torture.memory_watch import peak_bytes

UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Characters that steer a terminal, turn the direction of a line, or are none."""


def bring_all_in(order: Order) -> None:
    """Import and index all of them, one after the other."""
    lines = Lines()
    with bare_library(order) as (database, library):
        index = PassageIndex(database)
        for number, file in enumerate(order.files):
            _forget_peak()
            held = peak_bytes(os.getpid())
            lines.say("began", number=number)
            began = time.monotonic()
            facts = _import(library, index, Path(file), lines)
            grown = peak_bytes(os.getpid()) - held
            lines.say("ended", number=number, seconds=time.monotonic() - began, grown=grown, **facts)


def _import(library: LibraryService, index: PassageIndex, path: Path, lines: Lines) -> dict[str, Any]:
    try:
        item = library.import_file(path, on_page=lambda done, total: lines.say("page", done=done, total=total))
        lines.say("read")
        reading = index.reading(item.document_id, item.page_range)
        if reading is not None:
            lexical.fill(
                index,
                reading,
                lambda: text_language(item.document.text),
                on_progress=lambda done, total: lines.say("indexed", done=done, total=total),
            )
    except DocumentError as error:
        return {"how": "password" if error.code == "password" else "refused", "code": error.code, "said": error.message}
    except Exception as error:
        return {"how": "mistake", "code": type(error).__name__, "said": traceback.format_exc()[-2000:]}
    kept = library.by_id(item.document_id, item.page_range)
    if kept is None or kept.document.text != item.document.text:
        return {"how": "lost", "code": "", "said": "the library does not hold what was read"}
    facts = {**document_facts(item.document), **what_came_through(item.document)}
    return {"how": "read", "code": "", "said": "", "document": facts}


def what_came_through(document: Document) -> dict[str, Any]:
    """Of what no document should bring in: unfit characters by place, and words of another file."""
    places = {
        "title": document.title,
        "section titles": "\n".join(section.title for section in document.sections),
        "text": document.text,
        "problems": "\n".join(page.problem for page in document.pages),
        "warnings": "\n".join(document.warnings),
    }
    return {
        "title": document.title[:300],
        "unfit": [place for place, text in places.items() if UNFIT.search(text)],
        "canary": any(CANARY in text for text in places.values()),
        "with_text": sum(bool(page.text.strip()) for page in document.pages),
        "sections": len(document.sections),
    }


def _forget_peak() -> None:
    """Let the peak of this process's memory begin anew (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
