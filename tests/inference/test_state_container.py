"""A saved state continues bit for bit; one that is foreign, cut or flipped is refused in one sentence."""

import logging
import pickle
import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.generator import DamagedStateError, SavedState, StatePage
from app.inference.griffin import Griffin
from app.inference.state import ModelState, RecurrentState
from app.inference.state_container import freeze_state, guards_of, load_state
from app.inference.state_header import Guards, StateHeader, sha256
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

WINDOW = 2048
POSITIONS = [0, 1, 3, 4, 127, 128, 2047, 2048, 2049, 4099]


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _model(folder: Path, weight_format: WeightFormat = WeightFormat.FLOAT32, **changes: Any) -> Griffin:
    raw = raw_config(changes.pop("kind", "recurrentgemma"), **{"attention_window_size": WINDOW} | changes)
    checkpoint = open_checkpoint(write_checkpoint(folder, raw, random_tensors(raw)))
    return build_griffin(checkpoint.config, checkpoint.source, weight_format, torch.device("cpu"), None)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """A tiny model with the published window."""
    return _model(tmp_path_factory.mktemp("model"), attention_window_keys=WINDOW)


@pytest.fixture(scope="module")
def bfloat16_model(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """The same in bfloat16, with the window of 2049 keys, which no page size divides, and two heads."""
    return _model(
        tmp_path_factory.mktemp("bfloat16"), WeightFormat.BFLOAT16, attention_window_keys=2049, num_key_value_heads=2
    )


@pytest.fixture(scope="module")
def hawk(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """One without attention."""
    return _model(tmp_path_factory.mktemp("hawk"), kind="hawk")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """A window shorter than a page, and no divisor of it."""
    return _model(tmp_path_factory.mktemp("narrow"), attention_window_size=50)


def _guards(model: Griffin) -> Guards:
    return guards_of(model, "f" * 64, "t" * 64)


def _ids(count: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 97, (1, count), generator=torch.Generator().manual_seed(seed))


def _read(model: Griffin, state: ModelState, ids: Tensor) -> None:
    for chunk in ids.split(512, dim=1):
        state.logits = model.forward(chunk, state)[:, -1]
        state.history = state.history.after(chunk[0].tolist())


def _state_at(model: Griffin, position: int) -> ModelState:
    state = model.fresh_state()
    if position:
        _read(model, state, _ids(position))
    return state


def _save(model: Griffin, state: ModelState, known: Collection[str] = ()) -> SavedState:
    return freeze_state(state, _guards(model), {}, known).pack()


def _load(model: Griffin, saved: SavedState) -> ModelState:
    return load_state(saved, model, _guards(model))


def _tensors(state: ModelState) -> list[Tensor]:
    pairs = [(s.h, s.conv_tail) if isinstance(s, RecurrentState) else (s.k, s.v) for s in state.layers]
    return [*(tensor for pair in pairs for tensor in pair), *([] if state.logits is None else [state.logits])]


def _assert_equal(found: ModelState, expected: ModelState) -> None:
    assert (found.position, found.history) == (expected.position, expected.history)
    assert all(torch.equal(a, b) for a, b in zip(_tensors(found), _tensors(expected), strict=True))


def _nbytes(saved: SavedState) -> int:
    return len(saved.recurrent) + sum(len(page.data or b"") for page in saved.pages)


class _Store:
    """Keeps pages by digest, as a snapshot file does."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}

    def keep(self, saved: SavedState) -> SavedState:
        """Take the new pages, and give the state with all of them."""
        self.pages |= {page.digest: page.data for page in saved.pages if page.data is not None}
        return replace(saved, pages=tuple(replace(page, data=self.pages[page.digest]) for page in saved.pages))


@pytest.mark.parametrize("fixture", ["model", "bfloat16_model", "hawk", "narrow"])
@pytest.mark.parametrize("position", POSITIONS)
def test_continues_bit_for_bit(fixture: str, position: int, request: pytest.FixtureRequest) -> None:
    """Every tensor at once, and the logits of twenty tokens more, read as a chunk and one by one."""
    model: Griffin = request.getfixturevalue(fixture)
    state = _state_at(model, position)
    restored = _load(model, _save(model, state))
    assert restored.position == position and (restored.logits is None) == (position == 0)
    _assert_equal(restored, state)
    for chunk in _ids(20).split([8, *[1] * 12], dim=1):
        assert torch.equal(model.forward(chunk, restored), model.forward(chunk, state))
    restored.logits = state.logits = None
    _assert_equal(restored, state)


def test_pages_lie_at_multiples_of_128(model: Griffin) -> None:
    """Whole but for the first, which the window begins in, and the last; of two key and value rows of 8 floats."""
    spans = {
        position: [(p.start, p.end) for p in _save(model, _state_at(model, position)).pages]
        for position in (0, 5, 128, 300, 2100)
    }
    assert spans[0] == [] and spans[5] == [(0, 5)] and spans[128] == [(0, 128)]
    assert spans[300] == [(0, 128), (128, 256), (256, 300)]
    assert spans[2100] == [(52, 128), *((n, n + 128) for n in range(128, 2048, 128)), (2048, 2100)]
    for page in _save(model, _state_at(model, 300)).pages:
        assert page.data is not None
        assert len(page.data) == 2 * 8 * 4 * (page.end - page.start) and sha256(page.data) == page.digest


def test_a_page_holds_keys_then_values(model: Griffin) -> None:
    """Of the tokens in order, as they lie in the window's slots."""
    state = _state_at(model, 2100)
    page = _save(model, state).pages[-1]
    window = state.layers[2]
    assert not isinstance(window, RecurrentState)
    # Token 2048 lies in slot 0 again.
    expected = torch.stack([window.k[0, :, :52], window.v[0, :, :52]])
    assert page.data == expected.numpy().tobytes()


def test_only_slots_in_use_are_saved(model: Griffin) -> None:
    """Three tokens take some kilobytes, a full window its size, and no more after it."""
    sizes = [_nbytes(_save(model, _state_at(model, position))) for position in (3, 2048, 4099)]
    assert sizes[0] < 3_000 < model.fresh_state().nbytes < sizes[1]
    assert sizes[2] == sizes[1]


def test_equal_states_are_equal_bytes(model: Griffin) -> None:
    """However often it is saved, so that stores can tell; the header is one line."""
    state = _state_at(model, 300)
    saved = [_save(model, copy) for copy in (state, state.clone(), state, _load(model, _save(model, state)))]
    assert all(one == saved[0] for one in saved)
    assert "\n" not in saved[0].header


def test_saving_leaves_the_state(model: Griffin) -> None:
    """The state goes on as if it had not been saved, and shares nothing with what was copied or loaded."""
    state = _state_at(model, 5)
    before = [tensor.clone() for tensor in _tensors(state)]
    frozen = freeze_state(state, _guards(model), {})
    restored = _load(model, frozen.pack())
    for tensor in _tensors(restored):
        tensor += 1
    assert all(torch.equal(a, b) for a, b in zip(_tensors(state), before, strict=True))
    expected = frozen.pack()
    _read(model, state, _ids(40))
    assert frozen.pack() == expected


# Sharing


@pytest.mark.parametrize("fixture", ["model", "bfloat16_model", "narrow"])
def test_bookmarks_share_pages(fixture: str, request: pytest.FixtureRequest) -> None:
    """At odd distances, across a window and more: pages that are known come without data, and every state loads."""
    model: Griffin = request.getfixturevalue(fixture)
    store, state = _Store(), model.fresh_state()
    for seed, step in enumerate([100, 60, 1, 400, 512, 512, 512, 127, 333, 512, 512, 3]):
        _read(model, state, _ids(step, seed))
        saved = _save(model, state, store.pages.keys())
        assert all((page.data is None) == (page.digest in store.pages) for page in saved.pages)
        _assert_equal(_load(model, store.keep(saved)), state)


def test_new_bytes_per_bookmark(tmp_path: Path) -> None:
    """The proportions of the 2B model in small, a bookmark each 512 tokens: not over 0.35 of whole states' bytes."""
    sizes = {"hidden_size": 320, "num_attention_heads": 10, "vocab_size": 4000, "intermediate_size": 320}
    model = _model(tmp_path, WeightFormat.BFLOAT16, attention_window_keys=2049, **sizes)
    store, state, new, full = _Store(), model.fresh_state(), 0, 0
    _read(model, state, _ids(2085))
    store.keep(_save(model, state))
    for seed in range(12):
        _read(model, state, _ids(512, seed))
        saved = _save(model, state, store.pages.keys())
        new, full = new + _nbytes(saved), full + _nbytes(_save(model, state))
        _assert_equal(_load(model, store.keep(saved)), state)
    assert 0.25 < new / full <= 0.35


def test_the_first_page_is_whole_where_it_is_known(model: Griffin) -> None:
    """The window begins in its middle; unknown to the receiver it is what is left of it, with its own bytes."""
    store, state = _Store(), _state_at(model, 2048)
    whole = store.keep(_save(model, state)).pages[0]
    _read(model, state, _ids(50, 1))
    with_known, without = _save(model, state, store.pages.keys()), _save(model, state)
    assert with_known.pages[0] == replace(whole, data=None)
    assert (without.pages[0].start, without.pages[0].end) == (50, 128) and without.pages[0].data is not None
    restored = _load(model, store.keep(with_known))
    _assert_equal(restored, state)
    # From a restored state it is known too, and forgotten with the last of its tokens.
    assert _save(model, restored, store.pages.keys()).header == with_known.header
    _read(model, restored, _ids(78, 2))
    assert 0 not in restored.complete_pages() and 1 in restored.complete_pages()


def test_forks_that_part_within_a_page(model: Griffin) -> None:
    """Pages complete before are shared; those completed after are each one's own."""
    store, state = _Store(), _state_at(model, 200)
    fork = state.clone()
    for one, seed in ((state, 1), (fork, 2)):
        _read(model, one, _ids(100, seed))
    for one in (state, fork):
        _assert_equal(_load(model, store.keep(_save(model, one, store.pages.keys()))), one)
    (first, second, _), (fork_first, fork_second, _) = (_save(model, one).pages for one in (state, fork))
    assert first == fork_first and second.digest != fork_second.digest


def test_forks_learn_digests(model: Griffin) -> None:
    """Packed late, in whatever order: what was complete at the fork need not be copied or hashed again by either."""
    state = _state_at(model, 300)
    fork = state.clone()
    frozen = freeze_state(state, _guards(model), {})
    later = state.clone()
    _read(model, state, _ids(10))
    known = {page.digest for page in frozen.pack().pages}
    for one in (state, fork, later):
        pages = freeze_state(one, _guards(model), {}, known).pages
        assert [page.is_copied for page in pages] == [False, False, True]


def test_unpacked_copies_promise_nothing(model: Griffin) -> None:
    """A copy that is never packed leaves no digest behind that nobody has worked out."""
    state = _state_at(model, 300)
    freeze_state(state, _guards(model), {})
    saved = _save(model, state, [""])
    assert all(page.data is not None for page in saved.pages)
    _assert_equal(_load(model, saved), state)


def test_unknown_tokens(model: Griffin) -> None:
    """A state that was made elsewhere has no token hash, also after a restore, and loads all the same."""
    state = _state_at(model, 300)
    expected = state.history.digest
    assert _save(model, state).token_hash == expected
    state.history = model.fresh_state().history.after([1] * 299)
    saved = _save(model, state)
    assert saved.token_hash == ""
    assert _save(model, _load(model, saved)).token_hash == ""


# Refusals


def _with(saved: SavedState, **changes: Any) -> SavedState:
    """Another header of another content under a right checksum."""
    header = replace(StateHeader.parse(saved.header), **changes)
    return replace(saved, header=header.text(), position=header.position, token_hash=header.token_hash)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fingerprint", "belongs to another model or weight format"),
        ("tokenizer_hash", "another tokenizer"),
        ("dtype", "another precision"),
        ("window_keys", "another rule for the attention window"),
    ],
)
def test_every_guard(name: str, message: str, model: Griffin) -> None:
    """A state of another model, tokenizer, precision or window rule is refused by name."""
    saved = freeze_state(_state_at(model, 5), replace(_guards(model), **{name: 1}), {}).pack()
    with pytest.raises(CheckpointError, match=rf"^the saved state .*{message} \({name} is 1, expected") as caught:
        _load(model, saved)
    assert caught.value.code == "snapshot-other"


