"""One token through all blocks in few compiled calls: the same to the bit as block by block, or not taken at all."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.compiled import Compiled, load_compiled
from app.inference.griffin import Griffin
from app.inference.kernels import PLAIN_KERNELS, TOKEN_ROW, TOKEN_ROW_ALONE, KernelChoice
from app.inference.one_token import token_pass
from app.inference.state import ModelState, RecurrentState
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config, write_checkpoint

WINDOW = 8


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """On the machines that run the tests numba works."""
    found = load_compiled()
    assert found is not None
    return found


def _choice(compiled: Compiled, product: str = TOKEN_ROW) -> KernelChoice:
    return KernelChoice({**PLAIN_KERNELS.chosen, 1: product}, {}, compiled)


def _model(kind: str, folder: Path, form: WeightFormat, kernels: KernelChoice | None) -> Griffin:
    raw = raw_config(kind, attention_window_size=WINDOW)
    checkpoint = open_checkpoint(write_checkpoint(folder / kind, raw, random_tensors(raw)))
    ops = None if kernels is None else kernels.compiled
    with torch.inference_mode():
        return build_griffin(checkpoint.config, checkpoint.source, form, torch.device("cpu"), kernels, ops)


def _tensors(state: ModelState) -> list[torch.Tensor]:
    return [
        tensor
        for layer in state.layers
        for tensor in ((layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v))
    ]


@pytest.mark.parametrize("start", [0, 3, WINDOW, 3 * WINDOW + 2])
@pytest.mark.parametrize("form", [WeightFormat.INT8, WeightFormat.INT4])
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_equal_to_the_bit(kind: str, form: WeightFormat, start: int, compiled: Compiled, tmp_path: Path) -> None:
    """Logits of twenty tokens and the state after them, from a fresh state, at the window's edge and beyond it."""
    kernels = _choice(compiled)
    blocks = _model(kind, tmp_path, form, kernels)
    short = replace(blocks, token_pass=token_pass(blocks, kernels))
    assert short.token_pass is not None
    ids = torch.randint(0, 97, (1, start + 20), generator=torch.Generator().manual_seed(start))
    states = [blocks.fresh_state(), blocks.fresh_state()]
    for state in states if start else ():
        blocks.hidden(ids[:, :start], state)
    for token in ids[0, start:]:
        expected, found = (model.forward(token.view(1, 1), s) for model, s in zip((blocks, short), states, strict=True))
        assert torch.equal(found, expected)
    assert states[0].position == states[1].position == start + 20
    for one, other in zip(*map(_tensors, states), strict=True):
        assert torch.equal(one, other)


def test_only_where_it_serves(compiled: Compiled, tmp_path: Path) -> None:
    """Integer weights and the compiled product for one token; other formats and choices go block by block."""
    eight = _model("griffin", tmp_path / "8", WeightFormat.INT8, _choice(compiled))
    assert token_pass(eight, _choice(compiled, TOKEN_ROW_ALONE)) is not None
    assert token_pass(eight, _choice(compiled, "int_mm")) is None
    assert token_pass(eight, KernelChoice(PLAIN_KERNELS.chosen, {})) is None
    four = _model("recurrentgemma", tmp_path / "4", WeightFormat.INT4, _choice(compiled))
    mixed = replace(four.blocks[0], mlp=replace(four.blocks[0].mlp, down_proj=eight.blocks[0].mlp.down_proj))
    assert token_pass(four, _choice(compiled)) is not None
    assert token_pass(replace(four, blocks=(mixed, *four.blocks[1:])), _choice(compiled)) is None
    wide = _model("griffin", tmp_path / "32", WeightFormat.FLOAT32, None)
    assert token_pass(wide, None) is None
