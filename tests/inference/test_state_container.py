"""A saved state continues bit for bit; one that is foreign, cut or flipped is refused in one sentence."""

import json
import pickle
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.quantized import WeightFormat
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.griffin import Griffin
from app.inference.state import ModelState, RecurrentState
from app.inference.state_container import Guards, guards_of, load_state, save_state
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

WINDOW = 2048


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def _model(folder: Path, weight_format: WeightFormat = WeightFormat.FLOAT32, window: int = WINDOW) -> Griffin:
    raw = raw_config("recurrentgemma", attention_window_size=window, attention_window_keys=window)
    checkpoint = open_checkpoint(write_checkpoint(folder, raw, random_tensors(raw)))
    return build_griffin(checkpoint.config, checkpoint.source, weight_format, torch.device("cpu"), None)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """A tiny model with the published window."""
    return _model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def bfloat16_model(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """The same in bfloat16."""
    return _model(tmp_path_factory.mktemp("bfloat16"), WeightFormat.BFLOAT16)


def _guards(model: Griffin) -> Guards:
    return guards_of(model, "f" * 64, "t" * 64)


def _ids(count: int) -> Tensor:
    return torch.randint(0, 97, (1, count), generator=torch.Generator().manual_seed(0))


def _state_at(model: Griffin, position: int) -> ModelState:
    state = model.fresh_state()
    if position:
        state.logits = model.forward(_ids(position), state)[:, -1]
    return state


def _tensors(state: ModelState) -> list[Tensor]:
    pairs = [(s.h, s.conv_tail) if isinstance(s, RecurrentState) else (s.k, s.v) for s in state.layers]
    return [*(tensor for pair in pairs for tensor in pair), *([] if state.logits is None else [state.logits])]


@pytest.mark.parametrize("fixture", ["model", "bfloat16_model"])
@pytest.mark.parametrize("position", [0, 1, 3, 4, 2047, 2048, 2049, 4099])
def test_continues_bit_for_bit(fixture: str, position: int, request: pytest.FixtureRequest) -> None:
    """Every tensor at once, and the logits of twenty tokens more, read as a chunk and one by one."""
    model: Griffin = request.getfixturevalue(fixture)
    state = _state_at(model, position)
    restored = load_state(save_state(state, _guards(model)), model, _guards(model))
    assert restored.position == position and (restored.logits is None) == (position == 0)
    assert all(torch.equal(a, b) for a, b in zip(_tensors(restored), _tensors(state), strict=True))
    for chunk in _ids(20).split([8, *[1] * 12], dim=1):
        assert torch.equal(model.forward(chunk, restored), model.forward(chunk, state))
    restored.logits = state.logits = None
    assert all(torch.equal(a, b) for a, b in zip(_tensors(restored), _tensors(state), strict=True))


def test_only_slots_in_use_are_saved(model: Griffin) -> None:
    """Three tokens take some kilobytes, a full window its size, and no more after it."""
    sizes = [len(save_state(_state_at(model, position), _guards(model))) for position in (3, 2048, 4099)]
    assert sizes[0] < 8_000 < model.fresh_state().nbytes < sizes[1]
    assert sizes[2] - sizes[1] < 64


def test_equal_states_are_equal_bytes(model: Griffin) -> None:
    """However often it is saved, so that stores can tell."""
    state = _state_at(model, 5)
    assert len({save_state(copy, _guards(model)) for copy in (state, state.clone(), state, state.clone())}) == 1


def test_saving_leaves_the_state(model: Griffin) -> None:
    """The state goes on as if it had not been saved, and shares nothing with what was loaded."""
    state = _state_at(model, 5)
    before = [tensor.clone() for tensor in _tensors(state)]
    restored = load_state(save_state(state, _guards(model)), model, _guards(model))
    for tensor in _tensors(restored):
        tensor += 1
    assert all(torch.equal(a, b) for a, b in zip(_tensors(state), before, strict=True))


@pytest.mark.parametrize("name", ["fingerprint", "tokenizer_hash", "dtype", "window_keys"])
def test_every_guard(name: str, model: Griffin) -> None:
    """A state of another model, tokenizer, precision or window rule is refused by name."""
    data = save_state(_state_at(model, 5), replace(_guards(model), **{name: "other"}))
    with pytest.raises(CheckpointError, match=f"{name} is 'other', expected .*: read the text again"):
        load_state(data, model, _guards(model))


def _parts(data: bytes) -> tuple[dict[str, str], dict[str, Tensor]]:
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    return json.loads(header["__metadata__"]["griffin_desk_state"]), safetensors.torch.load(data)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format_version", "2", "format_version is '2', expected '1'"),
        ("format_version", None, "format_version is None, expected '1'"),
        ("position", "6", "its checksum differs"),
        ("position", None, "its checksum differs"),
        ("checksum", "0" * 64, "its checksum differs"),
        ("checksum", None, "its checksum differs"),
        ("extra", "1", "its checksum differs"),
    ],
)
def test_changed_metadata(name: str, value: str | None, message: str, model: Griffin) -> None:
    """An older or newer format is refused by name; any other change breaks the checksum."""
    metadata, tensors = _parts(save_state(_state_at(model, 5), _guards(model)))
    changed = {k: v for k, v in (metadata | {name: value}).items() if v is not None}
    with pytest.raises(CheckpointError, match=message):
        load_state(safetensors.torch.save(tensors, {"griffin_desk_state": json.dumps(changed)}), model, _guards(model))


