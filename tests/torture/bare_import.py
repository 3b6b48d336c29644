"""Files into a library without a window, in a process that is watched."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from app.core.errors import DocumentError
from app.core.paths import DataPaths
from app.services.library import LibraryService
from app.storage.backups import open_library
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.worker.reading import load_document
from tests.torture.import_lines import Lines, Order, document_facts


@contextmanager
def bare_library(order: Order) -> Iterator[tuple[Database, LibraryService]]:
    """A library in the order's folder, without anything around it."""
    paths = DataPaths(Path(order.folder) / "desk")
    paths.create()
    with closing(open_library(paths.library, paths.backups, today=date.today()).database) as database:
        yield database, LibraryService(DocumentStore(database), load=load_document, now=time.time)


def bring_all_in(order: Order) -> None:
    """Import all of them, one after the other."""
    lines = Lines()
    with bare_library(order) as (_, library):
        for number, file in enumerate(order.files):
            lines.say("began", number=number)
            began = time.monotonic()
            facts = _import(library, Path(file), lines)
            lines.say("ended", number=number, seconds=time.monotonic() - began, **facts)


def _import(library: LibraryService, path: Path, lines: Lines) -> dict[str, Any]:
    try:
        item = library.import_file(path, on_page=lambda done, total: lines.say("page", done=done, total=total))
    except DocumentError as error:
        return {"how": "password" if error.code == "password" else "refused", "code": error.code, "said": error.message}
    except Exception as error:
        return {"how": "mistake", "code": type(error).__name__, "said": traceback.format_exc()[-2000:]}
    kept = library.by_id(item.document_id, item.page_range)
    if kept is None or [page.text for page in kept.document.pages] != [page.text for page in item.document.pages]:
        return {"how": "lost", "code": "", "said": "the library does not hold what was read"}
    return {"how": "read", "code": "", "said": "", "document": document_facts(item.document)}
