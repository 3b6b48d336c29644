"""Damaged libraries, backups and states: what the next start makes of them, and what is left of what was stored."""

from __future__ import annotations

import logging
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.core.errors import GriffinDeskError
from app.core.paths import DataPaths
from app.storage.backups import OpenedLibrary, open_library
from app.storage.database import beside
from tests.torture.database_damage import damaged, page_bytes
from tests.torture.stored_library import TODAY, Content, add, content, copied, desk, looked_at, talk

REFUSED = ("newer-schema", "storage")
"""A header that says so: a newer program's file or another's, which is left as it is."""


@dataclass
class Case:
    """One damaged folder."""

    what: str
    how: str = ""
    """kept, kept, with letters changed (SQLite has no checksums), restored, refused, said."""
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Base:
    """A sound data folder; `whole` is what it holds, `saved` what its backup does."""

    folder: Path
    whole: Content
    saved: Content

    @classmethod
    def of(cls, folder: Path) -> Base:
        """The folder is as `stored_library.fill` has left it."""
        paths = DataPaths(folder)
        return cls(folder, content(paths.library), content(next(paths.backups.glob("*.sqlite"))))


def opened(folder: Path) -> OpenedLibrary:
    """As each start of the program opens it, closed again."""
    paths = DataPaths(folder)
    found = open_library(paths.library, paths.backups, today=TODAY)
    found.database.close()
    return found


def library_case(base: Base, work: Path, seed: int, number: int) -> Case:
    """The library is damaged, with a sound backup beside it."""
    folder = copied(base.folder, work)
    library = DataPaths(folder).library
    name, bytes_ = damaged(library.read_bytes(), seed, number)
    library.write_bytes(bytes_)
    case = Case(name)
    try:
        found = opened(folder)
    except GriffinDeskError as error:
        case.how = "refused"
        _one_sentence(case, error.message)
        if error.code not in REFUSED or library.read_bytes() != bytes_:
            case.faults.append(f"{error.code}: {error.message}")
        return case
    except Exception as error:
        case.faults.append(f"mistake: {error!r}")
        return case
    _look(case, folder)
    if found.notices:
        case.how = "restored"
        _one_sentence(case, found.notices[0])
        kept = [path.read_bytes() for path in folder.glob("library.damaged-*.sqlite")]
        case.faults += [] if bytes_ in kept else ["the damaged file was not kept"]
        case.faults += [] if content(library) == base.saved else ["not all of the backup is there"]
        return case
    now = content(library)
    lost = [table for table in now if len(now[table]) < len(base.whole[table])]
    case.faults += [f"rows of {table} are gone, and nothing is said" for table in lost]
    case.how = "kept" if now == base.whole else "kept, with letters changed"
    return case


def _look(case: Case, folder: Path) -> None:
    """All can be looked at; damage that is only met there is said once, and mended by the next start."""
    for last in (False, True):
        try:
            looked_at(folder)
            return
        except GriffinDeskError as error:
            _one_sentence(case, error.message)
            if last or error.code != "damaged-library":
                case.faults.append(f"looking at it: {error.message[:200]}")
                return
            opened(folder)
        except Exception as error:
            case.faults.append(f"looking at it: {error!r}"[:300])
            return


def _one_sentence(case: Case, message: str) -> None:
    if "\n" in message or len(message) > 600:
        case.faults.append(f"not one sentence: {message[:200]!r}")


def backups_case(base: Base, work: Path, seed: int, number: int) -> Case:
    """The library and some of its backups, or all of them, are damaged: the newest sound one counts."""
    chance = random.Random(f"backups {seed} {number}")
    folder = copied(base.folder, work)
    paths = DataPaths(folder)
    (first,) = paths.backups.glob("library-*.sqlite")
    newer = [first.with_name(f"library-2026-01-0{day}.sqlite") for day in (2, 3)]
    for path in newer:
        shutil.copyfile(paths.library, path)  # these hold what came late as well
    broken = chance.sample([first, *newer], chance.randint(1, 3))
    for path in [paths.library, *broken]:
        # Damage that is seen: a changed letter in a text is not.
        path.write_bytes(damaged(path.read_bytes(), seed, 14 * number + chance.choice((9, 10, 11, 12)))[1])
    before = {path: path.read_bytes() for path in (paths.library, *broken)}
    sound = [path for path in (*reversed(newer), first) if path not in broken]
    case = Case(f"{len(broken)} of 3 backups damaged")
    try:
        found = opened(folder)
    except GriffinDeskError as error:
        case.how = "said"
        _one_sentence(case, error.message)
        if sound or paths.library.read_bytes() != before[paths.library]:
            case.faults.append(f"not restored: {error.message}")
    except Exception as error:
        case.faults.append(f"mistake: {error!r}")
    else:
        case.how = "restored"
        expected = base.saved if sound and sound[0] == first else base.whole
        if not sound:
            case.how = "begun anew"
            aside = [path.read_bytes() for path in folder.glob("library.damaged-*.sqlite")]
            if not found.notices or (before[paths.library] and before[paths.library] not in aside):
                case.faults.append("begun anew without a word, or without what there was")
        elif content(paths.library) != expected or not found.notices:
            case.faults.append("it was not the newest sound backup")
    case.faults += [f"{path.name} was changed" for path in broken if path.read_bytes() != before[path]]
    return case


