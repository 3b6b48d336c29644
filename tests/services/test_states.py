from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import WorkerLostError
from app.inference.generator import SavedState, StateRef
from app.services.states import NOT_KEPT, OTHER_MODEL, RECENT_STREAMS, Missing, Restored, StateKeeper
from app.storage.snapshots import Place, SnapshotKind, SnapshotStore
from tests.fakes import PAGE_TOKENS, FakeGenerator
from tests.services.dying import DyingGenerator
from tests.snapshot_states import assert_sound, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshots.sqlite"


@pytest.fixture
def store(path: Path) -> SnapshotStore:
    return SnapshotStore(path, budget_bytes=10**6)


@pytest.fixture
def keeper(store: SnapshotStore) -> StateKeeper:
    return StateKeeper(store, now=lambda: 1.0)


def place(key: str, *, stream: str = "s", model: str = "0" * 64) -> Place:
    return Place(stream, key, SnapshotKind.BOOKMARK, model)


def words(generator: FakeGenerator, count: int, word: str = "word") -> list[int]:
    return generator.tokenize(" ".join(f"{word}{number}" for number in range(count)))


def state_of(generator: FakeGenerator, ids: list[int]) -> StateRef:
    state = generator.new_state()
    generator.read(state, ids)
    return state


def restored(found: Restored | Missing) -> Restored:
    assert isinstance(found, Restored)
    return found


def test_from_memory(keeper: StateKeeper, generator: FakeGenerator, store: SnapshotStore) -> None:
    """The very tokens come back as another state, without the disk; the one kept goes on meanwhile."""
    ids = words(generator, 40)
    state = state_of(generator, ids)
    keeper.keep(generator, state, place("a"), on_disk=False)
    generator.read(state, generator.tokenize(" more"))
    found = restored(keeper.restore(generator, place("a")))
    assert found.state != state and found.position == 40
    assert generator.states[found.state] == ids
    assert (keeper.has(place("a")), keeper.recent_key("s", "0" * 64)) == (True, "a")
    assert store.total_bytes() == 0 and keeper.entries("s", "0" * 64) == []


def test_from_disk(keeper: StateKeeper, generator: FakeGenerator, path: Path) -> None:
    """Another run with another generator goes on from the same tokens, also those before the window."""
    ids = words(generator, 300)
    keeper.keep(generator, state_of(generator, ids), place("a"))
    keeper.close()
    other, fresh = FakeGenerator(), StateKeeper(SnapshotStore(path, budget_bytes=10**6), now=lambda: 2.0)
    assert fresh.recent_key("s", "0" * 64) is None and fresh.has(place("a"))
    found = restored(fresh.restore(other, place("a")))
    assert (found.position, other.states[found.state]) == (300, ids)
    assert fresh.recent_key("s", "0" * 64) == "a"


def test_kept_in_memory_only_leaves_nothing(keeper: StateKeeper, generator: FakeGenerator, path: Path) -> None:
    """It is gone with the program, and with the stream's next state."""
    state = state_of(generator, words(generator, 40))
    for key in ("a", "b"):
        keeper.keep(generator, state, place(key), on_disk=False)
    assert keeper.restore(generator, place("a")) == Missing(NOT_KEPT)
    keeper.close()
    assert not path.exists()
    assert StateKeeper(SnapshotStore(path, budget_bytes=10**6), now=lambda: 2.0).restore(
        generator, place("b")
    ) == Missing(NOT_KEPT)


def test_known_pages_do_not_come_again(keeper: StateKeeper, store: SnapshotStore, path: Path) -> None:
    """Also after a restore from the disk: only the pages that are new are asked for, and stored once."""
    generator = Recording()
    state = state_of(generator, words(generator, 3 * PAGE_TOKENS))
    keeper.keep(generator, state, place("a"))
    keeper.flush()
    generator.read(state, words(generator, PAGE_TOKENS, "more"))
    keeper.keep(generator, state, place("b"))
    keeper.flush()
    fresh = StateKeeper(store, now=lambda: 2.0)
    again = restored(fresh.restore(generator, place("b"))).state
    generator.read(again, words(generator, PAGE_TOKENS, "most"))
    fresh.keep(generator, again, place("c"))
    fresh.flush()
    assert generator.sent == [3, 1, 1]
    assert len(rows(path, "SELECT 1 FROM pages")) == 5
    assert_sound(path)
    last = restored(StateKeeper(store, now=lambda: 3.0).restore(generator, place("c")))
    assert generator.states[last.state] == generator.states[again]


