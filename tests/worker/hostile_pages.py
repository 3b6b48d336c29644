"""A source of pages that misbehaves on command: the lines of the file after the first say what each page does."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from app.documents.readers.base import OpenOptions
from app.worker.render_process import Hit, Marked, Picture


class HostilePages:
    """One page for each line of the file but its first; a page that is to hang writes "FILE.hangs" first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._orders = path.read_text(encoding="utf-8").splitlines()[1:]
        self.page_count = len(self._orders)

    def size(self, number: int) -> tuple[float, float]:
        return (float("inf"), 2.0) if self._obey(number) == "lie" else (100.0, 200.0)

    def image(self, number: int, width: int) -> Picture:
        order = self._obey(number)
        if order == "lie":
            return Picture(width, 1 << 40, 3 * width, b"")
        if order == "short":
            return Picture(2, 2, 8, bytes(15))
        return Picture(2, 2, 8, bytes(16))

    def locate(self, number: int, quote: str) -> Marked:
        order = self._obey(number)
        return Marked([(5, 1, 4, 2)] if order == "lie" else [(1, 2, 3, 4)], 1.0)

    def find(self, number: int, text: str, most: int) -> Sequence[Hit]:
        order = self._obey(number)
        return [Hit([(1, 2, 3, 4)], "", order, "")] * (most + 1 if order == "lie" else 1)

    def _obey(self, number: int) -> str:
        order = self._orders[number - 1]
        if order == "hang":
            self._path.with_suffix(".hangs").touch()
            time.sleep(600)
        elif order == "crash":
            os._exit(139)
        elif order == "raise":
            raise ValueError("no such font")
        elif order == "hoard":
            bytearray(1 << 40)
        return order


class HostilePageSource:
    """Opens such a file."""

    def open(self, path: Path, options: OpenOptions) -> HostilePages:
        return HostilePages(path)
