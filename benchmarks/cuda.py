"""The engine on a CUDA device against the device's limits.

    python -m benchmarks.cuda [PART ...] [--out FILE]

| part     | what it measures, with random weights drawn on the device                                              |
|----------|--------------------------------------------------------------------------------------------------------|
| scan     | the RG-LRU's kernel over 1 x 8,192 x 2,560: its bytes once over its time, as a share of the bandwidth  |
| 2b       | bfloat16: decode of one sequence as a share of the bandwidth, decode of 64 and 256, prefill of one long |
|          | sequence at several sizes of chunk                                                                      |
| 9b       | bfloat16: decode of one sequence as a share of the bandwidth, prefill                                   |
| formats  | 2B in int8 and int4: decode of one sequence and of 64, prefill                                          |
| flat     | 2B bfloat16: rates at 1M tokens over those at 4k, from states filled with random values, in turn        |
| quality  | logits of the passes in each format against float32 passes of plain torch with the same weights         |

Without a part all are run. Each part's figures replace that part's in the result file (default
benchmarks/results/cuda.json) and leave the others, each with its own machine and date.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine
from app.inference.bench.limits import matrix_rate, read_bandwidth
from app.inference.bench.machine import machine
from app.inference.bench.memory import release
from app.inference.bench.timing import Budget, repeat, seconds_of
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import Activation
from app.inference.cuda.choose import accelerate
from app.inference.cuda.ops import CudaOps
from app.inference.device_names import CHUNK_TOKENS
from app.inference.formats import FormatChoice
from app.inference.griffin import Griffin
from app.inference.kernels import PLAIN_KERNELS
from app.inference.layers import BlockDiagonal
from app.inference.ops import TorchOps
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat
from benchmarks.rates import FULL, SHORT, decode_share, in_turn
from benchmarks.report import RESULTS, keep_part

GPU = torch.device("cuda")
SCALE = replace(FULL, device=GPU, write_tokens=128, seconds=3.0)
BATCHES = (64, 256)
LONG_TOKENS = 65_536
CHUNKS = (1024, 2048, 4096, 8192)
SCAN_SHAPE = (1, 8192, 2560)
QUALITY_TOKENS = 700
"""Read in two pieces, beyond one chunk of the scan; then some are written one by one."""


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, default=RESULTS / "cuda.json", metavar="FILE")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    if not torch.cuda.is_available():
        parser.error("there is no CUDA device")
    for name in arguments.parts or PARTS:
        figures = {"machine": machine(), "device": torch.cuda.get_device_name(), **PARTS[name]()}
        print(name, json.dumps(figures, indent=1), flush=True)
        keep_part(arguments.out, name, figures, PARTS)
        release(GPU)


def synthetic(size: str, form: WeightFormat) -> GriffinSubject:
    """A model of random weights in the program's own engine."""
    return GriffinSubject(synthetic_engine(size, FormatChoice(form), GPU))


