"""Whether a model runs through the CUDA passes: they must be there, know its formats, and agree with the plain ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.inference.batch import DecodeBatch
from app.inference.config import BlockType
from app.inference.griffin import Griffin
from app.inference.shapes import Logits

READ_TOKENS, WRITE_TOKENS = 40, 2
LARGEST_ERROR = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""Norm of the difference of the logits over their norm. In bfloat16 the plain passes round the sum that runs through
the blocks, and these do not: about 1e-2 lies between two right results."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The model to run, and why it is not the accelerated one (None where it is)."""

    model: Griffin
    problem: str | None = None


def accelerate(model: Griffin) -> Choice:
    """The model with Triton passes where they serve it on its device, else the model as it is, with the reason."""
    try:
        from app.inference.cuda.matrices import UnsupportedError
        from app.inference.cuda.passes import accelerated

        faster = accelerated(model)
    except ImportError:
        return Choice(model, "Triton is not installed")
    except UnsupportedError as lack:
        return Choice(model, f"there are no Triton kernels for {lack}")
    try:
        error = self_test(model)
    except Exception as failure:  # a compiler, a driver and a GPU that nobody has seen: anything may come
        return Choice(model, f"a Triton kernel failed ({type(failure).__name__}: {_first_line(failure)})")
    most = LARGEST_ERROR[faster.dtype]
    if not error <= most:  # NaN is no agreement
        return Choice(model, f"the Triton kernels' self-test was off by {error:.1e}, expected {most:.0e} at most")
    return Choice(faster)


def self_test(model: Griffin) -> float:
    """Error of the logits against the plain passes, over the first block of each kind and the head.

    The model's own shapes, formats and weights; a prompt and then single tokens, so that every kernel runs once and is
    compiled by then.
    """
    from app.inference.cuda.passes import accelerated

    plain = _first_of_each_kind(model)
    ids = torch.arange(READ_TOKENS + WRITE_TOKENS, device=model.device)[None] % model.config.vocab_size
    expected, found = _run(plain, ids), _run(accelerated(plain), ids)
    return float((found - expected).norm() / expected.norm())


def _first_of_each_kind(model: Griffin) -> Griffin:
    kinds = model.config.block_types
    chosen = sorted({kinds.index(kind) for kind in BlockType if kind in kinds})
    return replace(
        model,
        config=replace(model.config, block_types=tuple(kinds[index] for index in chosen)),
        blocks=tuple(model.blocks[index] for index in chosen),
    )


def _run(model: Griffin, ids: Tensor) -> Logits:
    """Logits of every token: the first ones read together, the others written one by one, alone and in a batch."""
    state = model.fresh_state()
    logits = [model.forward(ids[:, :READ_TOKENS], state)[0]]
    positions = torch.full((1,), state.position, device=model.device)
    alone = DecodeBatch(positions.clone(), state.clone().layers)
    two = model.fresh_state(batch=2)
    model.hidden(ids[:, :READ_TOKENS].expand(2, -1), two)
    together = DecodeBatch(positions.repeat(2), two.layers)
    for index in range(READ_TOKENS, ids.shape[1]):
        token = ids[:, index : index + 1]
        logits += [model.decode(token, alone), model.decode(token.expand(2, 1).contiguous(), together)]
    return torch.cat(logits).float()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
