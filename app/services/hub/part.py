"""A file on its way to the disk: `NAME.part` until it is whole and checked."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.services.hub.digest import Digest
from app.services.hub.failures import disk_error
from app.services.hub.plan import RemoteFile

SUFFIX = ".part"
_BLOCK_BYTES = 1 << 20
_SYNC_BYTES = 64 << 20
"""Written to the disk at a time: gigabytes at the end would keep a pause waiting."""


class Part:
    """What came of one file so far, open for more. ResourceError (disk-full, models-dir) where the disk refuses."""

    def __init__(self, folder: Path, file: RemoteFile) -> None:
        self._file = file
        self._path = folder / f"{file.name}{SUFFIX}"
        self._digest = Digest(file)
        self._unsynced = 0
        try:
            self._path.touch()
            self._stream: BinaryIO = self._path.open("r+b")
        except OSError as error:
            raise disk_error(error, self._path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What a full disk did not take is still buffered: closing tries, and fails, once more.
        with suppress(OSError):
            self._stream.close()

    @property
    def nbytes(self) -> int:
        """That came, and were hashed."""
        return self._digest.nbytes

    @property
    def is_right(self) -> bool:
        """Whether the whole file has come, as it should be."""
        return self._digest.is_right

    def take_up(self, on_hashed: Callable[[int, int], None]) -> None:
        """Hash what an earlier run left, so that damage to it since then is found; bytes done and in all are told.

        What is longer than the file should be is thrown away.
        """
        try:
            left = self._path.stat().st_size
            if left > self._file.nbytes:
                self.restart()
                return
            while block := self._stream.read(_BLOCK_BYTES):
                self._digest.add(block)
                on_hashed(self._digest.nbytes, left)
        except OSError as error:
            raise disk_error(error, self._path) from error

    def add(self, block: bytes) -> bool:
        """Write the next bytes; False, and nothing written, where they are more than the file should have."""
        if self.nbytes + len(block) > self._file.nbytes:
            return False
        try:
            self._stream.write(block)
            self._stream.flush()  # an end by force loses nothing that is counted
            self._unsynced += len(block)
            if self._unsynced >= _SYNC_BYTES:
                os.fsync(self._stream.fileno())
                self._unsynced = 0
        except OSError as error:
            raise disk_error(error, self._path) from error
        self._digest.add(block)
        return True

    def finish(self) -> None:
        """Give the file its name, which says that it is whole: its bytes are on the disk before."""
        try:
            os.fsync(self._stream.fileno())
            self._stream.close()  # Windows renames no open file
            self._path.replace(self._path.with_name(self._file.name))
        except OSError as error:
            raise disk_error(error, self._path) from error

    def restart(self) -> None:
        """Throw away what came."""
        self._digest = Digest(self._file)
        try:
            self._stream.seek(0)
            self._stream.truncate()
        except OSError as error:
            raise disk_error(error, self._path) from error
