"""All that writes to the data folder, each as one deed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec

from app.core.errors import ResourceError
from app.core.log import logger, start_logging, stop_logging
from app.core.paths import DataPaths
from app.core.settings import save_settings
from app.core.whole_file import write_atomically
from app.storage.backup_files import BackupFolder
from app.storage.backups import open_library
from tests.torture import stored_library
from tests.torture.stored_library import TODAY

KEPT = (
    "SELECT text FROM turns UNION ALL SELECT 'part' FROM summary_parts"
    " WHERE summary_id = (SELECT id FROM summaries ORDER BY rowid DESC LIMIT 1)"
)
CONFIRMED: list[str] = []
"""Answers, and parts of summaries, that the deed under way was told are kept."""

Deed = Callable[[DataPaths], object]


def _open(paths: DataPaths) -> object:
    opened = open_library(paths.library, paths.backups, today=TODAY)
    opened.database.close()
    return opened


def _import(paths: DataPaths) -> object:
    with stored_library.desk(paths.root) as made:
        # Its file lies elsewhere.
        return stored_library.add(made, "new", chapters=12, source=paths.root.parent.parent / "new")


def _summarise(paths: DataPaths) -> object:
    """With states kept at each part's end."""
    with stored_library.desk(paths.root) as made:
        entry = made.services.shelf.documents(None)[0]
        item = made.library.by_id(entry.document_id, entry.page_range)
        assert item is not None
        return stored_library.summarise(made, item, fresh=True, on_part=lambda: CONFIRMED.append("part"))


def _talk(paths: DataPaths) -> object:
    with stored_library.desk(paths.root) as made:
        return stored_library.talk(made, None, "Is there room?", "And now?", on_answer=CONFIRMED.append)


def _export(paths: DataPaths) -> object:
    write_atomically(paths.root.parent / "export.md", "A long line of text.\n" * 4000, kept="it is kept")
    return None


def _settings(paths: DataPaths) -> object:
    return save_settings(paths.settings, {"system_prompt": "Be long. " * 600})


def _drafts(paths: DataPaths) -> object:
    from app.ui.controllers.drafts import _write

    _write(paths.drafts, json.dumps({"chat": "A new thought. " * 900}).encode())
    return None


def _log(paths: DataPaths) -> object:
    handler = start_logging(paths.log)
    try:
        for number in range(300):
            logger("trial").info("line %d of a log on a full disk, %s", number, "and on " * 10)
    finally:
        stop_logging(handler)
    return None


def _backup(paths: DataPaths) -> object:
    with closing(sqlite3.connect(paths.library, isolation_level=None)) as source:
        made = BackupFolder(paths.backups).make(source, TODAY)
    if not made:  # which nobody is told: the log has the reason
        raise ResourceError("the disk is full: no backup", code="disk-full")
    return None


def _restore(paths: DataPaths) -> object:
    return _open(paths)


SUMMARY, RESTORE = "a summary with bookmarks", "a damaged library restored"
DEEDS: dict[str, Deed] = {
    "the library opened": _open,
    "a document imported": _import,
    SUMMARY: _summarise,
    "a talk": _talk,
    "an export": _export,
    "settings saved": _settings,
    "drafts kept": _drafts,
    "the log": _log,
    "a backup": _backup,
    RESTORE: _restore,
}
if find_spec("PySide6") is None:
    # Drafts are the window's.
    del DEEDS["drafts kept"]