@dataclass(frozen=True, slots=True)
class ScanInputs:
    """Random inputs of one call of Ops.gated_rg_lru."""

    x: torch.Tensor
    branch: torch.Tensor
    gates: tuple[BlockDiagonal, BlockDiagonal]
    log_decay: torch.Tensor
    h0: torch.Tensor

    @classmethod
    def random(cls, dtype: torch.dtype) -> ScanInputs:
        """SCAN_SHAPE with the 2B's gates."""
        b, t, e = SCAN_SHAPE

        def gate() -> BlockDiagonal:
            return BlockDiagonal(torch.randn((10, 256, 256), device=GPU).to(dtype) / 16, torch.randn(e, device=GPU))

        x, branch = (torch.randn((b, t, e), device=GPU).to(dtype) for _ in range(2))
        return cls(x, branch, (gate(), gate()), -torch.rand(e, device=GPU).exp(), torch.randn((b, e), device=GPU))

    def widened(self) -> ScanInputs:
        """The same numbers in float32."""
        gates = [BlockDiagonal(gate.weight.float(), gate.bias.view(len(gate.weight), -1)) for gate in self.gates]
        return ScanInputs(self.x.float(), self.branch.float(), (gates[0], gates[1]), self.log_decay, self.h0)

    def plain(self) -> torch.Tensor:
        """act(branch) * h by plain torch."""
        ops = TorchOps()
        h, _ = ops.rg_lru(self.x, *self.gates, self.log_decay, self.h0, starts_sequence=False)
        return ops.gate(self.branch, h, Activation.GELU_TANH)

    def run(self, ops: CudaOps) -> torch.Tensor:
        """The same by the kernel; the branch stays as it is."""
        out, _ = ops.gated_rg_lru(
            self.x, self.branch.clone(), *self.gates, self.log_decay, self.h0, Activation.GELU_TANH,
            starts_sequence=False,
        )  # fmt: skip
        return out.float()

    def kernel_seconds(self) -> float:
        """Median time of the scan's kernel alone, out of the profiler's records of 20 runs."""
        ops = CudaOps()
        self.run(ops)
        with profile(activities=[ProfilerActivity.CUDA]) as record:
            for _ in range(20):
                self.run(ops)
            torch.cuda.synchronize()
        times = [event.time_range.elapsed_us() for event in record.events() if event.name.startswith("rg_lru_scan")]
        return median(times) / 1e6


def scan() -> dict[str, Any]:
    """Gates' products are cuBLAS's: the kernel's own inputs are x, the branch and two logits, its output one more."""
    bandwidth = read_bandwidth(GPU)
    figures: dict[str, Any] = {"shape": SCAN_SHAPE, "read_bandwidth": round(bandwidth)}
    for dtype in (torch.bfloat16, torch.float32):
        inputs = ScanInputs.random(dtype)
        expected = inputs.widened().plain()
        error = float((inputs.run(CudaOps()) - expected).norm() / expected.norm())
        seconds, nbytes = inputs.kernel_seconds(), 5 * inputs.x.nbytes
        figures[str(dtype).removeprefix("torch.")] = {
            "seconds": seconds,
            "bytes": nbytes,
            "share_of_bandwidth": round(nbytes / seconds / bandwidth, 3),
            "relative_error": error,
        }
    return {**figures, "target": {"share_of_bandwidth": 0.5}}


def two_b() -> dict[str, Any]:
    """The rows of the issue for the 2B."""
    subject = synthetic("2b", WeightFormat.BFLOAT16)
    figures: dict[str, Any] = {"decode": decode_share(subject, SCALE), "batches": batches(subject)}
    figures["prefill"] = prefill(subject, CHUNKS)
    figures["target"] = {
        "decode_share_of_bandwidth": 0.7,
        "decode_tokens_per_second_at_256": 30_000,
        "prefill_tokens_per_second": 60_000,
    }
    return figures


def nine_b() -> dict[str, Any]:
    """The 9B's."""
    subject = synthetic("9b", WeightFormat.BFLOAT16)
    return {
        "decode": decode_share(subject, SCALE),
        "prefill": prefill(subject, (CHUNK_TOKENS["cuda"],)),
        "target": {"decode_share_of_bandwidth": 0.75},
    }


def formats() -> dict[str, Any]:
    """Integer weights of the 2B."""
    figures = {}
    for form in (WeightFormat.INT8, WeightFormat.INT4):
        subject = synthetic("2b", form)
        figures[str(form)] = {
            "weight_format": subject.facts.weight_format,
            "decode": decode_share(subject, SCALE),
            "batches": batches(subject, BATCHES[:1]),
            "prefill": prefill(subject, (CHUNK_TOKENS["cuda"],)),
        }
        del subject
        release(GPU)
    return figures


def flat() -> dict[str, Any]:
    """Rates and memory at 4k and at 1M tokens."""
    subject = synthetic("2b", WeightFormat.BFLOAT16)
    return {
        "positions": [SHORT, 1 << 20],
        "decode": in_turn(subject, SCALE.write_tokens, subject.write, GPU),
        "prefill": in_turn(subject, 4 * SHORT, subject.read, GPU),
        "target": {"ratio": 0.97, "growth_mib": 64},
    }


