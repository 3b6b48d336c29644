"""Which saved states go when they outgrow their room: a plan over small records, without a file."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from app.storage.snapshot_records import SnapshotKind


@dataclass(frozen=True, slots=True)
class Held:
    """What a plan needs to know of one snapshot."""

    id: int
    stream: str
    """What is read, by which model: positions of one stream can be compared."""
    key: str
    kind: SnapshotKind
    parent_key: str
    position: int
    used_at: float
    nbytes: int
    """Bytes of its own, without its pages."""
    digests: frozenset[str]
    """Its pages, which it may share with others."""


def plan_eviction(
    held: Sequence[Held], page_bytes: Mapping[str, int], *, budget_bytes: int, newest: int | None = None
) -> list[int]:
    """Ids of the snapshots to evict, in order, until the rest and their pages (each counted once) fit the budget.

    Stream after stream, the least recently used first: what is neither protected (document ends, tips of
    conversations) nor on the stream's spine; then the spines; last the protected ones, the least recently used
    first. `newest` is never evicted. Within a stream those go first whose loss costs least, see `losses`.

    Args:
        page_bytes: the size of every page that `held` names.
    """
    room = _Room(held, page_bytes, budget_bytes)
    if room.is_enough:
        return []
    by_stream: dict[str, list[Held]] = defaultdict(list)
    for snapshot in held:
        by_stream[snapshot.stream].append(snapshot)
    streams = sorted(by_stream.values(), key=lambda members: max(one.used_at for one in members))
    protected = {one.id for members in streams for one in _protected(members)}
    spines = {one.id for members in streams for one in spine(members)}
    for spared in (protected | spines, protected):
        for members in streams:
            _evict_cheapest(room, members, spared | {newest})
    for snapshot in sorted(held, key=lambda one: (one.used_at, one.id)):
        if room.is_enough:
            break
        if snapshot.id != newest and snapshot.id not in room.evicted:
            room.evict(snapshot.id)
    return list(room.evicted)


def _evict_cheapest(room: _Room, members: Sequence[Held], spared: Set[int | None]) -> None:
    """Evict members of one stream, each time the one whose loss costs least, until the rest fit or all are spared."""
    while not room.is_enough:
        costs = losses(one for one in members if one.id not in room.evicted)
        costs = {id_: cost for id_, cost in costs.items() if id_ not in spared}
        if not costs:
            break
        room.evict(min(costs, key=costs.__getitem__))


def spine(members: Iterable[Held]) -> list[Held]:
    """The members of one stream that keep re-reading short everywhere with few states, the furthest first.

    Walking back from the furthest position, the next one, and from then on the nearest that is at least twice as
    far back as the one chosen last: dense near the end, ever fewer before, a logarithmic number in all.
    """
    backwards = sorted(members, key=lambda one: (-one.position, -one.used_at, one.id))
    chosen = backwards[:1]
    distance = 1
    for one in backwards[1:]:
        gone_back = chosen[0].position - one.position
        if gone_back >= distance:
            chosen.append(one)
            distance = 2 * gone_back
    return chosen


def losses(members: Iterable[Held]) -> dict[int, tuple[float, int]]:
    """What the loss of each member of one stream costs, by id; the smallest is lost first.

    The tokens to read again, from the member before, in proportion to the distance from the stream's furthest
    position: near it states are needed most, and a thousand tokens more are nothing far behind it. Of equal
    costs the one further behind comes first.
    """
    ordered = sorted(members, key=lambda one: (one.position, -one.used_at, one.id))
    costs = {}
    before = 0
    for one in ordered:
        again, behind = one.position - before, ordered[-1].position - one.position
        costs[one.id] = (0.0 if again == 0 else math.inf if behind == 0 else again / behind, one.position)
        before = one.position
    return costs


def _protected(members: Sequence[Held]) -> list[Held]:
    parents = {one.parent_key for one in members if one.parent_key != one.key}
    return [
        one
        for one in members
        if one.kind is SnapshotKind.END or (one.kind is SnapshotKind.TURN and one.key not in parents)
    ]


class _Room:
    """The bytes that the snapshots not yet evicted take, and the bytes that they may."""

    def __init__(self, held: Sequence[Held], page_bytes: Mapping[str, int], budget_bytes: int) -> None:
        self._held = {one.id: one for one in held}
        self._page_bytes = page_bytes
        self._references = Counter(digest for one in held for digest in one.digests)
        self._budget_bytes = budget_bytes
        self._used = sum(one.nbytes for one in held) + sum(page_bytes[digest] for digest in self._references)
        self.evicted: dict[int, None] = {}
        """Ids, in order."""

    @property
    def is_enough(self) -> bool:
        """Whether what is left fits the budget."""
        return self._used <= self._budget_bytes

    def evict(self, id_: int) -> None:
        """Take one away, with the pages that only it had."""
        one = self._held[id_]
        self._used -= one.nbytes
        for digest in one.digests:
            self._references[digest] -= 1
            if self._references[digest] == 0:
                self._used -= self._page_bytes[digest]
        self.evicted[id_] = None