def _refused(model: Griffin, saved: SavedState) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        _load(model, saved)
    assert caught.value.code == "snapshot-damaged"
    assert caught.value.message.startswith("the saved state is damaged (") and len(caught.value.message) < 250
    return caught.value


@pytest.mark.parametrize("position", [0, 300, 2100])
def test_any_byte_flipped(position: int, model: Griffin) -> None:
    """Of the header each, of the recurrent part and of each page many; a page's damage names the page."""
    saved = _save(model, _state_at(model, position))
    for place in range(len(saved.header)):
        flipped = chr(ord(saved.header[place]) ^ 1 << place % 7)
        with pytest.raises(CheckpointError):
            _load(model, replace(saved, header=saved.header[:place] + flipped + saved.header[place + 1 :]))
    for place in range(0, len(saved.recurrent), 37):
        _refused(model, replace(saved, recurrent=_flipped(saved.recurrent, place)))
    for number, page in enumerate(saved.pages):
        assert page.data is not None
        for place in (0, len(page.data) // 2, len(page.data) - 1):
            pages = list(saved.pages)
            pages[number] = replace(page, data=_flipped(page.data, place))
            error = _refused(model, replace(saved, pages=tuple(pages)))
            assert isinstance(error, DamagedStateError) and error.digests == (page.digest,)


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]


