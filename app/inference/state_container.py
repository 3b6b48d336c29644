"""A ModelState as bytes and back: safetensors with guards in its header, so nothing is ever unpickled."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.griffin import Griffin
from app.inference.state import ModelState, RecurrentState, WindowState

FORMAT_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Guards:
    """What must agree between the model that saved a state and the one that loads it."""

    fingerprint: str
    tokenizer_hash: str
    dtype: str
    window_keys: str


def guards_of(model: Griffin, fingerprint: str, tokenizer_hash: str) -> Guards:
    """The guards of a loaded model."""
    return Guards(fingerprint, tokenizer_hash, str(model.dtype), str(model.config.window_keys))


def save_state(state: ModelState, guards: Guards) -> bytes:
    """The state as one safetensors container; of the windows only the slots in use."""
    tensors: dict[str, Tensor] = {}
    for index, layer in enumerate(state.layers):
        if isinstance(layer, RecurrentState):
            tensors[f"{index}.h"] = layer.h
            tensors[f"{index}.conv_tail"] = layer.conv_tail
        else:
            used = layer.filled(state.position)
            tensors[f"{index}.k"] = layer.k[:, :, :used]
            tensors[f"{index}.v"] = layer.v[:, :, :used]
    if state.logits is not None:
        tensors["logits"] = state.logits
    metadata = {"format_version": FORMAT_VERSION, "position": str(state.position), **asdict(guards)}
    return safetensors.torch.save({name: t.cpu().contiguous() for name, t in tensors.items()}, metadata)


def load_state(data: bytes, model: Griffin, guards: Guards) -> ModelState:
    """The state in a container, on the model's device; CheckpointError says why it cannot be used."""
    metadata = _metadata(data)
    expected = {"format_version": FORMAT_VERSION, **asdict(guards)}
    for name, value in expected.items():
        if metadata.get(name) != value:
            raise CheckpointError(f"the saved state has {name} {metadata.get(name)!r}, expected {value!r}")
    try:
        tensors = safetensors.torch.load(data)
        state = model.fresh_state()
        state.position = int(metadata["position"])
        for index, layer in enumerate(state.layers):
            if isinstance(layer, RecurrentState):
                _fill(layer.h, tensors.pop(f"{index}.h"))
                _fill(layer.conv_tail, tensors.pop(f"{index}.conv_tail"))
            else:
                _fill_window(layer, tensors.pop(f"{index}.k"), tensors.pop(f"{index}.v"), state.position)
        logits = tensors.pop("logits", None)
        state.logits = None if logits is None else logits.to(model.device)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"the saved state is damaged ({error})") from error
    return state


def _fill(target: Tensor, source: Tensor) -> None:
    if target.shape != source.shape or target.dtype != source.dtype:
        raise ValueError(f"{source.dtype} {tuple(source.shape)}, expected {target.dtype} {tuple(target.shape)}")
    target.copy_(source)


def _fill_window(window: WindowState, k: Tensor, v: Tensor, position: int) -> None:
    used = window.filled(position)
    _fill(window.k[:, :, :used], k)
    _fill(window.v[:, :, :used], v)


def _metadata(data: bytes) -> dict[str, str]:
    """The header's metadata (the layout: 8 bytes little-endian length, then JSON)."""
    try:
        (length,) = struct.unpack_from("<Q", data)
        raw = json.loads(data[8 : 8 + length])["__metadata__"]
        return {str(key): str(value) for key, value in raw.items()}
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"the saved state is damaged ({error!r})") from error
