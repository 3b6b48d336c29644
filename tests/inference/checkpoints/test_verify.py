"""What is found wrong with a model's files, and that nothing is where nothing is."""

from pathlib import Path

import pytest
import torch

from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.verify import VerifyReport, verify_model
from app.inference.ops import TorchOps
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint, write_deepmind

RAW = raw_config("recurrentgemma")


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    """An int8 model with a record of its files."""
    source = write_checkpoint(tmp_path / "source", RAW, random_tensors(RAW))
    convert_checkpoint(source, tmp_path / "model", WeightFormat.INT8, ops=TorchOps(), calibration_text="")
    return tmp_path / "model"


def _verify(path: Path) -> VerifyReport:
    seen: list[tuple[int, int]] = []
    report = verify_model(path, lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    if not report.problems:
        assert seen[-1][0] == seen[-1][1]
    return report


def test_a_sound_model(converted: Path) -> None:
    """Every file of the record and every tensor was looked at."""
    report = _verify(converted)
    files = len(list(converted.iterdir())) - 1
    tensors = random_tensors(RAW)
    matrices = sum(tensor.dim() == 2 and name.endswith(".weight") for name, tensor in tensors.items())
    assert report == VerifyReport((), files, len(tensors) + matrices, True)


def test_a_model_without_a_record(tmp_path: Path) -> None:
    """A folder or a file: its tensors are looked at."""
    folder = write_checkpoint(tmp_path / "model", RAW, random_tensors(RAW))
    assert _verify(folder) == VerifyReport((), 0, len(random_tensors(RAW)), False)
    assert _verify(write_deepmind(tmp_path / "2b" / "2b.pt", random_tensors(RAW), RAW)).problems == ()


def test_one_wrong_bit(converted: Path) -> None:
    """Is found in a weight, and in a small file."""
    for name in ("model-00001-of-00001.safetensors", "model.safetensors.index.json"):
        path = converted / name
        before = path.read_bytes()
        path.write_bytes(before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
        problems = _verify(converted).problems
        assert any(problem.startswith(f"{name} has the SHA-256") for problem in problems)
        path.write_bytes(before)
    assert _verify(converted).problems == ()


def test_a_file_that_is_gone(converted: Path) -> None:
    """By the record and by what cannot be opened without it."""
    (converted / "model-00001-of-00001.safetensors").unlink()
    first, second = _verify(converted).problems
    assert "lacks model-00001-of-00001.safetensors" in first
    assert second == "model-00001-of-00001.safetensors is missing"


def test_a_damaged_record(converted: Path) -> None:
    """Is a problem; the tensors are looked at all the same."""
    (converted / "griffin-desk.json").write_text("[]")
    report = _verify(converted)
    assert len(report.problems) == 1 and "griffin-desk.json" in report.problems[0]
    assert not report.has_manifest and report.checked_tensors > 0


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    """Each tensor with how many."""
    tensors = random_tensors(RAW)
    tensors["model.final_norm.weight"][:3] = torch.nan
    tensors["model.layers.1.mlp_block.up_proj.weight"][0, 0] = torch.inf
    report = _verify(write_checkpoint(tmp_path, RAW, tensors))
    assert sorted(report.problems) == [
        "model.final_norm.weight holds 3 values that are not finite: get the model's files again",
        "model.layers.1.mlp_block.up_proj.weight holds 1 values that are not finite: get the model's files again",
    ]


def test_a_head_of_its_own(tmp_path: Path) -> None:
    """A copy of the embedding is as it should be; anything else is told."""
    tensors = random_tensors(RAW)
    head = tensors["model.embed_tokens.weight"].clone()
    assert _verify(write_checkpoint(tmp_path / "a", RAW, {**tensors, "lm_head.weight": head})).problems == ()
    head[5, 5] += 1
    problems = _verify(write_checkpoint(tmp_path / "b", RAW, {**tensors, "lm_head.weight": head})).problems
    assert len(problems) == 1 and "lm_head.weight differs from" in problems[0]


def test_config_and_weights_disagree(tmp_path: Path) -> None:
    """By the sentence of the one who opens it."""
    folder = write_checkpoint(tmp_path, {**RAW, "num_hidden_layers": 4}, random_tensors(RAW))
    report = _verify(folder)
    assert len(report.problems) == 1 and report.checked_tensors == 0
