"""Documents read through a model's state: once, with bookmarks on the way, and opened again without reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from app.core.errors import ResourceError, WorkerLostError
from app.core.log import logger
from app.inference.generator import Cancelled, ModelInfo, StateRef, TextGenerator, never
from app.services.bookmarks import Bookmarks, document_of, end_place
from app.services.library import LibraryDocument
from app.services.restarts import Recovered, going_on
from app.services.states import NOT_KEPT, Missing, Restored, StateKeeper
from app.storage.reading_rates import ReadingRateStore
from app.storage.snapshots import SnapshotKind
from app.tasks.feeds import Mark, furthest_common, reading_plan, stream
from app.tasks.read import PartRead, read_document
from app.tasks.summarize import ReadProgress

SAMPLE_CHARS = 20_000
"""Text whose tokens are counted to estimate those of a document."""
WORTH_MEASURING = 1000
"""Tokens from which on a forecast is made, and a reading taken for a measure of speed."""
WARM_UP_TOKENS, MEASURED_TOKENS = 64, 256
"""What a model reads to have its speed measured."""

_log = logger("reading")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What reading will take: tokens, and seconds where the model's speed on this machine is known."""

    tokens: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class ReadingStarted:
    """Reading begins, after so many tokens that need not be read; `reason` says why it is needed at all."""

    tokens_restored: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadingDone:
    """The last event: a live state at the document's end, the caller's to drop."""

    state: StateRef
    tokens_restored: int


ReadingEvent = ReadingStarted | ReadProgress | PartRead | Recovered | ReadingDone


