"""A saved state is read back bit for bit, or it is refused: no other state ever comes of damaged bytes."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import CheckpointError
from app.inference.generator import SavedState, StatePage
from app.inference.griffin import Griffin
from app.inference.state import ModelState
from app.inference.state_container import freeze_state, guards_of, load_state
from app.storage.snapshots import PageRecord, Place, SnapshotKind, SnapshotStore, StateRecord
from tests.checkpoints import random_tensors, raw_config, write_checkpoint
from tests.properties.profile import examples

RAW = raw_config("recurrentgemma", attention_window_size=150)
POSITIONS = (1, 40, 128, 150, 300, 391)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """A tiny model with a window of more than one page."""
    from app.inference.checkpoints.builder import build_griffin
    from app.inference.checkpoints.registry import open_checkpoint
    from app.inference.weight_format import WeightFormat

    checkpoint = open_checkpoint(write_checkpoint(tmp_path_factory.mktemp("tiny"), RAW, random_tensors(RAW)))
    return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)


def _read(model: Griffin, count: int, seed: int) -> ModelState:
    ids = torch.randint(3, 97, (1, count), generator=torch.Generator().manual_seed(seed))
    state = model.fresh_state()
    with torch.inference_mode():
        state.logits = model.forward(ids, state)[:, -1]
    state.history = state.history.after(ids[0].tolist())
    return state


@pytest.fixture(scope="module")
def saved(model: Griffin) -> list[SavedState]:
    """States of two texts at several positions."""
    guards = guards_of(model, "fingerprint", "tokenizer")
    return [freeze_state(_read(model, count, seed), guards, {}).pack() for seed in (1, 2) for count in POSITIONS]


def _loaded(saved: SavedState, model: Griffin) -> SavedState | None:
    """What comes of a saved state, saved again; None where it is refused in one sentence."""
    guards = guards_of(model, "fingerprint", "tokenizer")
    try:
        state = load_state(saved, model, guards)
    except CheckpointError as error:
        assert error.code.startswith("snapshot-") and "\n" not in error.message and len(error.message) < 400
        return None
    return freeze_state(state, guards, {}).pack()


def _whole(saved: SavedState) -> tuple[Any, ...]:
    return saved.position, saved.token_hash, saved.recurrent, saved.pages


@examples(30, share=0.1)
@given(count=st.integers(1, 420), seed=st.integers(0, 2**31))
def test_round_trip(model: Griffin, count: int, seed: int) -> None:
    """Whatever was read, and however much."""
    one = freeze_state(_read(model, count, seed), guards_of(model, "fingerprint", "tokenizer"), {}).pack()
    again = _loaded(one, model)
    assert again is not None and _whole(again) == _whole(one)


def _damaged(data: st.DataObject, content: bytes, other: bytes) -> bytes:
    """Bytes with one flipped, some cut out or added, or the half of another container."""
    at = data.draw(st.integers(0, max(0, len(content) - 1)))
    match data.draw(st.integers(0, 4)):
        case 0 if content:
            return content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :]
        case 1:
            return content[:at]
        case 2:
            return content + data.draw(st.binary(min_size=1, max_size=20))
        case 3:
            return content[:at] + other[at:]
        case _:
            return content[:at] + content[at + data.draw(st.integers(1, 8)) :]


@examples(200)
@given(data=st.data())
def test_damaged_parts(model: Griffin, saved: list[SavedState], data: st.DataObject) -> None:
    """In the recurrent part, a page, the header, or pages and parts of other states in their place."""
    one, other = data.draw(st.sampled_from(saved)), data.draw(st.sampled_from(saved))
    match data.draw(st.integers(0, 5)):
        case 0:
            bad = replace(one, recurrent=_damaged(data, one.recurrent, other.recurrent))
        case 1:
            number = data.draw(st.integers(0, len(one.pages) - 1))
            page = one.pages[number]
            content = data.draw(st.sampled_from([*other.pages])).data or b""
            changed = replace(page, data=_damaged(data, page.data or b"", content))
            bad = replace(one, pages=(*one.pages[:number], changed, *one.pages[number + 1 :]))
        case 2:
            text = _damaged(data, one.header.encode(), other.header.encode())
            bad = replace(one, header=text.decode("utf-8", data.draw(st.sampled_from(("replace", "surrogateescape")))))
        case 3:
            bad = replace(one, pages=data.draw(st.permutations([*one.pages, *other.pages])).copy()[: len(one.pages)])
            bad = replace(bad, pages=tuple(bad.pages))
        case 4:
            bad = data.draw(st.sampled_from((
                replace(one, recurrent=other.recurrent), replace(one, header=other.header),
                replace(one, pages=other.pages), replace(one, position=other.position),
                replace(one, token_hash=other.token_hash), replace(one, pages=()),
            )))  # fmt: skip
        case _:
            bad = replace(one, pages=tuple(_another(data, page) for page in one.pages))
    found = _loaded(bad, model)
    assert found is None or (_whole(found) in (_whole(one), _whole(other)) and _whole(found) == _whole(bad))


def _another(data: st.DataObject, page: StatePage) -> StatePage:
    start = data.draw(st.sampled_from((page.start, page.start + 1, -1, 10**15)))
    return replace(page, start=start, digest=data.draw(st.sampled_from((page.digest, "", "0" * 64, "\ud800"))))


_VALUES = (
    None, True, -1, 0, 1, 2**31, 10**15, 10**16, 10**400, 1.5, float("nan"), float("inf"), "", "x", "0" * 64, "\ud800",
    [], {}, [[0, 10**15, "0" * 64]], [[0, 128, "0" * 64]] * 500, {"chain": "", "tail": [1] * 500},
)  # fmt: skip


@examples(200)
@given(data=st.data())
def test_headers_that_claim_anything(model: Griffin, saved: list[SavedState], data: st.DataObject) -> None:
    """A field of any type and size, with a checksum that fits: no memory is asked for by what it says."""
    from app.inference.state_header import _line, sha256

    one = data.draw(st.sampled_from(saved))
    header = json.loads(one.header)
    header[data.draw(st.sampled_from(sorted(header)))] = data.draw(st.sampled_from(_VALUES))
    del header["checksum"]
    text = _line({**header, "checksum": sha256(_line(header).encode("utf-8", "replace"))})
    tracemalloc.start()
    bad = replace(one, header=text, position=data.draw(st.sampled_from((one.position, 10**15))))
    found = _loaded(bad, model)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert found is None or _whole(found) == _whole(one)


@examples(100)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")), st.binary(max_size=80))
def test_other_bytes(model: Griffin, saved: list[SavedState], header: str, recurrent: bytes) -> None:
    """What was never a state is none: a pickle, JSON of any depth, nothing."""
    for text in (header, "[" * 30_000, '{"format_version":' * 5000, '{"format_version": 2}'):
        assert _loaded(replace(saved[0], header=text), model) is None
    assert _loaded(replace(saved[0], recurrent=recurrent), model) is None


# The file


def _record(state: SavedState) -> StateRecord:
    pages = tuple(PageRecord(page.start, page.end, page.digest, page.data) for page in state.pages)
    return StateRecord(state.header, state.position, state.token_hash, state.recurrent, pages)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, saved: list[SavedState]) -> Iterator[bytes]:
    """The bytes of a file with all of them."""
    path = tmp_path_factory.mktemp("stored") / "snapshots.sqlite"
    store = SnapshotStore(path, budget_bytes=10**9)
    for number, state in enumerate(saved):
        store.save(Place("s", f"k{number}", SnapshotKind.BOOKMARK, "m"), _record(state), now=1.0)
    store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    yield path.read_bytes()


@examples(100, share=0.2)
@given(data=st.data())
def test_a_damaged_file(
    model: Griffin,
    saved: list[SavedState],
    stored: bytes,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    """Bytes flipped or cut anywhere in it: each state comes back as it was kept, or not at all, never as another."""
    folder = tmp_path_factory.mktemp("file")
    path = folder / "snapshots.sqlite"
    content = bytearray(stored)
    for _ in range(data.draw(st.integers(1, 40))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    store = SnapshotStore(path, budget_bytes=10**9)
    try:
        for entry in store.entries("s", "m"):
            record = store.load(entry.id, now=2.0)
            if record is None:
                continue
            pages = tuple(StatePage(p.start, p.end, p.digest, p.data) for p in record.pages)
            found = SavedState(record.header, record.position, record.token_hash, record.recurrent, pages)
            again = _loaded(found, model)
            assert again is None or _whole(again) in [_whole(state) for state in saved]
    finally:
        store.close()
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()
