"""One file from the hub to the disk: gone on with after every break, checked, fetched once more where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.errors import UserError
from app.inference.generator import Cancelled
from app.services.hub.client import Answer, Refused
from app.services.hub.failures import CutShort, Request, described, is_passing
from app.services.hub.interruptible import Paused, iterate, pause
from app.services.hub.part import Part
from app.services.hub.plan import PullPlan, RemoteFile

_RANGE = re.compile(r"bytes (\d+)-\d*/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a network that went away is waited for."""

    waits_s: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
    """Before each new try in a row that brings nothing; then the download ends, and can be gone on with later."""
    longest_s: float = 120.0
    """That the hub may ask to wait; when it asks for more, the download ends with its words."""


class _WrongBytes(Exception):  # noqa: N818 -- never leaves this file
    """What came cannot become what the listing promised."""


class Fetcher:
    """Fetches the files of one plan into a folder."""

    def __init__(
        self,
        plan: PullPlan,
        folder: Path,
        request: Request,
        *,
        token: str | None,
        retry: Retry,
        cancelled: Cancelled,
        on_bytes: Callable[[str, int], None],
        on_hashed: Callable[[str, int, int], None],
    ) -> None:
        """on_bytes: a file, and how many bytes of it are there. on_hashed: a file, bytes that were checked, in all."""
        self._plan = plan
        self._folder = folder
        self._request = replace(request, revision=plan.revision)
        self._token = token
        self._retry = retry
        self._cancelled = cancelled
        self._on_bytes = on_bytes
        self._on_hashed = on_hashed

    def fetch(self, file: RemoteFile) -> None:
        """Have the file in the folder, whole and checked. Paused, or the user's error; what came stays."""
        with Part(self._folder, file) as part:
            part.take_up(lambda done, total: self._hashed(file, done, total))
            for _ in range(2):
                try:
                    self._receive(file, part)
                    if part.is_right:
                        break
                except _WrongBytes:
                    pass
                part.restart()
            else:
                raise UserError(
                    f"{file.name} came twice with other bytes than {self._plan.repository} lists for it, and was "
                    "thrown away: a proxy or a mirror (HF_ENDPOINT) may change it; try again later, or without it",
                    code="hub-damaged",
                )
            part.finish()

    def _receive(self, file: RemoteFile, part: Part) -> None:
        """Until all bytes have come; each try that brings nothing new is waited for longer."""
        furthest, tries = part.nbytes, 0
        while part.nbytes < file.nbytes:
            try:
                self._stream(file, part)
                # A server that closes early without an error.
                failure: Exception = CutShort()
                if part.nbytes == file.nbytes:
                    return
            except Paused:
                raise
            except Exception as error:
                if not is_passing(error):
                    raise self._described(error, file) from None
                failure = error
            tries = 0 if part.nbytes > furthest else tries + 1
            furthest = max(furthest, part.nbytes)
            asked = failure.answer.retry_after_s if isinstance(failure, Refused) else None
            if tries > len(self._retry.waits_s) or (asked or 0.0) > self._retry.longest_s:
                raise self._described(failure, file) from None
            wait = asked if asked is not None else self._retry.waits_s[max(tries - 1, 0)] if self._retry.waits_s else 0
            pause(wait, self._cancelled, lambda: self._on_bytes(file.name, part.nbytes))

    def _stream(self, file: RemoteFile, part: Part) -> None:
        """One answer of the hub, as far as it goes."""
        plan, client = self._plan, self._request.client
        start = part.nbytes
        source = iterate(
            lambda: client.read(plan.repository, plan.revision, file.name, start=start, token=self._token),
            self._cancelled,
            lambda: self._on_bytes(file.name, part.nbytes),
        )
        with closing(source):
            try:
                for item in source:
                    if isinstance(item, Answer):
                        self._begin(item, file, part)
                    elif not part.add(item):
                        raise _WrongBytes
                    else:
                        self._on_bytes(file.name, part.nbytes)
            except Refused as refused:
                if refused.answer.status == 416 and start:
                    raise _WrongBytes from None
                raise

    def _begin(self, answer: Answer, file: RemoteFile, part: Part) -> None:
        if answer.status == 200:
            if part.nbytes:  # a server that knows no ranges sends the file from its beginning
                part.restart()
            return
        found = _RANGE.match(answer.headers.get("content-range", ""))
        if found is None or int(found[1]) != part.nbytes or found[2] not in ("*", str(file.nbytes)):
            raise _WrongBytes

    def _hashed(self, file: RemoteFile, done: int, total: int) -> None:
        if self._cancelled():
            raise Paused
        self._on_hashed(file.name, done, total)

    def _described(self, error: Exception, file: RemoteFile) -> Exception:
        return described(error, replace(self._request, file=file.name))