def test_any_part_cut_short_or_longer(model: Griffin) -> None:
    """Also by nothing but a byte to spare, and a page that nobody gave."""
    saved = _save(model, _state_at(model, 300))
    for end in range(0, len(saved.header), 5):
        _refused(model, replace(saved, header=saved.header[:end]))
    for header in (saved.header + " ", " " + saved.header, saved.header.replace(":", ": ", 1)):
        _refused(model, replace(saved, header=header))
    for recurrent in (b"", saved.recurrent[:-1], saved.recurrent + b"\0"):
        _refused(model, replace(saved, recurrent=recurrent))
    first, *rest = saved.pages
    assert first.data is not None
    for data in (None, b"", first.data[:-1], first.data + b"\0"):
        error = _refused(model, replace(saved, pages=(replace(first, data=data), *rest)))
        assert isinstance(error, DamagedStateError) and error.digests == (first.digest,)
    for pages in (tuple(rest), saved.pages[:-1], saved.pages[::-1], (*saved.pages, first)):
        _refused(model, replace(saved, pages=pages))
    _refused(model, replace(saved, position=299))
    _refused(model, replace(saved, token_hash=""))


def _retiled(saved: SavedState, pages: list[tuple[int, int]], **changes: Any) -> SavedState:
    """Pages of right size and digest, but other tokens."""
    made = tuple(StatePage(a, b, sha256(bytes(64 * max(0, b - a))), bytes(64 * max(0, b - a))) for a, b in pages)
    return replace(_with(saved, pages=tuple((p.start, p.end, p.digest) for p in made), **changes), pages=made)