def running_case(base: Base, work: Path, seed: int, number: int) -> Case:
    """Pages turn to zeros or noise under the open library; the next start restores it."""
    chance = random.Random(f"running {seed} {number}")
    folder = copied(base.folder, work)
    library = DataPaths(folder).library
    case = Case("damage under the open library")
    with desk(folder) as made:
        descriptor = os.open(library, os.O_RDWR)  # closed at the end: closing it would drop SQLite's own locks
        try:
            size = page_bytes(os.pread(descriptor, 100, 0))
            for _ in range(chance.choice((1, 3, 20))):
                page = chance.randrange(os.fstat(descriptor).st_size // size)
                os.pwrite(descriptor, bytes(size) if chance.random() < 0.5 else chance.randbytes(size), page * size)
            deeds: list[Callable[[], object]] = [
                lambda: made.services.shelf.conversations(),
                lambda: [made.library.by_id(row.document_id, "") for row in made.services.shelf.documents(None)],
                lambda: add(made, "new"),
                lambda: talk(made, None, "Is all well?"),
                lambda: made.talks.search("birds"),
            ]
            for deed in deeds:
                try:
                    deed()
                except GriffinDeskError as error:
                    case.how = "said"
                    _one_sentence(case, error.message)
                except Exception as error:
                    case.faults.append(f"mistake: {error!r}"[:300])
        finally:
            made.database.close()
            os.close(descriptor)
    try:
        found = opened(folder)
    except Exception as error:
        case.faults.append(f"the next start: {error!r}")
        return case
    case.how = "restored" if found.notices else f"kept, {case.how or 'not met'}"
    now, least = content(library), base.saved if found.notices else base.whole
    if not found.notices and any(len(now[table]) < len(least[table]) for table in least):
        case.faults.append("rows are gone, and nothing is said")
    if found.notices and any(not least[table] <= now[table] for table in least):
        case.faults.append("not all of the backup is there")
    _look(case, folder)
    return case


SIDES: dict[str, Callable[[Path, Path], None]] = {
    "the log's index is gone": lambda library, other: beside(library, "-shm").unlink(missing_ok=True),
    "the log is gone": lambda library, other: beside(library, "-wal").unlink(),
    "another library's log": lambda library, other: _put(beside(other, "-wal"), beside(library, "-wal")),
    "the log is cut": lambda library, other: os.truncate(beside(library, "-wal"), 30_000),
    "the log is noise": lambda library, other: _write(beside(library, "-wal"), random.Random(1).randbytes(90_000)),
    "another library's index": lambda library, other: _put(beside(other, "-shm"), beside(library, "-shm")),
    "another database's journal": lambda library, other: _journal(library, other),
}


def side_case(base: Base, work: Path, name: str) -> Case:
    """What SQLite keeps beside the library is lost, or another's, after the program was killed."""
    folder = _killed(base, work)
    SIDES[name](DataPaths(folder).library, DataPaths(_killed(base, work.with_name("other"))).library)
    case = Case(name)
    try:
        found = opened(folder)
        now = content(DataPaths(folder).library)
        _look(case, folder)
    except Exception as error:
        case.faults.append(f"{error!r}"[:300])
        return case
    case.how = "restored" if found.notices else "kept"
    least = base.saved if found.notices else base.whole
    if any(not least[table] <= now[table] for table in least):
        case.faults.append("what was in the library itself is lost")
    return case


def _killed(base: Base, work: Path) -> Path:
    """A folder as a killed program leaves it: the last document is in the log only."""
    running = copied(base.folder, work.with_name(f"{work.name}-running"))
    with desk(running) as made:
        made.database.rows("PRAGMA wal_autocheckpoint=0")
        add(made, f"unsaved{work.name}")
        return copied(running, work)


def _put(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _write(target: Path, data: bytes) -> None:
    target.write_bytes(data)


def _journal(library: Path, other: Path) -> None:
    """A hot one, of a database in the other mode, that was killed in a transaction."""
    import sqlite3

    db = sqlite3.connect(other.with_name("journalled.sqlite"), isolation_level=None)
    db.execute("PRAGMA cache_size=1")
    db.execute("CREATE TABLE t (x)")
    db.execute("INSERT INTO t SELECT randomblob(900) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
               " FROM n WHERE i < 300) SELECT i FROM n)")  # fmt: skip
    db.execute("BEGIN")
    db.execute("UPDATE t SET x = randomblob(901)")
    shutil.copyfile(other.with_name("journalled.sqlite-journal"), beside(library, "-journal"))
    db.close()


@contextmanager
def heard() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.levelname} {record.getMessage()}")

    ear, log = Ear(), logging.getLogger("app")
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(ear)
    try:
        yield lines
    finally:
        log.removeHandler(ear)
        log.setLevel(before)
