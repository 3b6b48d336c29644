"""Calibration block by block: what comes out, in which order, and that it serves the model better than rounding."""

from pathlib import Path

import pytest
import torch

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.ops import TorchOps
from app.inference.quantize.calibrate import Rounded, calibrated_groups, calibration_sequences
from app.inference.quantize.plan import becomes_int4
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

SEQUENCES = [torch.randint(0, 97, (60,), generator=torch.Generator().manual_seed(n)).tolist() for n in range(6)]
RAW = raw_config("recurrentgemma", attention_window_size=64)


def _calibrated(checkpoint: Checkpoint) -> list[Rounded]:
    return list(calibrated_groups(checkpoint.config, checkpoint.source, SEQUENCES, 32, TorchOps()))


@pytest.mark.parametrize("kind", ["recurrentgemma", "griffin", "hawk", "starter"])
def test_every_matrix_that_becomes_int4_once(kind: str, tmp_path: Path) -> None:
    """In the order of the blocks, in shapes that fit, with errors that are small and not zero."""
    raw = raw_config(kind, attention_window_size=64)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, raw, random_tensors(raw)))
    found = _calibrated(checkpoint)
    shapes = dict(names.expected_shapes(checkpoint.config))
    assert sorted(f"{one.stem}.weight" for one in found) == sorted(
        n for n, shape in shapes.items() if becomes_int4(n, shape)
    )
    blocks = [int(one.stem.split(".")[2]) for one in found]
    assert blocks == sorted(blocks)
    for one in found:
        assert one.groups.dequantize().shape == shapes[f"{one.stem}.weight"]
        assert one.bias is not None and one.bias.shape == shapes[f"{one.stem}.bias"]
        assert 0 < one.output_error < 0.15 and 0 < one.largest_error < 0.5


def test_the_model_comes_out_nearer(tmp_path: Path) -> None:
    """The logits of another text stray less from float32's than with each weight rounded by itself."""
    tensors = random_tensors(RAW)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "wide", RAW, tensors))
    calibrated = int4_tensors(tensors)
    for one in _calibrated(checkpoint):
        name, groups = f"{one.stem}.weight", one.groups
        calibrated[name], calibrated[f"{name}_scale"], calibrated[f"{name}_offset"] = (
            groups.codes,
            groups.scale,
            groups.offset,
        )
        assert one.bias is not None
        calibrated[f"{one.stem}.bias"] = one.bias
    write_checkpoint(tmp_path / "nearest", RAW, int4_tensors(tensors))
    write_checkpoint(tmp_path / "calibrated", RAW, calibrated)
    ids = torch.randint(0, 97, (4, 60), generator=torch.Generator().manual_seed(99))

    def logits(folder: str) -> torch.Tensor:
        opened = open_checkpoint(tmp_path / folder)
        model = build_griffin(opened.config, opened.source, WeightFormat.FLOAT32, torch.device("cpu"), None)
        return model.forward(ids, model.fresh_state(4))

    expected = logits("wide")
    errors = {
        folder: float((logits(folder) - expected).norm() / expected.norm()) for folder in ("nearest", "calibrated")
    }
    assert errors["calibrated"] < 0.9 * errors["nearest"]


def test_from_int8_files(tmp_path: Path) -> None:
    """The dequantised numbers are what is rounded: the same groups as from float32 files of these numbers."""
    eight = int8_tensors(random_tensors(RAW))
    wide = {
        name: tensor.float() * eight[f"{name}_scale"][:, None] if tensor.dtype == torch.int8 else tensor
        for name, tensor in eight.items()
        if not name.endswith("_scale")
    }
    first = _calibrated(open_checkpoint(write_checkpoint(tmp_path / "8", RAW, eight)))
    second = _calibrated(open_checkpoint(write_checkpoint(tmp_path / "32", RAW, wide)))
    assert all(torch.equal(a.groups.codes, b.groups.codes) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("done", [2, 6, 12])
def test_gone_on_with_it_is_the_same(done: int, tmp_path: Path) -> None:
    """Matrices that are there already serve as they are, and those after them come out the same to the bit."""
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, RAW, random_tensors(RAW)))
    whole = _calibrated(checkpoint)
    there = {one.stem: (one.groups, one.bias) for one in whole[:done]}
    passes: list[None] = []
    rest = list(
        calibrated_groups(
            checkpoint.config,
            checkpoint.source,
            SEQUENCES,
            32,
            TorchOps(),
            known=there.get,
            on_pass=lambda: passes.append(None),
        )
    )
    assert [one.stem for one in rest] == [one.stem for one in whole if one.stem not in there]
    for one, other in zip(rest, [one for one in whole if one.stem not in there], strict=True):
        assert torch.equal(one.groups.codes, other.groups.codes)
        assert one.bias is not None and other.bias is not None and torch.equal(one.bias, other.bias)
        assert one.output_error == other.output_error
    assert passes


def test_a_damaged_matrix_is_named(tmp_path: Path) -> None:
    """Before anything is made of it."""
    tensors = random_tensors(RAW)
    name = "model.layers.0.mlp_block.down_proj.weight"
    tensors[name][3, 3] = torch.nan
    folder = write_checkpoint(tmp_path, RAW, tensors)
    checkpoint = open_checkpoint(folder)
    assert isinstance(checkpoint.source, SafetensorsSource)
    with pytest.raises(CheckpointError, match=f"{name} holds values that are not finite"):
        _calibrated(checkpoint)


def test_sequences_fit_the_window_and_begin_as_documents_do(tmp_path: Path) -> None:
    """Pieces of one length with the prefix before each; what is left over is dropped."""
    config = open_checkpoint(write_checkpoint(tmp_path, RAW, random_tensors(RAW))).config
    found = calibration_sequences(config, range(200), [7])
    assert [len(ids) for ids in found] == [config.window_keys] * 3
    assert found[1] == [7, *range(config.window_keys - 1, 2 * (config.window_keys - 1))]