@pytest.mark.parametrize(
    "pages",
    [
        [],
        [(0, 128), (128, 256)],
        [(0, 128), (128, 256), (256, 301)],
        [(0, 128), (256, 300)],
        [(0, 128), (128, 256), (128, 256), (256, 300)],
        [(0, 256), (256, 300)],
        [(0, 64), (64, 128), (128, 256), (256, 300)],
        [(1, 128), (128, 256), (256, 300)],
        [(0, 128), (128, 256), (256, 300), (300, 300)],
        [(0, 128), (128, 256), (256, 384)],
        [(0, 300)],
    ],
)
def test_pages_that_do_not_make_up_the_window(pages: list[tuple[int, int]], model: Griffin) -> None:
    """Gaps, overlaps, other cuts: even under right checksums."""
    saved = _save(model, _state_at(model, 300))
    _load(model, _retiled(saved, [(0, 128), (128, 256), (256, 300)]))
    _refused(model, _retiled(saved, pages))


@pytest.mark.parametrize(
    "changes",
    [
        {"position": -1},
        {"position": 10**15 + 1},
        {"position": 10**40},
        {"position": 299},
        {"position": 10**9},
        {"window_start": 128},
        {"window_start": -1},
        {"pages": ((0, 10**12, "0" * 64),)},
        {"pages": ((0, 300, "0" * 63),)},
        {"pages": ((0, 1.5, "0" * 64),)},
        {"pages": ((0, True, "0" * 64),)},
        {"recurrent_digest": ""},
    ],
)
def test_hostile_headers(changes: dict[str, Any], model: Griffin) -> None:
    """Under a right checksum: nothing is taken on trust, or made as large as it says."""
    saved = _save(model, _state_at(model, 300))
    header = replace(StateHeader.parse(saved.header), history=None, **changes)
    _refused(model, replace(saved, header=header.text(), position=header.position, token_hash=""))


