"""The text of an answer as it is shown: an answer that has to be written again is not shown twice."""

from __future__ import annotations

from collections.abc import Callable


class ShownAnswer:
    """Passes text on as it comes. After `again`, what was shown before is left out while it comes out the same."""

    def __init__(self, on_text: Callable[[str], None] | None, on_notice: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._on_notice = on_notice
        self._shown = ""
        self._written = ""

    def again(self) -> None:
        """The answer is about to be written once more, from its beginning."""
        self._written = ""

    def add(self, piece: str) -> None:
        """More of the answer."""
        self._written += piece
        if self._shown.startswith(self._written):
            return
        if not self._written.startswith(self._shown):
            self._on_notice("the answer comes out otherwise this time and is shown from its beginning")
            self._shown = ""
        new = self._written[len(self._shown) :]
        self._shown = self._written
        if self._on_text is not None:
            self._on_text(new)
