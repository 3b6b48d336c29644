"""An opened document whose blocks are all in memory: shared by the formats that are parsed in one go."""

from __future__ import annotations

from collections.abc import Sequence

from app.documents.raw import Block, OutlineEntry, RawPage

_UNIT_CHARS = 200_000
"""About how much text one unit holds, so that progress moves and one message stays small."""


class BlockFile:
    """Blocks in reading order, handed over in units of about 200,000 characters."""

    paged = False

    def __init__(self, title: str, blocks: Sequence[Block], warnings: Sequence[str] = ()) -> None:
        self.title = title
        self.warnings = list(warnings)
        self._units: list[list[Block]] = []
        size = _UNIT_CHARS
        for block in blocks:
            if size >= _UNIT_CHARS:
                self._units.append([])
                size = 0
            self._units[-1].append(block)
            size += len(block.text)
        self.page_count = len(self._units)

    def read_page(self, number: int) -> RawPage:
        """One unit's blocks."""
        return RawPage(number, blocks=tuple(self._units[number - 1]))

    def outline(self) -> list[OutlineEntry]:
        """None of its own: the headings among the blocks serve."""
        return []

    def close(self) -> None:
        """See OpenedDocument."""
        self._units = []
