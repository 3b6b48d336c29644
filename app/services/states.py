"""Saved states: copied out of a generator, kept in memory and in the snapshot file, given back to a generator.

Text is the truth and a state a cache: nothing here ever fails a caller. A state that cannot be given back is a Missing
with its reason in words, so that whoever reads the text again can say why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock

from app.core.errors import CheckpointError, GriffinDeskError
from app.core.log import logger
from app.inference.generator import DamagedStateError, SavedState, StatePage, StateRef, TextGenerator
from app.storage.snapshots import (
    Collected,
    Entry,
    PageRecord,
    Place,
    SaveOutcome,
    SnapshotKind,
    SnapshotStore,
    StateRecord,
)

RECENT_STREAMS = 4
"""Streams whose last state stays in memory, 16 to 30 MiB each: the death of a worker then costs no look at the disk."""

RECENT_REFUSALS = 64

OTHER_MODEL = "it was made by another model or weight format"
NOT_KEPT = "it was not kept"

_log = logger("states")


@dataclass(frozen=True, slots=True)
class Restored:
    """A live state again; the caller drops it."""

    state: StateRef
    position: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no state to be had: a clause that follows "the saved state cannot be used: "."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Recent:
    """The last state of a stream, with the bytes of all its pages."""

    key: str
    fingerprint: str
    saved: SavedState


class StateKeeper:
    """Keeps states for all services of one program. Writing happens in a thread of its own, off everybody's way."""

    def __init__(self, store: SnapshotStore, *, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._lock = Lock()
        self._recent: dict[str, _Recent] = {}
        self._refused: dict[tuple[str, str, str], str] = {}
        """Why the file did not take a state, by stream, key and fingerprint; of the last few."""
        self._saver = ThreadPoolExecutor(1, "state-saver")
        self._pending: set[Future[None]] = set()

    def keep(self, generator: TextGenerator, state: StateRef, place: Place, *, on_disk: bool = True) -> None:
        """Copy the state now and keep it soon; the state may go on at once.

        on_disk: False keeps it in memory only, until the stream's next one takes its place.
        """
        pages = self._pages(place.stream, place.fingerprint)
        wait = generator.begin_save(state, known=pages.keys())
        future = self._saver.submit(self._finish, wait, pages, place, on_disk)
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)

    def flush(self) -> None:
        """Wait until everything asked for so far is kept."""
        for future in list(self._pending):
            future.result()

    def close(self) -> None:
        """The same, for the last time; then the file is closed."""
        self._saver.shutdown()
        self._store.close()

    def has(self, place: Place) -> bool:
        """Whether a state is kept there, without reading it."""
        return self.is_on_disk(place) or self._recent_at(place) is not None

    def is_on_disk(self, place: Place) -> bool:
        """Whether a state is kept there for the next run of the program too."""
        self.flush()
        return self._store.find(place.stream, place.key, place.fingerprint) is not None

    def restore(self, generator: TextGenerator, place: Place) -> Restored | Missing:
        """The state kept at a place."""
        self.flush()
        if (recent := self._recent_at(place)) is not None:
            restored = self._load(generator, recent.saved, place, None)
            if isinstance(restored, Restored):
                return restored
        entry = self._store.find(place.stream, place.key, place.fingerprint)
        if entry is None:
            return self._missing(place)
        return self.restore_entry(generator, entry)

    def restore_entry(self, generator: TextGenerator, entry: Entry) -> Restored | Missing:
        """The state of a row of the snapshot file."""
        record = self._store.load(entry.id, now=self._now())
        if record is None:
            return Missing(self._store.last_problem or "its file is damaged")
        saved = _saved(record)
        restored = self._load(generator, saved, entry.place, entry.id)
        if isinstance(restored, Restored):
            # What is saved next in this stream shares pages with it: they need not come from the worker again.
            self._remember(entry.place, saved)
        return restored

    def entries(self, stream: str, fingerprint: str) -> list[Entry]:
        """What the file holds of a stream for a model, by position."""
        self.flush()
        return self._store.entries(stream, fingerprint)

    def recent_key(self, stream: str, fingerprint: str) -> str | None:
        """The place of the state of this stream that is in memory."""
        recent = self._recent.get(stream)
        return recent.key if recent is not None and recent.fingerprint == fingerprint else None

    def candidates(self, fingerprint: str, kinds: Sequence[SnapshotKind]) -> list[Entry]:
        """States of all streams, for a text that begins as another one did."""
        self.flush()
        return self._store.candidates(fingerprint, kinds=kinds)

    def streams_ended(self, fingerprint: str) -> list[str]:
        """The streams whose end is on the disk for a model. Waits for nothing: what is being kept may be left out."""
        return [entry.place.stream for entry in self._store.candidates(fingerprint, kinds=(SnapshotKind.END,))]

    def why_missing(self, place: Place) -> str:
        """The reason for which `restore` would find nothing there."""
        return self._missing(place, log=False).reason

    def forget(self, stream: str) -> None:
        """Drop all states of a stream."""
        self.flush()
        with self._lock:
            self._recent.pop(stream, None)
        self._store.drop_stream(stream)

    def nbytes(self) -> int:
        """Room that all saved states take on the disk."""
        return self._store.total_bytes()

    def give_way(self) -> None:
        """Where the disk is all but full: let go of states until there is some room for what cannot be made anew."""
        self._store.give_way()

    def collect(self) -> Collected:
        """Clean the file up: what is damaged, what nobody refers to, what is over the budget."""
        self.flush()
        return self._store.collect(now=self._now())

    # -- inside ------------------------------------------------------------------------------------------------------

    def _finish(self, wait: Callable[[], SavedState], pages: Mapping[str, bytes], place: Place, on_disk: bool) -> None:
        """In the saver's thread."""
        try:
            saved = wait()
            full = tuple(replace(p, data=pages[p.digest]) if p.data is None else p for p in saved.pages)
            saved = replace(saved, pages=full)
            self._remember(place, saved)
            if on_disk:
                outcome = self._store.save(place, _record(saved), now=self._now())
                self._note_refusal(place, "" if outcome is SaveOutcome.SAVED else self._store.last_problem)
        except GriffinDeskError as error:
            _log.warning("%s, %s: state not kept: %s", place.stream, place.key, error.message)
        except Exception:
            _log.exception("%s, %s: state not kept", place.stream, place.key)

    def _remember(self, place: Place, saved: SavedState) -> None:
        with self._lock:
            self._recent.pop(place.stream, None)
            self._recent[place.stream] = _Recent(place.key, place.fingerprint, saved)
            while len(self._recent) > RECENT_STREAMS:
                del self._recent[next(iter(self._recent))]

    def _note_refusal(self, place: Place, reason: str) -> None:
        name = (place.stream, place.key, place.fingerprint)
        with self._lock:
            self._refused.pop(name, None)
            if reason:
                self._refused[name] = reason
            while len(self._refused) > RECENT_REFUSALS:
                del self._refused[next(iter(self._refused))]

    def _recent_at(self, place: Place) -> _Recent | None:
        recent = self._recent.get(place.stream)
        at_place = recent is not None and (recent.key, recent.fingerprint) == (place.key, place.fingerprint)
        return recent if at_place else None

    def _pages(self, stream: str, fingerprint: str) -> dict[str, bytes]:
        recent = self._recent.get(stream)
        if recent is None or recent.fingerprint != fingerprint:
            return {}
        return {page.digest: page.data for page in recent.saved.pages if page.data is not None}

    def _load(
        self, generator: TextGenerator, saved: SavedState, place: Place, entry_id: int | None
    ) -> Restored | Missing:
        try:
            state = generator.load_state(saved)
        except DamagedStateError as error:
            if entry_id is not None:
                self._store.damaged(entry_id, error.digests)
            reason = error.message
        except CheckpointError as error:
            # One written by a newer program stays for that program.
            if entry_id is not None and error.code == "snapshot-damaged":
                self._store.damaged(entry_id)
            reason = error.message
        else:
            _log.info("%s, %s: state restored at token %d", place.stream, place.key, saved.position)
            return Restored(state, saved.position)
        _log.warning("%s, %s: state unused: %s", place.stream, place.key, reason)
        return Missing(reason)

    def _missing(self, place: Place, *, log: bool = True) -> Missing:
        if self._store.last_problem:
            reason = self._store.last_problem
        elif refused := self._refused.get((place.stream, place.key, place.fingerprint)):
            reason = refused
        elif {*self._store.other_fingerprints(place.stream, place.key)} - {place.fingerprint}:
            reason = OTHER_MODEL
        else:
            reason = NOT_KEPT
        if log:
            _log.info("%s, %s: no state: %s", place.stream, place.key, reason)
        return Missing(reason)


def _record(saved: SavedState) -> StateRecord:
    pages = tuple(PageRecord(p.start, p.end, p.digest, p.data) for p in saved.pages)
    return StateRecord(saved.header, saved.position, saved.token_hash, saved.recurrent, pages)


def _saved(record: StateRecord) -> SavedState:
    pages = tuple(StatePage(p.start, p.end, p.digest, p.data) for p in record.pages)
    return SavedState(record.header, record.position, record.token_hash, record.recurrent, pages)
