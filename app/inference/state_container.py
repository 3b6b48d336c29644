"""A ModelState as bytes and back: safetensors with guards in its header, so nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.griffin import Griffin
from app.inference.state import ModelState, RecurrentState

FORMAT_VERSION = "1"
_KEY = "griffin_desk_state"


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
    tensors = {name: t.cpu().contiguous() for name, t in tensors.items()}
    metadata = {"format_version": FORMAT_VERSION, "position": str(state.position), **asdict(guards)}
    text = json.dumps({**metadata, "checksum": _checksum(metadata, tensors)}, sort_keys=True)
    # One entry: safetensors writes several in random order, and equal states should be equal bytes.
    return safetensors.torch.save(tensors, {_KEY: text})


def load_state(data: bytes, model: Griffin, guards: Guards) -> ModelState:
    """The state in a container, on the model's device; CheckpointError says why it cannot be used."""
    metadata = _metadata(data)
    expected = {"format_version": FORMAT_VERSION, **asdict(guards)}
    for name, value in expected.items():
        if (found := metadata.get(name)) != value:
            raise CheckpointError(
                f"the saved state was made otherwise ({name} is {found!r:.80}, expected {value!r}): read the text again"
            )
    state = model.fresh_state()
    try:
        tensors = safetensors.torch.load(data)
        if metadata.pop("checksum", "") != _checksum(metadata, tensors):
            raise ValueError("its checksum differs")
        state.position = _position(metadata["position"])
        _restore(state, tensors, vocab_size=model.config.vocab_size)
    # RuntimeError and TypeError: what torch makes of a header whose sizes and types do not go together.
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise CheckpointError(f"the saved state is damaged ({error}): read the text again") from error
    state.logits = None if state.logits is None else state.logits.to(model.device)
    return state


def _restore(state: ModelState, tensors: dict[str, Tensor], *, vocab_size: int) -> None:
    """Fill a fresh state of some position with the tensors; ValueError or KeyError when they do not make it up."""
    for index, layer in enumerate(state.layers):
        if isinstance(layer, RecurrentState):
            _fill(layer.h, tensors.pop(f"{index}.h"))
            _fill(layer.conv_tail, tensors.pop(f"{index}.conv_tail"))
        else:
            used = layer.filled(state.position)
            _fill(layer.k[:, :, :used], tensors.pop(f"{index}.k"))
            _fill(layer.v[:, :, :used], tensors.pop(f"{index}.v"))
    if (logits := tensors.pop("logits", None)) is not None:
        state.logits = torch.empty((1, vocab_size))
        _fill(state.logits, logits)
    if tensors:
        raise ValueError(f"it holds {min(tensors)}, which is no part of a state")


def _fill(target: Tensor, source: Tensor) -> None:
    if target.shape != source.shape or target.dtype != source.dtype:
        raise ValueError(f"{source.dtype} {tuple(source.shape)}, expected {target.dtype} {tuple(target.shape)}")
    target.copy_(source)


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(f"its position is {text!r:.40}")
    return int(text)


def _checksum(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 (hex) over the metadata and every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"|{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _metadata(data: bytes) -> dict[str, str]:
    """Our entry in the header's metadata (the layout: 8 bytes little-endian length, then JSON)."""
    try:
        (length,) = struct.unpack_from("<Q", data)
        raw = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
        return {str(key): str(value) for key, value in raw.items()}
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"the saved state is damaged ({error!r:.80}): read the text again") from error
