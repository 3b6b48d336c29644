"""Reading in chunks equals reading in one go: logits and the whole state."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.inference.griffin import Griffin
from app.inference.kernels import KernelChoice
from app.inference.state import ModelState, RecurrentState
from app.inference.weight_format import WeightFormat
from tests.parity.conftest import Build, load_starter

WINDOW = 2048
TOKENS = 3 * WINDOW + 5
MIXED = (1, 7, 256, 2047, 2048, 2049)


def _chunks(sizes: tuple[int, ...], total: int) -> list[int]:
    out = []
    while sum(out) < total:
        out.append(min(sizes[len(out) % len(sizes)], total - sum(out)))
    return out


def _read(model: Griffin, ids: Tensor, chunks: list[int]) -> tuple[Tensor, ModelState]:
    state = model.fresh_state()
    parts = [model.forward(part, state) for part in ids.split(chunks, dim=1)]
    return torch.cat(parts, dim=1), state


def _tensors(state: ModelState) -> list[Tensor]:
    return [
        tensor
        for layer in state.layers
        for tensor in ((layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v))
    ]


@pytest.mark.parametrize("extra_key", [0, 1])
@pytest.mark.parametrize("sizes", [(7,), (256,), (2047,), (2048,), (2049,), MIXED], ids=str)
def test_chunked_equals_one_shot(sizes: tuple[int, ...], extra_key: int, build: Build) -> None:
    """Three windows of 2,048, both window rules: logits and every tensor of the state to 1e-5 of its largest value."""
    model = build("recurrentgemma", attention_window_size=WINDOW, attention_window_keys=WINDOW + extra_key)
    ids = torch.randint(0, 97, (1, TOKENS), generator=torch.Generator().manual_seed(3))
    logits, state = _read(model, ids, [TOKENS])
    chunked, chunked_state = _read(model, ids, _chunks(sizes, TOKENS))
    assert chunked_state.position == state.position == TOKENS
    for actual, expected in zip([chunked, *_tensors(chunked_state)], [logits, *_tensors(state)], strict=True):
        assert float((actual - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


@pytest.mark.parametrize("kind", ["recurrentgemma", "griffin", "hawk", "starter"])
def test_token_by_token_equals_one_shot(kind: str, build: Build) -> None:
    """Chunks of one token (decoding) over five windows of 8 tokens, for every kind."""
    model = build(kind)
    ids = torch.randint(0, 97, (1, 41), generator=torch.Generator().manual_seed(4))
    logits, state = _read(model, ids, [41])
    single, single_state = _read(model, ids, [1] * 41)
    for actual, expected in zip([single, *_tensors(single_state)], [logits, *_tensors(state)], strict=True):
        assert float((actual - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


def test_a_batch_equals_its_sequences(build: Build) -> None:
    """Two sequences side by side give what each gives alone."""
    model = build("starter")
    ids = torch.randint(0, 97, (2, 20), generator=torch.Generator().manual_seed(5))
    together = model.forward(ids, model.fresh_state(batch=2))
    for row in range(2):
        alone = model.forward(ids[row : row + 1], model.fresh_state())
        assert torch.allclose(together[row], alone[0], atol=1e-5)


def _assert_same_model(expected: Tensor, actual: Tensor) -> None:
    """Mean KL of at most 1e-3 nats and the same likeliest token 99 times in 100."""
    p, q = expected[0].log_softmax(-1), actual[0].log_softmax(-1)
    assert float((p.exp() * (p - q)).sum(-1).mean()) <= 1e-3
    assert float((p.argmax(-1) == q.argmax(-1)).float().mean()) >= 0.99


def test_int8_starter_in_chunks(starter_model_path: Path, compiled_kernels: KernelChoice) -> None:
    """int8 rows in chunks of 1, 7 and 256 tokens against one-shot, and the compiled kernels against plain torch."""
    plain = load_starter(starter_model_path, WeightFormat.INT8)
    compiled = load_starter(starter_model_path, WeightFormat.INT8, compiled_kernels)
    ids = torch.randint(0, 49_152, (1, 300), generator=torch.Generator().manual_seed(6))
    expected, _ = _read(plain, ids, [300])
    _assert_same_model(expected, _read(plain, ids, _chunks((7,), 300))[0])
    for sizes in ((300,), (256,), (7,), (1,)):
        _assert_same_model(expected, _read(compiled, ids, _chunks(sizes, 300))[0])
