"""How far the engine is from its references: transformers' logits, one-shot reading, float32 weights.

    python -m benchmarks.parity

On text of the bundled sample (ordinary English), with the starter. Writes benchmarks/results/parity.json. The same
checks on tiny models of every kind run in tests/parity.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.compiled import load_compiled
from app.inference.griffin import Griffin
from app.inference.kernels import choose_kernels
from app.inference.state import ModelState, RecurrentState
from app.inference.tokenizers.base import load_tokenizer
from app.inference.weight_format import WeightFormat
from benchmarks.reference import load_reference
from benchmarks.report import RESULTS, ROOT, STARTER, write

REFERENCE_TOKENS = 600
TOKENS = 3 * 2048 + 100
INT8_TOKENS = 2400
SIZES: dict[str, tuple[int, ...]] = {
    "7": (7,),
    "256": (256,),
    "2047": (2047,),
    "2048": (2048,),
    "2049": (2049,),
    "mixed": (1, 7, 256, 2047, 2048, 2049),
}


@torch.inference_mode()
def main() -> None:
    """Measure and write."""
    checkpoint = open_checkpoint(STARTER)
    config = checkpoint.config
    cache = RESULTS.parent / ".cache"
    kernels = choose_kernels(config.width, config.mlp_width, load_compiled(cache), cache_dir=cache)
    device = torch.device("cpu")
    exact = build_griffin(config, checkpoint.source, WeightFormat.FLOAT32, device, None, kernels.compiled)
    int8 = build_griffin(config, checkpoint.source, WeightFormat.INT8, device, kernels, kernels.compiled)
    text = next((ROOT / "resources" / "sample").glob("*.txt")).read_text(encoding="utf-8")
    ids = torch.tensor([load_tokenizer(STARTER).encode(text)[:TOKENS]])
    assert ids.shape[1] == TOKENS, "the sample is shorter than the check needs"

    ours = exact.forward(ids[:, :REFERENCE_TOKENS], exact.fresh_state())
    theirs = load_reference(STARTER)(ids[:, :REFERENCE_TOKENS], use_cache=False).logits
    figures: dict[str, object] = {
        "logits_against_transformers_float32": {
            "tokens": REFERENCE_TOKENS,
            "relative_difference": _relative(ours, theirs),
            "target": 1e-4,
        },
        "perplexity": {
            "tokens": INT8_TOKENS,
            "float32": _perplexity(exact, ids[:, :INT8_TOKENS]),
            "int8": _perplexity(int8, ids[:, :INT8_TOKENS]),
        },
    }
    expected, state = _read(exact, ids, (TOKENS,))
    figures["chunked_float32"] = {"tokens": TOKENS, "target": 1e-5} | {
        name: _chunking_error(exact, ids, sizes, expected, state) for name, sizes in SIZES.items()
    }
    part = ids[:, :INT8_TOKENS]
    expected, _ = _read(int8, part, (INT8_TOKENS,))
    figures["chunked_int8"] = {"tokens": INT8_TOKENS, "target": {"mean_kl_nats": 1e-3, "same_first_token": 0.99}} | {
        name: _divergence(expected, _read(int8, part, sizes)[0]) for name, sizes in {"1": (1,), **SIZES}.items()
    }
    write("parity", figures)


def _read(model: Griffin, ids: Tensor, sizes: tuple[int, ...]) -> tuple[Tensor, ModelState]:
    state = model.fresh_state()
    edges = [0]
    while edges[-1] < ids.shape[1]:
        edges.append(min(edges[-1] + sizes[(len(edges) - 1) % len(sizes)], ids.shape[1]))
    return torch.cat([model.forward(ids[:, a:b], state) for a, b in pairwise(edges)], dim=1), state


def _tensors(state: ModelState) -> list[Tensor]:
    return [
        tensor
        for layer in state.layers
        for tensor in ((layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v))
    ]


def _relative(actual: Tensor, expected: Tensor) -> float:
    """Largest absolute difference over the largest value."""
    return float((actual - expected).abs().max() / expected.abs().max())


def _chunking_error(
    model: Griffin, ids: Tensor, sizes: tuple[int, ...], expected: Tensor, expected_state: ModelState
) -> dict[str, float]:
    logits, state = _read(model, ids, sizes)
    pairs = zip(_tensors(state), _tensors(expected_state), strict=True)
    return {"logits": _relative(logits, expected), "state": max(_relative(a, b) for a, b in pairs)}


def _divergence(expected: Tensor, actual: Tensor) -> dict[str, float]:
    p, q = expected[0].log_softmax(-1), actual[0].log_softmax(-1)
    return {
        "mean_kl_nats": float((p.exp() * (p - q)).sum(-1).mean()),
        "same_first_token": float((p.argmax(-1) == q.argmax(-1)).float().mean()),
    }


def _perplexity(model: Griffin, ids: Tensor) -> float:
    logits = model.forward(ids, model.fresh_state())
    return float(torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:]).exp())


if __name__ == "__main__":
    main()