def _with_tensors(saved: SavedState, tensors: dict[str, Tensor]) -> SavedState:
    recurrent = safetensors.torch.save(tensors)
    return replace(_with(saved, recurrent_digest=sha256(recurrent)), recurrent=recurrent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("0.h"), r"0\.h"),
        (lambda t: t.update({"3.conv_tail": torch.zeros(1)}), r"it holds 3\.conv_tail, which is no part of a state"),
        (lambda t: t.update(logits=torch.zeros(1, 96)), r"\(1, 96\), expected torch.float32 \(1, 97\)"),
        (lambda t: t.update(logits=torch.zeros(1, 97, dtype=torch.float64)), "float64"),
        (lambda t: t.update({"0.h": torch.zeros(2, 32)}), r"\(2, 32\), expected torch.float32 \(1, 32\)"),
    ],
    ids=["too few", "too many", "logits", "dtype", "batch"],
)
def test_tensors_that_are_no_state_of_this_model(
    change: Callable[[dict[str, Tensor]], object], message: str, model: Griffin
) -> None:
    """Too few, too many or misshapen tensors, even under a right checksum."""
    saved = _save(model, _state_at(model, 5))
    tensors = safetensors.torch.load(saved.recurrent)
    _load(model, _with_tensors(saved, dict(tensors)))
    change(tensors)
    assert _refused(model, _with_tensors(saved, tensors)).__cause__ is not None
    with pytest.raises(CheckpointError, match=message):
        _load(model, _with_tensors(saved, tensors))


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_went_off, ("",))


def _went_off(_: str) -> None:
    raise AssertionError("unpickled")


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(_Bomb()),
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 20) + b'{"__metadata__": 1}  ',
        struct.pack("<Q", 200_000) + b"[" * 200_000,
    ],
    ids=["pickle", "empty", "ones", "huge length", "list", "metadata", "nested"],
)
def test_other_bytes(data: bytes, model: Griffin) -> None:
    """Nothing is unpickled and nothing large is allocated for a recurrent part that is no container."""
    saved = _save(model, _state_at(model, 5))
    _refused(model, replace(_with(saved, recurrent_digest=sha256(data)), recurrent=data))


def test_other_circumstances_are_logged(model: Griffin, caplog: pytest.LogCaptureFixture) -> None:
    """Another thread count is no reason to refuse a state, but why it may not agree to the last bit is told."""
    state = _state_at(model, 5)
    saved = freeze_state(state, _guards(model), {"threads": "2", "torch": "2.9"}).pack()
    with caplog.at_level(logging.INFO):
        load_state(saved, model, _guards(model), {"threads": "2", "torch": "2.9"})
        assert caplog.messages == []
        _assert_equal(load_state(saved, model, _guards(model), {"threads": "4", "torch": "2.9"}), state)
    assert caplog.messages == ["not bit for bit: the saved state was made with threads 2, here 4"]
