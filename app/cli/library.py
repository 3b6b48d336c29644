"""`griffin-desk library`: the documents that were opened, made ready for questions, or taken out."""

from __future__ import annotations

import sys
import time
from functools import partial

from app.cli.context import Context
from app.cli.errors import Interrupted
from app.cli.output import print_json
from app.cli.progress import progress_report
from app.cli.turns import count
from app.core.errors import UserError
from app.core.text import one_line
from app.services.library import LibraryEntry

EMPTY = "the library is empty: documents that are asked about, read or summarised are kept in it"


def run(context: Context) -> int:
    """Do one of the actions. Raises GriffinDeskError and Interrupted."""
    {"list": _list, "index": _index, "remove": _remove}[context.options.action](context)
    return 0


def _list(context: Context) -> None:
    entries = context.desk.library.entries()
    if context.options.json:
        print_json(sys.stdout, {"documents": [_entry_json(entry) for entry in entries]})
        return
    for entry in entries:
        pages = entry.page_range or "all"
        fields = (entry.document_id[:12], f"{count(entry.pages, 'page')} ({pages})", entry.title, entry.path)
        sys.stdout.write("  ".join(one_line(field) for field in fields) + "\n")
    if not entries:
        sys.stdout.write(f"{EMPTY}\n")


def _index(context: Context) -> None:
    search = context.desk.search
    entries = context.desk.library.entries()
    ready = 0
    try:
        with progress_report(sys.stderr, time.monotonic) as progress:
            for number, entry in enumerate(entries, start=1):
                on_progress = partial(progress.indexing, f"{number} of {len(entries)}, {one_line(entry.title)}")
                reading = search.index(entry, on_progress=on_progress)
                if reading is not None and search.similarity is not None:
                    # The encoder is opened first and then works for seconds before it has something to tell.
                    on_progress(0, reading.total)
                ready += search.encode(entry, on_progress=on_progress)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; run the same command again to go on") from None
    if context.options.json:
        print_json(sys.stdout, {"documents": len(entries), "by_meaning": ready})
        return
    by_meaning = f", {ready} of them by meaning too" if search.similarity is not None else ""
    can = f"{count(len(entries), 'document')} can be searched{by_meaning}"
    sys.stdout.write(f"{can if entries else EMPTY}\n")


def _remove(context: Context) -> None:
    wanted = context.options.id
    found = {
        e.document_id: e.title for e in reversed(context.desk.library.entries()) if e.document_id.startswith(wanted)
    }
    if len(found) != 1:
        what = "no document of the library has an id" if not found else f"{len(found)} documents have ids"
        raise UserError(f'{what} beginning with "{wanted}": see `griffin-desk library list`', code="no-document")
    ((document_id, title),) = found.items()
    context.desk.library.remove(document_id)
    if context.options.json:
        print_json(sys.stdout, {"removed": document_id})
    else:
        sys.stdout.write(f'"{one_line(title)}" is out of the library; its file is where it was\n')


def _entry_json(entry: LibraryEntry) -> dict[str, object]:
    return {
        "id": entry.document_id,
        "title": entry.title,
        "pages": entry.pages,
        "page_range": entry.page_range or "all",
        "path": entry.path,
    }