@pytest.mark.parametrize("position", [-1, 10**15, 10**40])
def test_impossible_position(position: int, model: Griffin) -> None:
    """Even under a right checksum: -1 would leave out a slot, 10 ** 40 fits no integer."""
    state = model.fresh_state()
    state.position = position
    with pytest.raises(CheckpointError, match=r"is damaged \(its position is"):
        load_state(save_state(state, _guards(model)), model, _guards(model))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.layers.pop(), r"2\.k"),
        (lambda s: s.layers.append(s.layers[0].clone()), r"it holds 3\.conv_tail, which is no part of a state"),
        (lambda s: setattr(s, "logits", torch.zeros(1, 96)), r"\(1, 96\), expected torch.float32 \(1, 97\)"),
        (lambda s: setattr(s, "logits", torch.zeros(1, 97, dtype=torch.float64)), "float64"),
        (lambda s: setattr(s.layers[0], "h", torch.zeros(2, 32)), r"\(2, 32\), expected torch.float32 \(1, 32\)"),
        (lambda s: setattr(s.layers[2], "k", torch.zeros(1, 1, 9, 4)), r"\(1, 1, 5, 4\), expected .* \(1, 1, 5, 8\)"),
    ],
    ids=["too few", "too many", "logits", "dtype", "batch", "window"],
)
def test_tensors_that_are_no_state_of_this_model(
    change: Callable[[ModelState], object], message: str, model: Griffin
) -> None:
    """Too few, too many or misshapen tensors, even under a right checksum."""
    state = _state_at(model, 5)
    change(state)
    with pytest.raises(CheckpointError, match=message):
        load_state(save_state(state, _guards(model)), model, _guards(model))


def test_cut_short(model: Griffin) -> None:
    """At every length of the header and many of the body, also with bytes to spare."""
    data = save_state(_state_at(model, 5), _guards(model))
    (length,) = struct.unpack_from("<Q", data)
    for end in [*range(0, 8 + length, 7), *range(8 + length, len(data), 97)]:
        with pytest.raises(CheckpointError, match="damaged"):
            load_state(data[:end], model, _guards(model))
    with pytest.raises(CheckpointError, match="damaged"):
        load_state(data + b"\0", model, _guards(model))


def test_flipped_bits(model: Griffin) -> None:
    """One bit anywhere in header or body: refused, or, where it means nothing (a space), the very same state."""
    state = _state_at(model, 5)
    data = save_state(state, _guards(model))
    (length,) = struct.unpack_from("<Q", data)
    refused = 0
    places = [*range(0, 8 + length, 3), *range(8 + length, len(data), 61)]
    for place in places:
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        try:
            restored = load_state(bytes(flipped), model, _guards(model))
        except CheckpointError:
            refused += 1
        else:
            assert restored.position == state.position
            assert all(torch.equal(a, b) for a, b in zip(_tensors(restored), _tensors(state), strict=True))
    assert refused > 0.95 * len(places)


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
    """Nothing is unpickled and nothing large is allocated for what is no container."""
    with pytest.raises(CheckpointError, match="the saved state is damaged") as caught:
        load_state(data, model, _guards(model))
    assert len(caught.value.message) < 200
