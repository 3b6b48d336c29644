"""From files of any layout to a model, and what is decided on the way."""

import shutil
from pathlib import Path

import pytest
import torch

from app.core.errors import UserError
from app.inference import loading
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig
from app.inference.cuda.choose import Choice
from app.inference.engine import Engine
from app.inference.fit import DeviceRoom
from app.inference.griffin import Griffin
from app.inference.loading import Notes, build_model
from app.inference.memory import MemoryNeed
from app.inference.weight_format import WeightFormat
from tests.checkpoints import TOKENIZER_FILES, random_tensors, raw_config, write_chat_model, write_deepmind

RAW = raw_config("recurrentgemma", vocab_size=49_152, attention_window_size=64, attention_window_keys=65)
TENSORS = {name: tensor.bfloat16() for name, tensor in random_tensors(RAW).items()}


@pytest.fixture(scope="module")
def folder(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model in Hugging Face's layout."""
    return write_chat_model(tmp_path_factory.mktemp("hf"), starter_model_path, RAW, TENSORS)


@pytest.fixture(scope="module")
def file(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same one in DeepMind's layout: one file, its tokenizer beside it."""
    path = write_deepmind(tmp_path_factory.mktemp("dm") / "tiny.pt", TENSORS, RAW)
    for name in TOKENIZER_FILES:
        shutil.copy(starter_model_path / name, path.parent)
    return path


def _logits(engine: Engine) -> torch.Tensor:
    state = engine.model.fresh_state()
    with torch.inference_mode():
        return engine.model.forward(torch.tensor([[5, 7, 11, 13]]), state)


def test_a_file_in_deepminds_layout_loads(folder: Path, file: Path) -> None:
    """The same model bit for bit, with what lies beside the file."""
    one, other = (Engine.load(path, device="cpu", weight_format="float32") for path in (folder, file))
    assert torch.equal(_logits(one), _logits(other))
    assert other.info.name == "tiny.pt"
    assert (one.info.tokenizer_hash, one.info.is_chat) == (other.info.tokenizer_hash, other.info.is_chat)


def test_only_hugging_faces_files_are_used_in_place(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are turned around take memory of their own, which must be free."""
    asked: list[int] = []

    def check(need: MemoryNeed, device: torch.device) -> None:
        asked.append(need.mapped_bytes)

    monkeypatch.setattr(loading, "check_room", check)
    for path in (folder, file):
        Engine.load(path, device="cpu", weight_format="bfloat16")
    assert asked[0] > asked[1] == 0


@pytest.mark.parametrize("slow", [True, False])
def test_an_open_choice_follows_the_device(slow: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 files run in int8 where the processor has no instructions for them, and the user hears of it."""
    slow_formats = ("bfloat16",) if slow else ()
    monkeypatch.setattr(loading, "room_of", lambda device: DeviceRoom(device.type, 1 << 40, 1 << 39, slow_formats))
    info = Engine.load(folder).info
    assert info.weight_format == ("int8" if slow else "bfloat16")
    assert [note.startswith("bfloat16, the format of the files, is slow") for note in info.notes] == [True] * slow


@pytest.mark.parametrize("asked", [True, False])
def test_kernels_that_fail_on_a_gpu(asked: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open choice falls back, with a note; a format that was asked for is refused."""
    built: list[WeightFormat] = []

    def build(config: GriffinConfig, source: TensorSource, form: WeightFormat, *_: object) -> Griffin:
        built.append(form)
        return model

    checkpoint, notes = open_checkpoint(folder), Notes()
    model = build_griffin(checkpoint.config, checkpoint.source, WeightFormat.BFLOAT16, torch.device("cpu"), None)
    monkeypatch.setattr(loading, "build_griffin", build)
    monkeypatch.setattr(
        loading, "accelerate", lambda found: Choice(found, "wrong numbers" if built[-1].is_integer else None)
    )
    monkeypatch.setattr(loading, "require_memory", lambda needed, device, what: None)
    arguments = checkpoint.config, checkpoint.source, WeightFormat.INT8, torch.device("cuda"), None, notes
    if asked:
        with pytest.raises(UserError, match=r"int8 weights do not run on this GPU \(wrong numbers\): choose"):
            build_model(*arguments, must_be_form=True)
        return
    assert build_model(*arguments).form is WeightFormat.BFLOAT16
    assert built == [WeightFormat.INT8, WeightFormat.BFLOAT16]
    assert notes.found == ["int8 weights do not run on this GPU: bfloat16 is used instead (wrong numbers)"]
