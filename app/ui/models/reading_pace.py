"""How fast a document is being read just now."""

from __future__ import annotations

from collections import deque

WINDOW_S = 30.0
"""The rate is that of so long, and so is the time left that is told by it."""
_LEAST_S = 1.0
"""Of less the rate is chance."""


class ReadingPace:
    """Tokens per second of the last WINDOW_S seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def clear(self) -> None:
        """Another reading begins."""
        self._seen.clear()

    def rate(self, at_s: float, tokens_done: int) -> float:
        """Take in how far it is at a time; the rate, 0 where it cannot be told yet."""
        if self._seen and tokens_done < self._seen[-1][1]:
            self._seen.clear()  # another worker goes on from further back
        self._seen.append((at_s, tokens_done))
        while at_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        seconds, tokens = at_s - self._seen[0][0], tokens_done - self._seen[0][1]
        return tokens / seconds if seconds > _LEAST_S else 0.0
