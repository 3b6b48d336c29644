"""The same model on a CUDA device: plain torch there, against the CPU. Skipped where there is none."""

from pathlib import Path

import pytest
import torch

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config, write_checkpoint

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.mark.parametrize("kind", KINDS)
def test_cuda_equals_the_cpu(kind: str, tmp_path: Path) -> None:
    """float32 logits over five windows, in one piece and in chunks; bfloat16 to its own precision."""
    raw = raw_config(kind)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / kind, raw, random_tensors(raw)))
    ids = torch.randint(0, 97, (1, 41), generator=torch.Generator().manual_seed(8))
    config, source = checkpoint.config, checkpoint.source
    cpu = build_griffin(config, source, WeightFormat.FLOAT32, torch.device("cpu"), None)
    expected = cpu.forward(ids, cpu.fresh_state())
    largest = float(expected.abs().max())
    for weight_format, tolerance in ((WeightFormat.FLOAT32, 1e-4), (WeightFormat.BFLOAT16, 5e-2)):
        model = build_griffin(config, source, weight_format, torch.device("cuda"), None)
        for chunks in ([41], [1, 7, 1, 20, 12]):
            state = model.fresh_state()
            parts = [model.forward(part.cuda(), state).cpu() for part in ids.split(chunks, dim=1)]
            assert float((torch.cat(parts, dim=1) - expected).abs().max()) <= tolerance * largest
