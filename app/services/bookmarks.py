"""Bookmarks: the states kept while one document is read by one model, at the ends of its parts."""

from __future__ import annotations

from collections.abc import Callable

from app.inference.generator import StateRef, TextGenerator
from app.services.library import LibraryDocument
from app.services.states import Missing, Restored, StateKeeper
from app.storage.snapshots import Place, SnapshotKind
from app.tasks.feeds import STREAM_VERSION

MEMORY_INTERVAL_S = 0.25
"""Least time between two states kept in memory: a lost worker costs a CPU one part, and a fast GPU is not held up."""

END = "end"


def document_stream(item: LibraryDocument) -> str:
    """The name under which the states of a document's reading are kept."""
    document_id, versions = item.document.content_hash, f"{item.reader_version}.{STREAM_VERSION}"
    return f"document:{document_id}:{item.page_range}:{versions}"


def document_of(stream: str) -> tuple[str, str] | None:
    """The document and the page range that a stream is of; None for one that nothing is gone on from any more."""
    kind, _, rest = stream.partition(":")
    document_id, _, rest = rest.partition(":")
    page_range, _, versions = rest.partition(":")
    in_use = kind == "document" and versions.rpartition(".")[2] == STREAM_VERSION
    return (document_id, page_range) if in_use else None


def end_place(item: LibraryDocument, fingerprint: str) -> Place:
    """Where the state after the whole document is kept."""
    return Place(document_stream(item), END, SnapshotKind.END, fingerprint)


class Bookmarks:
    """When a state is kept, and the nearest one to go on from. One for each reading, in the thread that reads."""

    def __init__(
        self,
        keeper: StateKeeper,
        item: LibraryDocument,
        generator: TextGenerator,
        *,
        monotonic: Callable[[], float],
        interval_s: float,
    ) -> None:
        self._keeper = keeper
        self._generator = generator
        self._fingerprint = generator.info.fingerprint
        self._end = end_place(item, self._fingerprint)
        self._monotonic = monotonic
        self._interval_s = interval_s
        self._in_memory_at = self._on_disk_at = monotonic()

    def at_part_end(self, parts_read: int, parts_total: int, state: StateRef) -> None:
        """A part has been read: keep the state if the last one is old enough, at the document's end always.

        Parts are shorter than the window, so that no stretch of 4,096 tokens is without the end of one.
        """
        if parts_read == parts_total:
            self._keeper.keep(self._generator, state, self._end)
            return
        now = self._monotonic()
        on_disk = now - self._on_disk_at >= self._interval_s
        if on_disk or now - self._in_memory_at >= min(MEMORY_INTERVAL_S, self._interval_s):
            self._keeper.keep(self._generator, state, self._place(parts_read), on_disk=on_disk)
            self._in_memory_at = now
            if on_disk:
                self._on_disk_at = now

    def end(self) -> Restored | Missing:
        """The state after the whole document."""
        return self._keeper.restore(self._generator, self._end)

    def nearest(self, parts_at_most: int | None = None) -> tuple[int, Restored] | Missing:
        """The state furthest on within the document that can be used, and the number of parts it has read."""
        stream, fingerprint = self._end.stream, self._fingerprint
        keys = {entry.place.key for entry in self._keeper.entries(stream, fingerprint)}
        keys |= {self._keeper.recent_key(stream, fingerprint) or END}
        parts_read = {int(key.removeprefix("part ")) for key in keys - {END}}
        reason = self._keeper.why_missing(self._end)
        for parts in sorted(parts_read, reverse=True):
            if parts_at_most is not None and parts > parts_at_most:
                continue
            found = self._keeper.restore(self._generator, self._place(parts))
            if isinstance(found, Restored):
                return parts, found
            reason = found.reason
        return Missing(reason)

    def _place(self, parts_read: int) -> Place:
        return Place(self._end.stream, f"part {parts_read}", SnapshotKind.BOOKMARK, self._fingerprint)
