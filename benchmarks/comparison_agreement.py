"""Whether Griffin Desk and transformers' RecurrentGemma compute the same logits from the same random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.inference.bench.griffin_subject import synthetic_engine
from app.inference.bench.memory import release
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import GriffinConfig
from app.inference.formats import FormatChoice
from app.inference.griffin import Griffin
from app.inference.weight_format import WeightFormat
from benchmarks.comparison_reference import RecurrentGemmaSubject

READ_TOKENS, WRITTEN_TOKENS = 64, 4
LARGEST_DIFFERENCE = 1e-4
"""Of the largest logit, in float32."""


def agreement(
    config: GriffinConfig, form: WeightFormat, reference_dtype: torch.dtype, device: torch.device, cache: Path
) -> dict[str, Any]:
    """Differences of logits, over a prompt read and tokens taken one by one; `complete` where float32 agrees.

    form, reference_dtype: what the two programs are timed in. float32: plain passes on both sides. measured: the very
    formats and passes that are timed, beside how far each of the two is from transformers in float32 with the same
    weights: transformers in bfloat16 rounds the decays of the recurrence too.
    """
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, config.vocab_size, (1, READ_TOKENS + WRITTEN_TOKENS), generator=generator).to(device)

    def theirs(form: WeightFormat, dtype: torch.dtype) -> Tensor:
        release(device)
        return reference_logits(config, SyntheticSource(config, form, device=device), dtype, ids)

    exact = WeightFormat.FLOAT32
    plain = build_griffin(config, SyntheticSource(config, exact, device=device), exact, device, None)
    ours = griffin_logits(plain, ids)
    del plain
    figures: dict[str, Any] = {"tokens": ids.shape[1], "largest_allowed": LARGEST_DIFFERENCE}
    figures["float32"] = differences(ours, theirs(exact, torch.float32))
    ours = griffin_logits(synthetic_engine(config, FormatChoice(form), device, cache_dir=cache).model, ids)
    timed, wide = theirs(form, reference_dtype), theirs(form, torch.float32)
    figures["measured"] = {
        "formats": [str(form), str(reference_dtype).removeprefix("torch.")],
        **differences(ours, timed),
        "griffin_desk_from_float32": differences(ours, wide)["relative_norm"],
        "transformers_from_float32": differences(timed, wide)["relative_norm"],
    }
    figures["complete"] = figures["float32"]["largest_difference"] <= LARGEST_DIFFERENCE
    return figures


def differences(ours: Tensor, theirs: Tensor) -> dict[str, float]:
    """As shares of the largest logit and of the norm; how often both have the same first token. Logits: (t, v)."""
    return {
        "largest_difference": float((ours - theirs).abs().max() / theirs.abs().max()),
        "relative_norm": float((ours - theirs).norm() / theirs.norm()),
        "same_first_token": float((ours.argmax(-1) == theirs.argmax(-1)).float().mean()),
    }


@torch.inference_mode()
def griffin_logits(model: Griffin, ids: Tensor) -> Tensor:
    """Logits (t, v), float32 on the CPU, after each token: READ_TOKENS at once, the rest one by one. ids: (1, t)."""
    state = model.fresh_state()
    return torch.cat([model.forward(part, state)[0].float().cpu() for part in _pieces(ids)])


def reference_logits(config: GriffinConfig, source: SyntheticSource, dtype: torch.dtype, ids: Tensor) -> Tensor:
    """The same of transformers' model."""
    subject = RecurrentGemmaSubject(config, source, ids.device, dtype)
    subject.start(0)
    return torch.cat([subject.feed(part, keep=0)[0].float().cpu() for part in _pieces(ids)])


def _pieces(ids: Tensor) -> Sequence[Tensor]:
    return ids.split([READ_TOKENS] + [1] * (ids.shape[1] - READ_TOKENS), dim=1)