class ReadingService:
    """Reads documents, and finds again what was read."""

    def __init__(
        self,
        keeper: StateKeeper,
        rates: ReadingRateStore,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        interval_s: float,
    ) -> None:
        self._keeper = keeper
        self._rates = rates
        self._now = now
        self._monotonic = monotonic
        self._interval_s = interval_s

    def opened(self, item: LibraryDocument, generator: TextGenerator) -> Restored | Missing:
        """The state at the end of a document that was read before; nothing is read."""
        return self._keeper.restore(generator, end_place(item, generator.info.fingerprint))

    def is_read(self, item: LibraryDocument, info: ModelInfo) -> bool:
        """Whether `opened` will find it, to all appearance."""
        return self._keeper.has(end_place(item, info.fingerprint))

    def is_kept(self, item: LibraryDocument, info: ModelInfo) -> bool:
        """Whether the next run of the program will find it too: it is on the disk, not in memory alone."""
        return self._keeper.is_on_disk(end_place(item, info.fingerprint))

    def documents_read(self, info: ModelInfo) -> frozenset[tuple[str, str]]:
        """Documents and page ranges that this model has read to the end, as far as the disk knows."""
        documents = map(document_of, self._keeper.streams_ended(info.fingerprint))
        return frozenset(document for document in documents if document is not None)

    def why_unread(self, item: LibraryDocument, info: ModelInfo) -> str:
        """Why `opened` would find nothing, as a clause."""
        return self._keeper.why_missing(end_place(item, info.fingerprint))

    def estimate(self, item: LibraryDocument, generator: TextGenerator) -> Estimate:
        """What reading the whole document would take."""
        text = item.document.text
        sample = text[:SAMPLE_CHARS]
        tokens = round(len(generator.tokenize(sample)) * len(text) / max(1, len(sample)))
        return Estimate(tokens, self.seconds_for(tokens, generator, sample))

    def seconds_for(self, tokens: int, generator: TextGenerator, sample: str) -> float | None:
        """How long so many tokens will take this model here; None where that is not worth measuring.

        A model that has never read here reads the beginning of `sample` for it: some hundred tokens.
        """
        rate = self._rates.find(generator.info.fingerprint)
        if rate is None and tokens >= WORTH_MEASURING:
            rate = self._measure(generator, sample)
        return tokens / rate if rate else None

    def _measure(self, generator: TextGenerator, sample: str) -> float | None:
        """Tokens per second, remembered until a whole reading tells better."""
        ids = generator.tokenize(sample)[: WARM_UP_TOKENS + MEASURED_TOKENS]
        try:
            state = generator.new_state()
            generator.read(state, ids[:WARM_UP_TOKENS])
            before = generator.usage
            generator.read(state, ids[WARM_UP_TOKENS:])
            after = generator.usage
            generator.drop(state)
        except WorkerLostError as error:  # the reading itself will go on with another
            _log.warning("speed not measured: %s", error.message)
            return None
        seconds = after.prefill_seconds - before.prefill_seconds
        tokens = after.prefill_tokens - before.prefill_tokens
        if not tokens or seconds <= 0:
            return None
        self._remember(generator.info, tokens / seconds)
        return tokens / seconds

    def bookmarks(self, item: LibraryDocument, generator: TextGenerator) -> Bookmarks:
        """For whoever reads the document in its own way, such as a summary."""
        return Bookmarks(self._keeper, item, generator, monotonic=self._monotonic, interval_s=self._interval_s)

    def read(
        self, item: LibraryDocument, generator: TextGenerator, *, cancelled: Cancelled = never
    ) -> Iterator[ReadingEvent]:
        """Read a document to its end, from the furthest state that can be used.

        That is one of its own, or one of another text that begins with the same tokens: an earlier or shorter version
        of it. A worker that dies costs the reading since the last bookmark; WorkerLostError when workers keep dying
        without a part read in between. ReadCancelled, with everything up to the last bookmark kept.
        """
        return going_on(
            f"reading {item.document.content_hash[:12]}",
            lambda: self._read_once(item, generator, cancelled),
            lambda event: event.part_index if isinstance(event, PartRead) else None,
        )

    def _read_once(
        self, item: LibraryDocument, generator: TextGenerator, cancelled: Cancelled
    ) -> Iterator[ReadingEvent]:
        bookmarks = self.bookmarks(item, generator)
        whole = bookmarks.end()
        if isinstance(whole, Restored):
            try:
                yield ReadingStarted(whole.position, "")
            except GeneratorExit:
                generator.drop(whole.state)
                raise
            yield ReadingDone(whole.state, whole.position)
            return
        found = self._start(item, generator, bookmarks)
        restored = found.position if isinstance(found, Restored) else 0
        state = found.state if isinstance(found, Restored) else generator.new_state()
        try:
            yield ReadingStarted(restored, _reason(whole, found) if isinstance(found, Missing) else "")
            before = generator.usage
            with closing(read_document(item.document, generator, state, cancelled=cancelled)) as events:
                for event in events:
                    if isinstance(event, PartRead):
                        bookmarks.at_part_end(event.part_index + 1, event.parts_total, event.state)
                    yield event
            if not self.is_read(item, generator.info):  # not one part was left to read
                self._keeper.keep(generator, state, end_place(item, generator.info.fingerprint))
            seconds = generator.usage.prefill_seconds - before.prefill_seconds
            self.remember_rate(generator.info, generator.usage.prefill_tokens - before.prefill_tokens, seconds)
            kept = generator.fork(state)
        finally:
            generator.drop(state)
        yield ReadingDone(kept, restored)

    def remember_rate(self, info: ModelInfo, tokens: int, seconds: float) -> None:
        """How fast a model read, so that the next reading's time can be told before it."""
        if tokens >= WORTH_MEASURING and seconds > 0:
            self._remember(info, tokens / seconds)

    def _remember(self, info: ModelInfo, rate: float) -> None:
        try:
            self._rates.remember(info.fingerprint, rate, now=self._now())
        except ResourceError as error:  # the next forecast is not worth this reading
            _log.warning("reading rate not kept: %s", error.message)

    def _start(self, item: LibraryDocument, generator: TextGenerator, bookmarks: Bookmarks) -> Restored | Missing:
        own = bookmarks.nearest()
        if not isinstance(own, Missing):
            return own[1]
        kinds = (SnapshotKind.BOOKMARK, SnapshotKind.END)
        entries = self._keeper.candidates(generator.info.fingerprint, kinds)
        while entries:
            parts, budget = reading_plan(item.document, generator)
            marks = {Mark(e.place.stream, e.position, e.token_hash): e for e in entries}
            mark = furthest_common(stream(item.document, parts, generator, budget), marks)
            if mark is None:
                break
            found = self._keeper.restore_entry(generator, marks[mark])
            if isinstance(found, Restored):
                _log.info(
                    "%s begins as %s: %d tokens restored", item.document.content_hash[:12], mark.text, found.position
                )
                return found
            entries.remove(marks[mark])
        return own


def _reason(whole: Missing, nearest: Missing) -> str:
    """Why there is nothing to go on from: a document's end that was lost says more than bookmarks that never were."""
    return nearest.reason if whole.reason == NOT_KEPT else whole.reason
