"""The disk fills up at every moment in turn: `python -m tests.torture.full_disk FOLDER STEP`.

A file system of a few MiB is mounted on FOLDER/disk, which needs root, or the user namespace that `command` begins. A
data folder is put on it, the rest is filled but for some pages, and one thing is done; then there is room again, and it
is done once more. With each number of pages it fails at another write. One line of JSON for each thing done.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, suppress
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path

from app.core.errors import GriffinDeskError
from app.core.paths import DataPaths
from app.core.settings import Settings, load_settings
from app.services.desk import make_room
from app.storage import snapshots
from benchmarks.report import ROOT
from tests.torture import stored_library
from tests.torture.stored_deeds import CONFIRMED, DEEDS, KEPT, RESTORE, SUMMARY
from tests.torture.stored_library import Content, content

DISK_BYTES = 20 << 20
PAGE_BYTES = 4096
LEAST_PAGES, MOST_PAGES = 48, 640
"""Some deeds never fail: what they cannot write is only logged, or kept for later."""
LEFTOVERS = ("*.part", "*.part-*", "*.tmp", ".griffin-desk-*", "*restore*")


@dataclass
class Tried:
    """One thing done with so little room that it failed at some write, or with enough."""

    deed: str
    pages: int
    how: str = "done"
    """done, or told: one sentence."""
    said: str = ""
    faults: list[str] = field(default_factory=list)


def command(folder: Path, step: int) -> list[str]:
    """How the trial is started by this user."""
    mounting = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    return [*mounting, sys.executable, "-m", "tests.torture.full_disk", str(folder), str(step)]


def can_mount() -> bool:
    """Whether this user may have a small file system of its own."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        return False
    if os.geteuid() == 0:
        return True
    found = shutil.which("unshare")
    return (
        found is not None and subprocess.run([found, "-rm", "true"], check=False, capture_output=True).returncode == 0
    )


@contextmanager
def small_disk(folder: Path, nbytes: int = DISK_BYTES) -> Iterator[Path]:
    """A file system of this size."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={nbytes}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill_up(disk: Path, pages: int) -> Path:
    """A file that takes all room but so many pages."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        with suppress(OSError):
            while stream.write(bytes(1 << 16)):
                pass
        with suppress(OSError):
            while stream.write(bytes(PAGE_BYTES)):
                pass
        stream.truncate(max(0, stream.tell() - pages * PAGE_BYTES))
    return ballast


def tried(deed: str, base: Path, disk: Path, pages: int, known: Content) -> Tried:
    """Do it with so many pages left, look at what there is, and do it again with room."""
    _clear(disk)
    paths = DataPaths(stored_library.copied(base, disk / "desk"))
    if deed == RESTORE:
        data = paths.library.read_bytes()
        paths.library.write_bytes(data[:4096] + bytes(4096 * 8) + data[4096 * 9 :])
    ballast = fill_up(disk, pages)
    found = Tried(deed, pages)
    said = StringIO()
    with redirect_stderr(said):
        _attempt(found, paths)
        ballast.unlink()
        if found.how == "told" or not found.faults:
            _check(found, paths, known)
        again = Tried(deed, pages)
        _attempt(again, paths)
    if again.how != "done":
        found.faults.append(f"not done with room either: {again.said}")
    found.faults += again.faults
    if said.getvalue():
        found.faults.append(f"standard error: {said.getvalue()[-300:]}")
    return found


def _attempt(found: Tried, paths: DataPaths) -> None:
    CONFIRMED.clear()
    try:
        DEEDS.get(found.deed, DEEDS["a talk"])(paths)
    except GriffinDeskError as error:
        found.how, found.said = "told", error.message
        if error.code != "disk-full" or "\n" in error.message:
            found.faults.append(f"told {error.code}: {error.message}")
    except BaseException as error:
        found.how, found.said = "mistake", f"{type(error).__name__}: {error}"
        found.faults.append(found.said)


