"""Conversion to int8 and int4: what is written, what is copied, what is refused, and that nothing half-done stays."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from app.core.errors import CheckpointError, ResourceError, UserError
from app.inference.checkpoints import convert as module
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.convert import Conversion, convert_checkpoint
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.kernels import TOKEN_CLASSES, KernelChoice
from app.inference.ops import TorchOps
from app.inference.quantize.plan import becomes_int4, is_matrix
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma", vocab_size=400, attention_window_size=64)
TEXT = "The state of the model has a fixed size, however long the document is. " * 60
INT8, INT4, FLOAT32 = WeightFormat.INT8, WeightFormat.INT4, WeightFormat.FLOAT32
KERNELS = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "int_mm"), {})


@pytest.fixture
def model(tmp_path: Path, gemma_like_folder: Path) -> Path:
    """A float32 model with a tokenizer, a licence, and files of weights in other formats beside them."""
    folder = write_checkpoint(tmp_path / "model", RAW, random_tensors(RAW), shards=2)
    shutil.copyfile(gemma_like_folder / "tokenizer.model", folder / "tokenizer.model")
    for name in ("LICENSE", "pytorch_model.bin", "tokenizer_config.json", ".cache"):
        (folder / name).write_text("{}")
    return folder


def _convert(model: Path, target: Path, form: WeightFormat, group: int = 32, **options: object) -> Conversion:
    return convert_checkpoint(
        model,
        target,
        form,
        ops=TorchOps(),
        calibration_text=TEXT,
        group=group,
        on_progress=options.get("on_progress"),  # type: ignore[arg-type]
    )


def _logits(folder: Path, form: WeightFormat) -> torch.Tensor:
    checkpoint = open_checkpoint(folder)
    with torch.inference_mode():
        model = build_griffin(checkpoint.config, checkpoint.source, form, torch.device("cpu"), KERNELS)
        return model.forward(torch.arange(40)[None], model.fresh_state())


@pytest.mark.parametrize(("form", "group", "most"), [(INT8, 32, 0.05), (INT4, 32, 0.3), (INT4, 64, 0.3)])
def test_the_new_folder_is_the_model(form: WeightFormat, group: int, most: float, model: Path, tmp_path: Path) -> None:
    """It opens in the new format, its logits are near the old ones, and everything but the weights came along."""
    conversion = _convert(model, tmp_path / "new", form, group)
    opened = open_checkpoint(conversion.folder)
    assert opened.stored_format is form and conversion.folder == tmp_path / "new"
    expected = _logits(model, FLOAT32)
    assert 0 < float((_logits(tmp_path / "new", form) - expected).norm() / expected.norm()) < most
    files = {file.name for file in (tmp_path / "new").iterdir()}
    assert files == {
        "LICENSE",
        "config.json",
        "model-00001-of-00001.safetensors",
        "model.safetensors.index.json",
        "tokenizer.model",
        "tokenizer_config.json",
    }
    assert conversion.nbytes == sum(file.stat().st_size for file in (tmp_path / "new").iterdir())
    config = json.loads((tmp_path / "new" / "config.json").read_text())
    note = config.pop("quantization_config")
    assert config == RAW
    assert note["quant_method"] == ("int8_rowwise" if form is INT8 else "int4_groupwise")
    assert form is INT8 or note["group_size"] == group


def test_the_report_names_every_matrix(model: Path, tmp_path: Path) -> None:
    """Once, with its format and errors; int4 ones with what calibration measured."""
    conversion = _convert(model, tmp_path / "new", INT4)
    shapes = {name: tuple(tensor.shape) for name, tensor in random_tensors(RAW).items()}
    assert sorted(one.name for one in conversion.matrices) == sorted(n for n, s in shapes.items() if is_matrix(n, s))
    for one in conversion.matrices:
        four = becomes_int4(one.name, shapes[one.name])
        assert one.form == ("int4" if four else "int8") and (one.output_error is not None) == four
        assert 0 < one.largest_error < (0.5 if four else 0.005)
    assert conversion.calibration_tokens >= 4 * 64


def test_progress_ends_at_the_total(model: Path, tmp_path: Path) -> None:
    """It only grows, and counts every weight once."""
    seen: list[tuple[int, int]] = []
    _convert(model, tmp_path / "new", INT4, on_progress=lambda done, total: seen.append((done, total)))
    total = sum(tensor.numel() for tensor in random_tensors(RAW).values())
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {whole for _, whole in seen} == {total} and seen[-1] == (total, total)


def test_int8_codes_are_kept(tmp_path: Path, model: Path) -> None:
    """From an int8 model to int4: what stays int8 keeps its very codes and scales."""
    eight = int8_tensors(random_tensors(RAW))
    (folder := tmp_path / "eight").mkdir()
    shutil.copyfile(model / "tokenizer.model", folder / "tokenizer.model")
    write_checkpoint(folder, RAW, eight)
    _convert(folder, tmp_path / "four", INT4)
    source = open_checkpoint(tmp_path / "four").source
    for name in ("model.embed_tokens.weight", "model.layers.2.temporal_block.q_proj.weight"):
        for part in (name, name + "_scale"):
            assert torch.equal(source.tensor(part), eight[part])


@pytest.mark.parametrize(
    ("form", "group", "target", "message"),
    [
        (FLOAT32, 32, "new", "a model is converted to int8 or int4, not to float32"),
        (INT4, 48, "new", "a group of 48 weights was asked for: choose 32 or 64"),
        (INT4, 32, "model", "exists already: give a folder that does not"),
        (INT8, 32, "missing/new", "missing is not a folder: make it first"),
    ],
)
def test_what_cannot_be_is_refused(
    form: WeightFormat, group: int, target: str, message: str, model: Path, tmp_path: Path
) -> None:
    """Before anything is written."""
    with pytest.raises(UserError, match=message):
        _convert(model, tmp_path / target, form, group)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(("tensors", "form"), [(int8_tensors, INT8), (int4_tensors, INT4), (int4_tensors, INT8)])
def test_rounded_twice_is_refused(
    tensors: Callable[..., dict[str, torch.Tensor]], form: WeightFormat, tmp_path: Path
) -> None:
    """int8 to int8 is nothing to do; out of int4 nothing good can come."""
    folder = write_checkpoint(tmp_path / "model", RAW, tensors(random_tensors(RAW)))
    with pytest.raises(UserError, match="weights already: convert the model's original files"):
        _convert(folder, tmp_path / "new", form)


def test_a_full_disk_is_told_before_the_work(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the need and the room."""
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000))
    with pytest.raises(ResourceError, match=r"the converted model needs .* MiB and 0 MiB are free") as caught:
        _convert(model, tmp_path / "new", INT8)
    assert caught.value.code == "disk-full"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_conversion_leaves_nothing(error: type[BaseException], model: Path, tmp_path: Path) -> None:
    """Neither the folder nor what was written under another name."""

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise error

    with pytest.raises(error):
        _convert(model, tmp_path / "new", INT4, on_progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_damaged_weights_are_named(model: Path, tmp_path: Path) -> None:
    """A value that is not finite, in a matrix and in a vector, to either format."""
    for name in ("model.layers.1.mlp_block.up_proj.weight", "model.final_norm.weight"):
        tensors = random_tensors(RAW)
        tensors[name].view(-1)[3] = torch.inf
        write_checkpoint(model, RAW, tensors, shards=2)
        for form in (INT8, INT4):
            with pytest.raises(CheckpointError, match=f"{name} holds values that are not finite"):
                _convert(model, tmp_path / "new", form)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
