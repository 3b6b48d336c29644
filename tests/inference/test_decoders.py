"""Which decoder is chosen for a device, and what is said where it is not the best one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.inference import decoders
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.decoders import choose_decoder
from app.inference.decoding import PlainDecoder
from app.inference.griffin import Griffin
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint


@pytest.fixture
def model(tmp_path: Path) -> Griffin:
    """A tiny model on the CPU."""
    raw = raw_config("recurrentgemma")
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, raw, random_tensors(raw)))
    with torch.inference_mode():
        return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)


def test_the_cpu_has_no_graphs(model: Griffin) -> None:
    """The plain decoder, and nothing to say about it."""
    assert choose_decoder(model, None, 8) == (PlainDecoder(model, None), None)


def test_a_graph_that_cannot_be_made(model: Griffin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain decoder with the reason, in one line."""

    def fail(model: Griffin, batch_size: int) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore lines")

    monkeypatch.setattr(decoders, "GraphDecoder", fail)
    on_gpu = replace(model, device=torch.device("cuda"))
    decoder, note = choose_decoder(on_gpu, None, 8)
    assert decoder == PlainDecoder(on_gpu, None)
    assert note == (
        "answers are written without CUDA graphs, which is slower: operation not permitted when stream is capturing"
    )
