"""Whether bytes that arrive are those that a listing promised."""

from __future__ import annotations

import hashlib

from app.services.hub.plan import RemoteFile


class Digest:
    """Counts and hashes the bytes of one file in the order in which they come."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self.nbytes = 0
        self._sha256 = hashlib.sha256()
        # git hashes a file with its size before it, which the listing says.
        self._git = None if file.sha256 else hashlib.sha1(b"blob %d\0" % file.nbytes, usedforsecurity=False)

    def add(self, block: bytes) -> None:
        """The next bytes."""
        self.nbytes += len(block)
        self._sha256.update(block)
        if self._git is not None:
            self._git.update(block)

    @property
    def is_right(self) -> bool:
        """Whether the whole file has come, as it should be."""
        found = self._sha256.hexdigest() if self._git is None else self._git.hexdigest()
        return self.nbytes == self._file.nbytes and found == (self._file.sha256 or self._file.git_blob)