def _check(found: Tried, paths: DataPaths, known: Content) -> None:
    """Nothing that was there is lost, nothing half-done is left."""
    found.faults += [f"left behind: {path.name}" for name in LEFTOVERS for path in paths.root.parent.rglob(name)]
    deed = found.deed.removesuffix(", read-only")
    if deed == RESTORE:
        return
    with closing(sqlite3.connect(paths.library)) as db:
        if (answer := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            found.faults.append(f"the library: {answer}")
        texts = [row[0] for row in db.execute(KEPT)]
        if missing := Counter(CONFIRMED) - Counter(texts):
            found.faults.append(f"confirmed and not kept: {dict(missing)}")
    now = content(paths.library)
    # A summary that is made anew takes the old one's place, once it is finished.
    held = {"summaries", "summary_parts"} if deed == SUMMARY else set()
    found.faults += [
        f"rows of {table} are lost" for table in known if table not in held and not known[table] <= now[table]
    ]
    try:
        load_settings(paths.settings)
        json.loads(paths.drafts.read_text(encoding="utf-8"))
    except Exception as error:
        found.faults.append(f"settings or drafts: {error}")


def read_only(deed: str, base: Path, disk: Path, known: Content) -> Tried:
    """Nothing can be written at all: one sentence, and all is well once it can."""
    _clear(disk)
    paths = DataPaths(stored_library.copied(base, disk / "desk"))
    found = Tried(f"{deed}, read-only", 0)
    CONFIRMED.clear()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        DEEDS[deed](paths)
    except GriffinDeskError as error:
        found.how, found.said = "told", error.message
        if "\n" in error.message:
            found.faults.append(f"told {error.code}: {error.message}")
    except BaseException as error:
        found.faults.append(f"{type(error).__name__}: {error}")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    _check(found, paths, known)
    again = Tried(deed, 0)
    _attempt(again, paths)
    found.faults += [] if again.how == "done" else [f"not done afterwards: {again.said}"]
    return found


def _with_states(deed: str, base: Path, disk: Path) -> tuple[Tried, DataPaths, int]:
    """A data folder with some MiB of them; also their file's size."""
    _clear(disk)
    paths = DataPaths(stored_library.copied(base, disk / "desk"))
    with closing(snapshots.SnapshotStore(paths.snapshots, budget_bytes=DISK_BYTES)) as store:
        for number in range(5):
            state = snapshots.StateRecord("{}", number, "", os.urandom(1 << 20), ())
            store.save(snapshots.Place(f"document:{number}", "end", snapshots.SnapshotKind.END, "f"), state, now=1.0)
    snapshots.GIVE_WAY_BYTES = 1 << 20
    return Tried(deed, 0), paths, paths.snapshots.stat().st_size


def room_while_open(base: Path, disk: Path) -> Tried:
    """The disk fills up while the program runs: what was refused is done when it is tried again."""
    found, paths, _ = _with_states("states give way while the program runs", base, disk)
    with stored_library.desk(paths.root) as made:
        made.services.shelf.conversations()
        ballast = fill_up(disk, 0)
        for found.pages in (1, 2):
            try:
                stored_library.talk(made, None, "Is there room?")
                break
            except GriffinDeskError as error:
                found.said = error.message
        else:
            found.faults.append(f"refused twice: {found.said}")
        ballast.unlink()
    found.said = f"done the {found.pages}. time"
    return found


def states_give_way(base: Path, disk: Path) -> Tried:
    """Another program fills the disk beside many saved states: what cannot be made anew is written all the same."""
    found, paths, before = _with_states("states give way to a talk", base, disk)
    fill_up(disk, 0)
    make_room(paths, Settings())
    DEEDS["the library opened"](paths)
    _attempt(found, paths)
    after = paths.snapshots.stat().st_size if paths.snapshots.exists() else 0
    found.said = f"states {before >> 10} KiB before, {after >> 10} after"
    if found.how != "done" or after >= before:
        found.faults.append("no room was made")
    return found


def _clear(disk: Path) -> None:
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def run(folder: Path, step: int) -> Iterator[Tried]:
    """All deeds, each with more and more room until it is done for the third time."""
    # Or no state would be written on so small a disk at all, and the ones there are would go at once.
    snapshots.DISK_RESERVE_BYTES = snapshots.GIVE_WAY_BYTES = 0
    logging.getLogger().addHandler(logging.NullHandler())  # or warnings would go to standard error
    base = folder / "base"
    stored_library.fill(base, documents=3)
    known = content(DataPaths(base).library)
    with small_disk(folder / "disk") as disk:
        for deed in DEEDS:
            done = 0
            for pages in range(0, MOST_PAGES, step):
                found = tried(deed, base, disk, pages, known)
                done = done + 1 if found.how == "done" else 0
                yield found
                if done >= 3 and pages >= LEAST_PAGES:
                    break
            yield read_only(deed, base, disk, known)
        yield states_give_way(base, disk)
        yield room_while_open(base, disk)


def main() -> None:
    """See the module's docstring."""
    for found in run(Path(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps(asdict(found)), flush=True)


if __name__ == "__main__":
    assert ROOT.is_dir()
    main()
