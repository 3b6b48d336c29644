"""Conversion: what is written, what is copied, what is refused, what is told."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from app.core.errors import CheckpointError, ResourceError, UserError
from app.inference.checkpoints import conversion_run as module
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.conversion_report import Conversion, ConversionProgress
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.kernels import TOKEN_CLASSES, KernelChoice
from app.inference.manifest import Manifest, check_files, read_manifest, write_manifest
from app.inference.ops import TorchOps
from app.inference.quantize.plan import becomes_int4, is_matrix
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma", vocab_size=400, attention_window_size=64)
TEXT = "The state of the model has a fixed size, however long the document is. " * 60
CHECK = "A user asks a question and the model answers it from the pages it has read. " * 4
INT8, INT4, FLOAT32, BFLOAT16 = WeightFormat.INT8, WeightFormat.INT4, WeightFormat.FLOAT32, WeightFormat.BFLOAT16
KERNELS = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "int_mm"), {})


@pytest.fixture
def model(tmp_path: Path, gemma_like_folder: Path) -> Path:
    """A float32 model with a tokenizer, a licence, and files of weights in other formats beside them."""
    folder = write_checkpoint(tmp_path / "model", RAW, random_tensors(RAW), shards=2)
    shutil.copyfile(gemma_like_folder / "tokenizer.model", folder / "tokenizer.model")
    for name in ("LICENSE", "pytorch_model.bin", "tokenizer_config.json", ".cache"):
        (folder / name).write_text("{}")
    return folder


def _convert(model: Path, target: Path, form: WeightFormat | None, group: int = 32, **options: object) -> Conversion:
    return convert_checkpoint(
        model,
        target,
        form,
        ops=TorchOps(),
        calibration_text=TEXT,
        group=group,
        check_text=options.get("check_text"),  # type: ignore[arg-type]
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
        "README.md",
        "config.json",
        "griffin-desk.json",
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
    """It only grows, first by the bytes of the source's tensors, then by those that are read again."""
    seen: list[ConversionProgress] = []
    _convert(model, tmp_path / "new", INT4, check_text=CHECK, on_progress=seen.append)
    converting = [one for one in seen if one.stage == "converting"]
    total = sum(tensor.nbytes for tensor in random_tensors(RAW).values())
    assert {one.total_bytes for one in converting} == {total} and converting[-1].done_bytes == total
    assert [one.done_bytes for one in converting] == sorted(one.done_bytes for one in converting)
    checking = seen[len(converting) :]
    assert {one.stage for one in checking} == {"checking"} and checking[-1].done_bytes == checking[-1].total_bytes


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
        (FLOAT32, 32, "new", "a model is converted to bfloat16, int8, int4, not to float32"),
        (INT4, 48, "new", "a group of 48 weights was asked for: choose 32 or 64"),
        (INT4, 32, "model", "exists already: give a folder that does not"),
        (INT8, 32, "missing/new", "missing is not a folder: make it first"),
        (INT8, 32, "/", "/ exists already: give a folder that does not"),
    ],
)
def test_what_cannot_be_is_refused(
    form: WeightFormat, group: int, target: str, message: str, model: Path, tmp_path: Path
) -> None:
    """Before anything is written."""
    with pytest.raises(UserError, match=message):
        _convert(model, tmp_path / target, form, group)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("tensors", "form"),
    [
        (int8_tensors, INT8),
        (int4_tensors, INT4),
        (int4_tensors, INT8),
        (int8_tensors, BFLOAT16),
        (int4_tensors, BFLOAT16),
    ],
)
def test_rounded_twice_is_refused(
    tensors: Callable[..., dict[str, torch.Tensor]], form: WeightFormat, tmp_path: Path
) -> None:
    """int8 to int8 is nothing to do; out of int4 nothing good can come."""
    folder = write_checkpoint(tmp_path / "model", RAW, tensors(random_tensors(RAW)))
    with pytest.raises(UserError, match="weights already: convert the model's original files"):
        _convert(folder, tmp_path / "new", form)