class Recording(FakeGenerator):
    """Notes how many pages of each saved state came with their bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[int] = []

    def begin_save(self, state: StateRef, *, known: object = ()) -> Callable[[], SavedState]:
        wait = super().begin_save(state, known=known)  # type: ignore[arg-type]
        self.sent.append(sum(page.data is not None for page in wait().pages))
        return wait


def test_few_streams_stay_in_memory(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """The stream whose last state is oldest goes first; one that was kept again meanwhile stays."""
    state = state_of(generator, words(generator, 3))
    names = [f"s{number}" for number in range(RECENT_STREAMS)]
    for name in [*names, "s0", "one more"]:
        keeper.keep(generator, state, place("a", stream=name), on_disk=False)
    keeper.flush()
    kept = [name for name in [*names, "one more"] if keeper.recent_key(name, "0" * 64)]
    assert kept == ["s0", *names[2:], "one more"]


def test_damaged_page_on_disk(keeper: StateKeeper, generator: FakeGenerator, store: SnapshotStore, path: Path) -> None:
    """A reason, no error; what uses that page goes from the file, and the next time nothing is there."""
    state = state_of(generator, words(generator, 2 * PAGE_TOKENS))
    keeper.keep(generator, state, place("a"))
    generator.read(state, words(generator, 5, "more"))
    keeper.keep(generator, state, place("b"))
    keeper.keep(generator, state_of(generator, words(generator, 5, "other")), place("c"))
    keeper.close()
    rows(path, "UPDATE pages SET data = CAST('x' || data AS BLOB) WHERE nbytes = (SELECT max(nbytes) FROM pages)")
    fresh = StateKeeper(SnapshotStore(path, budget_bytes=10**6), now=lambda: 2.0)
    found = fresh.restore(generator, place("b"))
    assert isinstance(found, Missing) and "1 of 3 pages of its attention window are missing or differ" in found.reason
    assert [entry.place.key for entry in fresh.entries("s", "0" * 64)] == ["c"]
    assert fresh.restore(generator, place("b")) == fresh.restore(generator, place("a")) == Missing(NOT_KEPT)
    assert (fresh.has(place("b")), fresh.why_missing(place("b"))) == (False, NOT_KEPT)
    assert isinstance(fresh.restore(generator, place("c")), Restored)
    assert_sound(path)


def test_damaged_recurrent_part(
    keeper: StateKeeper, generator: FakeGenerator, path: Path, store: SnapshotStore
) -> None:
    """Only that state goes; another one keeps the pages they share."""
    state = state_of(generator, words(generator, 270))
    keeper.keep(generator, state, place("a"))
    keeper.keep(generator, state, place("b"))
    keeper.close()
    entry = store.find("s", "a", "0" * 64)
    assert entry is not None
    rows(path, "UPDATE recurrent_parts SET data = x'5b5d' WHERE snapshot_id = ?", [entry.id])
    fresh = StateKeeper(store, now=lambda: 2.0)
    found = fresh.restore(generator, place("a"))
    assert isinstance(found, Missing) and "its recurrent part differs from its digest" in found.reason
    assert [entry.place.key for entry in fresh.entries("s", "0" * 64)] == ["b"]
    assert isinstance(fresh.restore(generator, place("b")), Restored)


def test_memory_stands_in_for_a_damaged_file(
    keeper: StateKeeper, generator: FakeGenerator, store: SnapshotStore, path: Path
) -> None:
    """The run that kept a state needs no file for it; what else there was is gone, and it says why."""
    ids = words(generator, 40)
    state = state_of(generator, ids)
    keeper.keep(generator, state, place("a"))
    keeper.keep(generator, state, place("b"))
    keeper.flush()
    store.close()
    path.write_bytes(b"garbage" * 10_000)
    assert keeper.restore(generator, place("a")) == Missing("the snapshot file was damaged and has been begun anew")
    assert generator.states[restored(keeper.restore(generator, place("b"))).state] == ids


def test_another_models_state(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """Named as the reason; both models' states are kept side by side."""
    state = state_of(generator, words(generator, 4))
    keeper.keep(generator, state, place("a"))
    other = FakeGenerator(fingerprint="2" * 64)
    mine = place("a", model="2" * 64)
    assert keeper.restore(other, mine) == Missing(OTHER_MODEL)
    assert (keeper.has(mine), keeper.why_missing(mine), keeper.recent_key("s", "2" * 64)) == (False, OTHER_MODEL, None)
    keeper.keep(other, state_of(other, words(other, 9)), mine)
    assert restored(keeper.restore(other, mine)).position == 9
    assert restored(keeper.restore(generator, place("a"))).position == 4


