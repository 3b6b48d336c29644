"""What was written and not sent: kept in a small file of the data folder, by conversation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.log import logger
from app.core.whole_file import replace_file
from app.ui.job import Task
from app.ui.jobs import Jobs, Lane

LOOK_MS = 5000
"""So long at most is what was written lost by a crash."""
MAX_BYTES = 4 << 20
MAX_DRAFTS = 200

_log = logger("drafts")


class DraftsController(QObject):
    """Looks now and then at what is written; whoever opens a conversation asks for what was."""

    loaded = Signal()

    def __init__(
        self, jobs: Jobs, file: Path, written: Callable[[], Mapping[str, str]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._file = file
        self._written = written
        self._drafts: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._shown: set[str] = set()
        """Keys of what stands in an open conversation: gone from there, it was sent, or is not wanted any more."""
        self._timer = QTimer(self)
        self._latest: bytes | None = None
        """What the file is to hold, of this run; None where nothing has changed in it."""
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Read the file, and look from then on."""

        def read(task: Task[None]) -> dict[str, str]:
            return _read(self._file)

        def done(drafts: dict[str, str]) -> None:
            self._kept = drafts
            self._drafts = drafts | self._drafts
            self._timer.start()
            self.loaded.emit()

        self._jobs.submit(Lane.QUICK, read, done=done)

    def draft(self, key: str) -> str:
        """What was written there and not sent; ''."""
        if key in self._shown and key not in self._written():
            self._forget(key)
        if key in self._drafts:
            self._shown.add(key)
        return self._drafts.get(key, "")

    def look(self) -> None:
        """Keep what is written now, where it is not what is kept."""
        if self._is_changed():
            self._jobs.submit(Lane.QUICK, lambda task: self._write())

    def close(self) -> None:
        """Keep what is written, now: nothing is done in lanes any more."""
        self._timer.stop()
        self._is_changed()
        self._write()  # in any case: a lane that ends leaves what it had not begun

    def _write(self) -> None:
        if self._latest is not None:
            _write(self._file, self._latest)

    def _is_changed(self) -> bool:
        """Whether what is written is not what was kept; it is then what is to be."""
        written = self._written()
        for key in self._shown - written.keys():
            self._forget(key)
        for key, text in written.items():
            self._forget(key)  # the newest last
            if text.strip():
                self._drafts[key] = text
                self._shown.add(key)
        while len(self._drafts) > MAX_DRAFTS:
            del self._drafts[next(iter(self._drafts))]
        if self._drafts == self._kept:
            return False
        self._kept = dict(self._drafts)
        self._latest = json.dumps(self._kept, ensure_ascii=False).encode("utf-8", "replace")
        return True

    def _forget(self, key: str) -> None:
        self._drafts.pop(key, None)
        self._shown.discard(key)


def _read(file: Path) -> dict[str, str]:
    """What can be understood of it; a file of which nothing can is kept aside: what takes its place is new."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ValueError("too large")
        kept = json.loads(file.read_text("utf-8"))
        if not isinstance(kept, dict):
            raise ValueError("no drafts")
    except FileNotFoundError:
        return {}
    except OSError as error:
        _log.warning("drafts are not read: %s", error)
        return {}
    except (ValueError, RecursionError) as error:
        # The reason in a word: its message may hold what was written.
        _log.warning("drafts cannot be understood (%s) and are kept as %s", type(error).__name__, _put_aside(file))
        return {}
    return {key: text for key, text in kept.items() if isinstance(text, str)}


def _put_aside(file: Path) -> str:
    """Move a file to the first free name for damaged ones; that name."""
    number = 1
    while (aside := file.with_name(f"{file.stem}.damaged-{number}{file.suffix}")).exists():
        number += 1
    with suppress(OSError):
        file.rename(aside)
    return aside.name


def _write(file: Path, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        _log.warning("drafts are not kept: %d bytes", len(content))
        return
    try:
        replace_file(file, content)
    except OSError as error:
        _log.warning("drafts are not kept: %s", error)