def test_a_full_disk_is_told_before_the_work(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the need and the room; nothing is left behind."""
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ResourceError, match=r"the converted model needs .* MiB and 0 MiB are free") as caught:
        _convert(model, tmp_path / "new", INT8)
    assert caught.value.code == "disk-full" and sorted(tmp_path.iterdir()) == before


def test_the_check_measures_both_sides(model: Path, tmp_path: Path) -> None:
    """Perplexities of a text that the conversion has not seen: near each other, and not the same."""
    made = _convert(model, tmp_path / "new", INT8, check_text=CHECK)
    assert made.perplexity_before is not None and made.perplexity_after is not None
    assert made.perplexity_after == pytest.approx(made.perplexity_before, rel=0.02)
    assert made.perplexity_after != made.perplexity_before and made.check_tokens > 20
    assert f"{made.perplexity_before:.3f} with the source's" in (tmp_path / "new" / "README.md").read_text()
    # Without a tokenizer there is nothing to measure by; the conversion needs none.
    (model / "tokenizer.model").unlink()
    made = _convert(model, tmp_path / "other", INT8, check_text=CHECK)
    assert made.perplexity_after is None and "the perplexity was not measured" in made.notes[0]


@pytest.mark.parametrize("text", [TEXT, TEXT[40:200], f"{TEXT} and more", "", "  "])
def test_the_text_to_check_with_is_another(text: str, model: Path, tmp_path: Path) -> None:
    """Not the one that int4 was fitted to, nor part of it."""
    with pytest.raises(UserError, match="must be another than the one to calibrate with"):
        _convert(model, tmp_path / "new", INT4, check_text=text)


def test_the_record_of_files(model: Path, tmp_path: Path) -> None:
    """Names every file, and carries on where the source came from."""
    write_manifest(model, Manifest("google/g at 123", {}, "google/g", "123", True))
    _convert(model, tmp_path / "new", INT8)
    manifest = read_manifest(tmp_path / "new")
    assert manifest is not None
    assert (manifest.source, manifest.repository, manifest.revision, manifest.instruction_tuned) == (
        "google/g, converted to int8",
        "google/g",
        "123",
        True,
    )
    assert set(manifest.files) == {path.name for path in (tmp_path / "new").iterdir()} - {"griffin-desk.json"}
    assert check_files(tmp_path / "new", manifest) == []


def test_a_source_without_a_record(model: Path, tmp_path: Path) -> None:
    """Is called by its folder's name; a damaged record is none."""
    (model / "griffin-desk.json").write_text("[]")
    _convert(model, tmp_path / "new", None)
    manifest = read_manifest(tmp_path / "new")
    assert manifest is not None and manifest.source == "model, as stored" and manifest.instruction_tuned is None


def test_the_source_is_left_as_it_is(model: Path, tmp_path: Path) -> None:
    """Every file of it, to the bit."""
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    _convert(model, tmp_path / "new", INT4)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before


def test_a_disk_that_does_not_keep_it(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told by the file; the same call makes that one again and ends well."""
    intact = module.is_intact
    lost: list[Path] = []

    def damage(path: Path, *rest: Any) -> bool:
        if not lost:
            lost.append(path)
            path.write_bytes(b"0" + path.read_bytes()[1:])
        return intact(path, *rest)

    monkeypatch.setattr(module, "is_intact", damage)
    with pytest.raises(ResourceError, match=r"model-.*safetensors is not on the disk as it was written") as caught:
        _convert(model, tmp_path / "new", INT8)
    assert caught.value.code == "damaged-write"
    _convert(model, tmp_path / "new", INT8)
    assert open_checkpoint(tmp_path / "new").stored_format is INT8


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EIO, "out")])
def test_a_disk_that_gives_out(
    number: int, code: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is told in a sentence, and what was finished is gone on with."""

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("app.inference.checkpoints.conversion_work.ShardFile.finish", full)
        with pytest.raises(ResourceError, match=r"new cannot be written .* goes on from there") as caught:
            _convert(model, tmp_path / "new", INT8)
    assert caught.value.code == code and (tmp_path / ".new.partial").is_dir()
    _convert(model, tmp_path / "new", INT8)
    assert open_checkpoint(tmp_path / "new").stored_format is INT8


def test_a_text_too_short_to_calibrate(model: Path, tmp_path: Path) -> None:
    """Is refused before anything is written."""
    with pytest.raises(UserError, match="calibration text is too short"):
        convert_checkpoint(model, tmp_path / "new", INT4, ops=TorchOps(), calibration_text="Short.")
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


def test_here_is_no_new_folder(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` is refused by its name, and nothing is written beside it."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(UserError, match="here exists already: give a folder that does not"):
        _convert(model, Path(), INT8)
    assert list(here.iterdir()) == [] and sorted(path.name for path in tmp_path.iterdir()) == ["here", "model"]
