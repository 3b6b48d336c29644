"""transformers' RecurrentGemma as a subject: the same numbers as the engine, and states nobody read."""

from __future__ import annotations

import pytest
import torch

from app.core.errors import ResourceError
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import GriffinConfig, config_from_json
from app.inference.weight_format import WeightFormat
from benchmarks.comparison_agreement import griffin_logits, reference_logits
from benchmarks.comparison_reference import RecurrentGemmaSubject
from tests.checkpoints import raw_config

CPU = torch.device("cpu")
FLOAT32 = WeightFormat.FLOAT32
WINDOW = 8


def config(kind: str = "recurrentgemma") -> GriffinConfig:
    return config_from_json(raw_config(kind))


def subject(form: WeightFormat = FLOAT32) -> RecurrentGemmaSubject:
    return RecurrentGemmaSubject(config(), SyntheticSource(config(), form), CPU, torch.float32)


def kept(one: RecurrentGemmaSubject) -> list[torch.Tensor]:
    """Every tensor of the sequence."""
    windows = [layer for layer in one._cache.layers if getattr(layer, "keys", None) is not None]
    tensors = [tensor for layer in windows for tensor in (layer.keys, layer.values)]
    return tensors + [t for b in one._recurrent for t in (b.conv1d_state, b.rg_lru.recurrent_states)]


@pytest.mark.parametrize("kind", ["recurrentgemma", "starter"])
def test_both_programs_compute_the_same(kind: str) -> None:
    """64 tokens in one pass and four one by one, over eight windows: logits within 1e-4 of the largest."""
    source = SyntheticSource(config(kind), FLOAT32)
    ids = torch.randint(0, 97, (1, 68), generator=torch.Generator().manual_seed(3))
    ours = griffin_logits(build_griffin(config(kind), source, FLOAT32, CPU, None), ids)
    theirs = reference_logits(config(kind), source, torch.float32, ids)
    assert ours.shape == theirs.shape == (68, 97)
    assert float((ours - theirs).abs().max()) <= 1e-4 * float(theirs.abs().max())


def test_int8_weights_are_widened() -> None:
    """Codes times their rows' scales; the head is the embedding itself."""
    source = SyntheticSource(config(), WeightFormat.INT8)
    model = subject(WeightFormat.INT8).model
    name = "model.layers.2.temporal_block.q_proj.weight"
    expected = source.tensor(name) * source.tensor(f"{name}_scale")[:, None]
    assert torch.equal(model.get_parameter(name), expected)
    assert model.lm_head.weight is model.model.embed_tokens.weight


@pytest.mark.parametrize("length", [5, WINDOW, 40])
def test_a_random_state_is_that_of_a_read_prompt_in_all_but_its_values(length: int) -> None:
    """Shapes, number formats and the position are alike, and state_bytes says how much it is."""
    one = subject()
    one.start(0)
    one.read(length)
    read = [(tensor.shape, tensor.dtype) for tensor in kept(one)]
    one.start(length)
    assert [(tensor.shape, tensor.dtype) for tensor in kept(one)] == read
    assert sum(tensor.nbytes for tensor in kept(one)) == one.state_bytes(length)
    one.write(3)
    assert one._cache.layers[2].cumulative_length == length + 3


def test_stopping_drops_the_sequence() -> None:
    """The next one begins from nothing: the same prompt has the same logits after another."""
    one, ids = subject(), torch.arange(20)[None]
    one.start(0)
    first = one.feed(ids)
    one.start(40)
    one.write(2)
    one.stop()
    assert one._cache is None and all(block.conv1d_state is None for block in one._recurrent)
    one.start(0)
    assert torch.equal(one.feed(ids), first)


def test_the_mask_of_a_long_prompt_counts() -> None:
    """Twice the tokens need more than twice the memory; within the window there is no mask."""
    one = subject()
    assert one.need_bytes(0, 1 << 17) > 3.9 * one.need_bytes(0, 1 << 16)
    assert one.need_bytes(0, WINDOW) < 2 * one.need_bytes(0, WINDOW // 2)
    assert one.need_bytes(1 << 20, 1) < 1 << 20


def test_a_prompt_that_transformers_cannot_take() -> None:
    """A kernel's refusal becomes one sentence; the benchmark goes on."""
    one = subject()

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the mask is too large\nfor this kernel")

    one.start(0)
    one.model = fail
    with pytest.raises(ResourceError, match=r"^transformers: the mask is too large$"):
        one.read(4)


def test_facts() -> None:
    """Parameters count once where they are tied, and bytes go with the number format."""
    facts = subject().facts
    assert facts.weights_bytes == 4 * facts.parameters
    assert (facts.kind, facts.weight_format) == ("reference", "float32")
