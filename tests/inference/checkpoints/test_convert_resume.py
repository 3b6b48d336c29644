"""Conversions that are interrupted, and go on."""

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from app.core.errors import CheckpointError, UserError
from app.inference.checkpoints.conversion_journal import JOURNAL, read_journal
from app.inference.checkpoints.conversion_report import Conversion, ConversionProgress
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.partial import partial_folder
from app.inference.ops import TorchOps
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint
from tests.inference.checkpoints.converting import CALIBRATION, SHARD_BYTES, in_process, processes

RAW = raw_config("recurrentgemma", vocab_size=420, attention_window_size=64, num_hidden_layers=4)
INT8, INT4 = WeightFormat.INT8, WeightFormat.INT4


@pytest.fixture(scope="module", autouse=True)
def no_power_cuts() -> Iterator[None]:
    """Nothing waits for the disk: what processes do to each other goes through the system's memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, gemma_like_folder: Path) -> Path:
    """Four blocks in bfloat16, with a tokenizer."""
    tensors = {name: tensor.bfloat16() for name, tensor in random_tensors(RAW).items()}
    folder = write_checkpoint(tmp_path_factory.mktemp("source") / "model", RAW, tensors)
    shutil.copyfile(gemma_like_folder / "tokenizer.model", folder / "tokenizer.model")
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Callable[[WeightFormat], dict[str, bytes]]:
    """What an uninterrupted conversion to a format writes."""
    found: dict[WeightFormat, dict[str, bytes]] = {}

    def written(form: WeightFormat) -> dict[str, bytes]:
        if form not in found:
            target = tmp_path_factory.mktemp("whole") / "new"
            _convert(model, target, form)
            found[form] = _files(target)
        return found[form]

    return written


def _convert(model: Path, target: Path, form: WeightFormat, **options: object) -> Conversion:
    return convert_checkpoint(
        model,
        target,
        form,
        ops=TorchOps(),
        calibration_text=str(options.get("calibration_text", CALIBRATION)),
        group=int(str(options.get("group", 32))),
        shard_bytes=SHARD_BYTES,
        on_progress=options.get("on_progress"),  # type: ignore[arg-type]
    )


def _files(folder: Path) -> dict[str, bytes]:
    # The card and the record of files tell of the check, which is not done in every run here.
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name not in ("README.md", "griffin-desk.json")
    }


def _stop_after(model: Path, target: Path, form: WeightFormat, shards: int, **options: object) -> None:
    """Interrupt a conversion as Ctrl-C does, once so many files are complete."""

    def stop(progress: ConversionProgress) -> None:
        if len(list(partial_folder(target).glob("*.safetensors"))) >= shards:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _convert(model, target, form, on_progress=stop, **options)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server, and no SIGKILL")
@pytest.mark.parametrize("form", [INT8, INT4])
def test_killed_again_and_again_it_ends_as_if_nothing_had_been(
    form: WeightFormat, model: Path, whole: Callable[[WeightFormat], dict[str, bytes]], tmp_path: Path
) -> None:
    """Each run is killed a few steps later than the one before; the last gives the same files to the bit."""
    context, target = processes(), tmp_path / "new"
    steps = 1
    while (code := in_process(context, model, target, form, steps)) == -signal.SIGKILL:
        assert steps < 2000
        steps += 6 + steps
        if target.exists() and not (target / JOURNAL).exists():
            break  # all was done when it was killed
    assert code in (0, -signal.SIGKILL)
    assert {path.name for path in tmp_path.iterdir()} - {".new.lock"} == {"new"}
    assert _files(target) == whole(form)
    (tmp_path / "again").mkdir()
    assert in_process(context, model, tmp_path / "again" / "new", form) == 0
    for name in ("README.md", "griffin-desk.json"):
        assert (target / name).read_bytes() == (tmp_path / "again" / "new" / name).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server, and no SIGKILL")
def test_killed_between_the_name_and_the_end_it_is_complete(model: Path, tmp_path: Path) -> None:
    """Called once more it tells what the killed run would have told, and tidies up."""
    expected = _convert(model, tmp_path / "whole", INT8)
    (tmp_path / "at").mkdir()
    target = tmp_path / "at" / "new"
    assert in_process(processes(), model, target, INT8, named=True) == -signal.SIGKILL
    assert (target / JOURNAL).is_file()
    made = convert_checkpoint(
        model, target, INT8, ops=TorchOps(), calibration_text=CALIBRATION, shard_bytes=SHARD_BYTES
    )
    assert made.matrices == expected.matrices and made.folder == target
    assert made.perplexity_after is not None
    assert {path.name for path in target.iterdir()} == {path.name for path in (tmp_path / "whole").iterdir()}
    with pytest.raises(UserError, match="exists already"):
        _convert(model, target, INT8)


@pytest.mark.parametrize("form", [INT8, INT4])
def test_what_is_complete_is_not_made_again(
    form: WeightFormat, model: Path, whole: Callable[[WeightFormat], dict[str, bytes]], tmp_path: Path
) -> None:
    """The files stay the very same ones; the report speaks of all tensors, and of what was gone on from."""
    target = tmp_path / "new"
    _stop_after(model, target, form, 3)
    before = {path.name: path.stat().st_ino for path in partial_folder(target).glob("*.safetensors")}
    assert len(before) >= 3
    made = _convert(model, target, form)
    after = {path.name: path.stat().st_ino for path in target.glob("*.safetensors")}
    assert before.items() <= after.items() and len(after) > len(before)
    assert 0 < made.went_on < sum(path.stat().st_size for path in model.glob("*.safetensors"))
    assert made.matrices == _convert(model, tmp_path / "other", form).matrices
    assert _files(target) == whole(form)


@pytest.mark.parametrize("form", [INT8, INT4])
def test_a_damaged_file_is_made_again(
    form: WeightFormat, model: Path, whole: Callable[[WeightFormat], dict[str, bytes]], tmp_path: Path
) -> None:
    """One in the middle of what was complete: those after it are kept, and the result is the same."""
    target = tmp_path / "new"
    _stop_after(model, target, form, 4)
    first, second, *others = sorted(partial_folder(target).glob("*.safetensors"))
    content = bytearray(second.read_bytes())
    content[-1] ^= 1
    second.write_bytes(content)
    kept = {path.name: path.stat().st_ino for path in (first, *others)}
    _convert(model, target, form)
    assert kept.items() <= {path.name: path.stat().st_ino for path in target.iterdir()}.items()
    assert _files(target) == whole(form)


@pytest.mark.parametrize(
    ("change", "options"),
    [("group", {"group": 64}), ("text", {"calibration_text": CALIBRATION + "More."}), ("source", {})],
)
def test_another_conversion_begins_anew(change: str, options: dict[str, object], model: Path, tmp_path: Path) -> None:
    """Of another group, text or source: nothing of the first one is used."""
    source, target = tmp_path / "source", tmp_path / "new"
    shutil.copytree(model, source)
    _stop_after(source, target, INT4, 2)
    if change == "source":
        write_checkpoint(source, RAW, {n: t.bfloat16() for n, t in random_tensors(RAW, seed=1).items()})
    made = _convert(source, target, INT4, **options)
    assert made.went_on == 0
    _convert(source, tmp_path / "fresh", INT4, **options)
    assert _files(target) == _files(tmp_path / "fresh")


def test_what_was_not_finished_by_an_error_stays(model: Path, tmp_path: Path) -> None:
    """Whatever the caller raises; the folder holds whole files and the journal that names them."""
    target = tmp_path / "new"
    _stop_after(model, target, INT8, 2)
    assert [path.name for path in tmp_path.iterdir()] == [".new.partial"]
    names = {path.name for path in partial_folder(target).iterdir() if path.suffix == ".safetensors"}
    assert f'"{min(names)}"' in (partial_folder(target) / JOURNAL).read_text()
    assert read_journal(partial_folder(target), "other") is None


def test_a_damaged_source_leaves_nothing(model: Path, tmp_path: Path) -> None:
    """No other run could make good of it."""
    tensors = random_tensors(RAW)
    tensors["model.layers.3.mlp_block.up_proj.weight"][3, 3] = torch.nan
    source = write_checkpoint(tmp_path / "source", RAW, tensors)
    shutil.copyfile(model / "tokenizer.model", source / "tokenizer.model")
    for form in (INT8, INT4):
        with pytest.raises(CheckpointError, match=r"layers.3.mlp_block.up_proj.weight holds values that are not"):
            _convert(source, tmp_path / "new", form)
        assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_two_runs_on_one_target(model: Path, tmp_path: Path) -> None:
    """The second is refused in a sentence, and the first is none the worse."""
    target = tmp_path / "new"
    refusals = []

    def again(progress: ConversionProgress) -> None:
        if not refusals:
            with pytest.raises(UserError, match="is being written by another run") as caught:
                _convert(model, target, INT8)
            refusals.append(caught.value.code)

    _convert(model, target, INT8, on_progress=again)
    assert refusals == ["busy"] and [path.name for path in tmp_path.iterdir()] == ["new"]