def quality() -> dict[str, Any]:
    """Mean KL of the next token's distribution, over reading and writing, from float32 and plain torch."""
    config = replace(preset("2b"), block_types=preset("2b").block_types[:9])
    figures: dict[str, Any] = {"blocks": len(config.block_types), "tokens": QUALITY_TOKENS, "target": {"mean_kl": 5e-3}}
    ids = torch.randint(0, config.vocab_size, (1, QUALITY_TOKENS), device=GPU)
    for form in (WeightFormat.BFLOAT16, WeightFormat.INT8, WeightFormat.INT4):
        source = SyntheticSource(config, form, device=GPU)
        expected = _scores(build_griffin(config, source, WeightFormat.FLOAT32, GPU, None), ids)
        kernels = PLAIN_KERNELS if form.is_integer else None
        choice = accelerate(build_griffin(config, source, form, GPU, kernels))
        found = _scores(choice.model, ids)
        kl = torch.nn.functional.kl_div(found, expected, log_target=True, reduction="none").sum(-1)
        figures[str(form)] = {
            "problem": choice.problem,
            "mean_kl": float(kl.mean()),
            "largest_kl": float(kl.max()),
            "same_first_token": float((found.argmax(-1) == expected.argmax(-1)).float().mean()),
        }
        del choice
        release(GPU)
    return figures


def _scores(model: Griffin, ids: torch.Tensor) -> torch.Tensor:
    """Log-probabilities after each token: two pieces are read, the last 60 tokens are taken one by one."""
    state = model.fresh_state()
    ends = (0, 333, QUALITY_TOKENS - 60, *range(QUALITY_TOKENS - 59, QUALITY_TOKENS + 1))
    parts = [model.forward(ids[:, start:end], state)[0].log_softmax(-1) for start, end in pairwise(ends)]
    return torch.cat(parts)


def batches(subject: GriffinSubject, sizes: tuple[int, ...] = BATCHES) -> dict[str, float]:
    """Tokens per second in sum, from full windows."""
    rates = {}
    for size in sizes:
        subject.start(SHORT, size)
        subject.write(8)
        seconds = repeat(lambda: subject.write(64), Budget(SCALE.seconds, least=3))
        rates[str(size)] = round(64 * size / median(seconds))
    subject.stop()
    return rates


def prefill(subject: GriffinSubject, chunks: tuple[int, ...]) -> dict[str, Any]:
    """Tokens per second of one long sequence, by the tokens of a chunk, over the matrix rate of the device."""
    rate = matrix_rate(subject.facts.matrix_shapes, "bfloat16", GPU)
    model, config = subject.model, subject.model.config
    ids = torch.randint(0, config.vocab_size, (1, LONG_TOKENS), device=GPU)
    figures: dict[str, Any] = {"tokens": LONG_TOKENS, "matrix_rate": round(rate)}
    for size in chunks:
        pieces = ids.split(size, dim=1)

        def read(pieces: tuple[torch.Tensor, ...] = pieces) -> None:
            state = model.fresh_state()
            for piece in pieces:
                hidden = model.hidden(piece, state)
            model.logits(hidden[:, -1:])

        read()
        found = LONG_TOKENS / median(repeat(lambda read=read: seconds_of(read, GPU), Budget(SCALE.seconds, least=3)))  # type: ignore[misc]
        figures[f"chunks_of_{size}"] = {
            "tokens_per_second": round(found),
            "share_of_matrix_rate": round(found * subject.facts.operations_per_token / rate, 3),
        }
    subject.start(0)
    subject.read(SHORT)
    subject.start(0)
    figures["through_the_engine"] = round(LONG_TOKENS / subject.read(LONG_TOKENS))
    return figures


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "scan": scan,
    "2b": two_b,
    "9b": nine_b,
    "formats": formats,
    "flat": flat,
    "quality": quality,
}


if __name__ == "__main__":
    with torch.inference_mode():
        main()