def test_a_state_of_a_newer_program_stays(keeper: StateKeeper, generator: FakeGenerator, path: Path) -> None:
    """It cannot be used here and is left for the program that made it."""
    keeper.keep(generator, state_of(generator, words(generator, 4)), place("a"))
    keeper.close()
    ((header,),) = rows(path, "SELECT header FROM recurrent_parts")
    newer = json.dumps({**json.loads(str(header)), "format_version": 1000})
    rows(path, "UPDATE recurrent_parts SET header = ?", [newer])
    fresh = StateKeeper(SnapshotStore(path, budget_bytes=10**6), now=lambda: 2.0)
    for _ in range(2):
        found = fresh.restore(generator, place("a"))
        assert isinstance(found, Missing) and "made by a newer Griffin Desk" in found.reason
    assert fresh.has(place("a"))


def test_another_tokenizers_state_stays_until_it_is_replaced(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """It is no damage: the reason says what differs, and the next state takes the place."""
    state = state_of(generator, words(generator, 4))
    keeper.keep(generator, state, place("a"))
    generator.info = replace(generator.info, tokenizer_hash="7" * 64)
    found = keeper.restore(generator, place("a"))
    assert isinstance(found, Missing) and "was made with another tokenizer" in found.reason
    assert keeper.has(place("a"))
    keeper.keep(generator, state, place("a"))
    assert restored(keeper.restore(generator, place("a"))).position == 4
    assert len(keeper.entries("s", "0" * 64)) == 1


def test_a_file_that_cannot_be_used(generator: FakeGenerator, tmp_path: Path) -> None:
    """Another program's database: the store's reason, the file is left, and the memory does without it."""
    path = tmp_path / "other.sqlite"
    rows(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    keeper = StateKeeper(SnapshotStore(path, budget_bytes=10**6), now=lambda: 1.0)
    keeper.keep(generator, state_of(generator, words(generator, 4)), place("a"))
    assert isinstance(keeper.restore(generator, place("a")), Restored)
    assert keeper.restore(generator, place("b")) == Missing("the snapshot file is another program's database")
    assert keeper.why_missing(place("b")) == "the snapshot file is another program's database"
    keeper.close()
    assert path.read_bytes() == before


def test_a_state_over_the_budget_is_kept_in_memory(generator: FakeGenerator, path: Path) -> None:
    """The file's limit costs nothing as long as the program runs."""
    keeper = StateKeeper(SnapshotStore(path, budget_bytes=100), now=lambda: 1.0)
    keeper.keep(generator, state_of(generator, words(generator, 40)), place("a"))
    assert isinstance(keeper.restore(generator, place("a")), Restored)
    assert keeper.entries("s", "0" * 64) == []
    assert (keeper.has(place("a")), keeper.is_on_disk(place("a"))) == (True, False)


def test_why_the_file_did_not_take_it(generator: FakeGenerator, path: Path) -> None:
    """Said also after the file was asked for other states, until it has taken this one."""
    keeper = StateKeeper(SnapshotStore(path, budget_bytes=100), now=lambda: 1.0)
    keeper.keep(generator, state_of(generator, words(generator, 40)), place("a"))
    assert not keeper.is_on_disk(place("b"))
    assert keeper.why_missing(place("a")) == "there is too little room for saved states"
    assert keeper.why_missing(place("b")) == NOT_KEPT
    roomy = StateKeeper(SnapshotStore(path, budget_bytes=10**6), now=lambda: 1.0)
    roomy.keep(generator, state_of(generator, words(generator, 40)), place("a"))
    assert roomy.is_on_disk(place("a"))


def test_a_worker_that_dies_while_it_saves(keeper: StateKeeper, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is troubled by it: it is logged, the state before stays in memory and on disk."""
    generator = DyingGenerator(dies_at={5}, late=True)
    state = state_of(generator, words(generator, 4))
    keeper.keep(generator, state, place("a"))
    generator.read(state, words(generator, 2, "more"))
    keeper.keep(generator, state, place("b"))
    keeper.flush()
    assert "s, b: state not kept: the model's process stopped: killed" in caplog.messages
    assert keeper.recent_key("s", "0" * 64) == "a"
    assert [entry.place.key for entry in keeper.entries("s", "0" * 64)] == ["a"]
    assert restored(keeper.restore(generator, place("a"))).position == 4
    with pytest.raises(WorkerLostError):
        keeper.keep(generator, state, place("c"))


def test_an_unexpected_error_while_saving(
    keeper: StateKeeper, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with where it came from, and the next state is kept."""

    def fail() -> SavedState:
        raise ValueError("odd")

    state = state_of(generator, words(generator, 4))
    with monkeypatch.context() as patched:
        patched.setattr(generator, "begin_save", lambda state, known: fail)
        keeper.keep(generator, state, place("a"))
        keeper.flush()
    assert "s, a: state not kept" in caplog.messages and "ValueError: odd" in caplog.text
    keeper.keep(generator, state, place("a"))
    assert keeper.has(place("a"))


def test_states_are_kept_in_order_and_off_the_callers_way(
    keeper: StateKeeper, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`keep` returns while an earlier state is still waited for; `close` waits for all, and the last one counts."""
    gate, finished = threading.Event(), list[str]()
    begin_save = generator.begin_save

    def slowly(state: StateRef, *, known: object = ()) -> Callable[[], SavedState]:
        wait, number = begin_save(state, known=known), len(generator.states[state])  # type: ignore[arg-type]

        def waiting() -> SavedState:
            assert gate.wait(30)
            finished.append(f"{number} tokens")
            return wait()

        return waiting

    monkeypatch.setattr(generator, "begin_save", slowly)
    state = generator.new_state()
    for _ in range(3):
        generator.read(state, words(generator, 1))
        keeper.keep(generator, state, place("a"))
    assert finished == []
    gate.set()
    keeper.close()
    assert finished == ["1 tokens", "2 tokens", "3 tokens"]
    assert restored(keeper.restore(generator, place("a"))).position == 3
    keeper.flush()


def test_forgetting_a_stream(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """Memory and disk, also what is just being kept; other streams stay."""
    state = state_of(generator, words(generator, 4))
    for stream in ("s", "t"):
        keeper.keep(generator, state, place("a", stream=stream))
    keeper.forget("s")
    assert keeper.restore(generator, place("a")) == Missing(NOT_KEPT)
    assert isinstance(keeper.restore(generator, place("a", stream="t")), Restored)
    assert [entry.place.stream for entry in keeper.candidates("0" * 64, [SnapshotKind.BOOKMARK])] == ["t"]
    assert (keeper.collect().snapshots, keeper.collect().kept_bytes > 0) == (0, True)


def test_a_row_that_has_gone_meanwhile(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """An entry found before it was dropped: a reason."""
    keeper.keep(generator, state_of(generator, words(generator, 4)), place("a"))
    (entry,) = keeper.entries("s", "0" * 64)
    keeper.forget("s")
    assert keeper.restore_entry(generator, entry) == Missing("the saved state is no longer there")


def test_streams_with_an_end(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """Those whose end is on the disk, for one model; a bookmark is no end."""
    state = state_of(generator, words(generator, 5))
    ends = [Place(f"s{n}", "end", SnapshotKind.END, fingerprint) for n, fingerprint in enumerate(["0" * 64, "1" * 64])]
    for one in (*ends, place("a", stream="s2")):
        keeper.keep(generator, state, one)
    keeper.flush()
    assert keeper.streams_ended("0" * 64) == ["s0"]
    assert keeper.streams_ended("1" * 64) == ["s1"]
    keeper.forget("s0")
    assert keeper.streams_ended("0" * 64) == []


def test_room_on_the_disk(keeper: StateKeeper, generator: FakeGenerator) -> None:
    """Nothing before anything is kept; a second state with the same pages takes less than the first."""
    assert keeper.nbytes() == 0
    state = state_of(generator, words(generator, 4 * PAGE_TOKENS))
    keeper.keep(generator, state, place("a"))
    keeper.flush()
    first = keeper.nbytes()
    generator.read(state, generator.tokenize(" more"))
    keeper.keep(generator, state, place("b"))
    keeper.flush()
    assert 0 < keeper.nbytes() - first < first
    keeper.forget("s")
    assert keeper.nbytes() == 0
