"""A reader that misbehaves on command: the file's lines say what each page does."""

from __future__ import annotations

import os
import time
from pathlib import Path

from app.documents.raw import Block, BlockKind, OutlineEntry, RawPage
from app.documents.readers.base import OpenOptions


class HostileFile:
    """One page for each line of the file."""

    paged = True
    title = "Hostile"

    def __init__(self, orders: list[str]) -> None:
        self._orders = orders
        self.page_count = len(orders)
        self.warnings: list[str] = []

    def read_page(self, number: int) -> RawPage:
        order = self._orders[number - 1]
        if order == "hang":
            time.sleep(600)
        elif order == "crash":
            os._exit(139)
        elif order == "raise":
            raise ValueError("no such font")
        elif order == "hoard":
            bytearray(1 << 40)
        elif order == "lie":
            return RawPage(99)
        return RawPage(number, blocks=(Block(BlockKind.PARAGRAPH, order),))

    def outline(self) -> list[OutlineEntry]:
        if "bad outline" in self._orders:
            os._exit(1)
        return []

    def close(self) -> None:
        return None


class HostileReader:
    """Opens such a file; "crash at open" and "hang at open" act at once."""

    format = "text"

    def open(self, path: Path, options: OpenOptions) -> HostileFile:
        orders = path.read_text(encoding="utf-8").splitlines()
        if orders[0] == "crash at open":
            os._exit(1)
        if orders[0] == "hang at open":
            time.sleep(600)
        return HostileFile(orders)
