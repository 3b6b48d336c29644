"""Conversion that leaves floating point numbers: as they are, and in bfloat16, read by transformers too."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import RecurrentGemmaForCausalLM

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.conversion_report import Conversion
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.ops import TorchOps
from app.inference.weight_format import WeightFormat
from tests.checkpoints import (
    int4_tensors,
    int8_tensors,
    random_tensors,
    raw_config,
    write_checkpoint,
    write_deepmind,
)

RAW = raw_config("recurrentgemma")
IDS = torch.randint(0, 97, (1, 33), generator=torch.Generator().manual_seed(9))
FLOAT32, BFLOAT16 = WeightFormat.FLOAT32, WeightFormat.BFLOAT16


def _convert(source: Path, target: Path, form: WeightFormat | None) -> Conversion:
    return convert_checkpoint(source, target, form, ops=TorchOps(), calibration_text="", shard_bytes=20_000)


def _logits(folder: Path) -> torch.Tensor:
    checkpoint = open_checkpoint(folder)
    with torch.inference_mode():
        model = build_griffin(checkpoint.config, checkpoint.source, FLOAT32, torch.device("cpu"), None)
        return model.forward(IDS, model.fresh_state())


def _theirs(folder: Path) -> torch.Tensor:
    model = RecurrentGemmaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        return model(IDS, use_cache=False).logits


@pytest.mark.parametrize("form", [None, BFLOAT16])
def test_transformers_loads_the_result(form: WeightFormat | None, tmp_path: Path) -> None:
    """From DeepMind's file, in several shards: the same logits as from our engine, within the window of both rules."""
    raw = {**RAW, "attention_window_size": IDS.shape[1]}
    source = write_deepmind(tmp_path / "deepmind" / "2b.pt", random_tensors(raw), raw)
    _convert(source, tmp_path / "new", form)
    assert len(list((tmp_path / "new").glob("model-*.safetensors"))) > 2
    expected = _theirs(tmp_path / "new")
    torch.testing.assert_close(_logits(tmp_path / "new"), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_as_it_is_every_tensor_stays(dtype: torch.dtype, tmp_path: Path) -> None:
    """To the bit, the head's copy left out; every file says that its tensors are torch's."""
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(RAW).items()}
    head = {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}
    source = write_checkpoint(tmp_path / "model", RAW, {**tensors, **head}, shards=2)
    made = _convert(source, tmp_path / "new", None)
    written = open_checkpoint(tmp_path / "new").source
    assert set(written.names()) == set(tensors) and made.matrices == () and made.notes == ()
    for name, tensor in tensors.items():
        assert written.tensor(name).dtype == dtype and torch.equal(written.tensor(name), tensor)
    for path in (tmp_path / "new").glob("*.safetensors"):
        with safe_open(path, "pt") as opened:
            assert opened.metadata() == {"format": "pt"}
    index = json.loads((tmp_path / "new" / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in tensors.values())
    assert json.loads((tmp_path / "new" / "config.json").read_text()) == RAW


@pytest.mark.parametrize("make", [int8_tensors, int4_tensors])
def test_integer_codes_stay_as_they_are(make: Callable[..., dict[str, torch.Tensor]], tmp_path: Path) -> None:
    """With their scales and offsets, and what config.json says of them."""
    tensors, raw = make(random_tensors(RAW)), {**RAW, "quantization_config": {"quant_method": "ours"}}
    _convert(write_checkpoint(tmp_path / "model", raw, tensors), tmp_path / "new", None)
    written = open_checkpoint(tmp_path / "new").source
    assert set(written.names()) == set(tensors)
    assert all(torch.equal(written.tensor(name), tensor) for name, tensor in tensors.items())
    assert json.loads((tmp_path / "new" / "config.json").read_text()) == raw


@pytest.mark.parametrize(
    ("keys", "expected"),
    [({}, {"torch_dtype"}), ({"dtype": "float32"}, {"dtype"}), ({"torch_dtype": "float32"}, {"torch_dtype"})],
)
def test_bfloat16_rounds_every_tensor(keys: dict[str, str], expected: set[str], tmp_path: Path) -> None:
    """To the nearest, with the error of each; the config says so under the key that was there."""
    tensors = random_tensors(RAW)
    source = write_checkpoint(tmp_path / "model", {**RAW, **keys}, tensors)
    made = _convert(source, tmp_path / "new", BFLOAT16)
    written = open_checkpoint(tmp_path / "new").source
    assert all(torch.equal(written.tensor(name), tensor.bfloat16()) for name, tensor in tensors.items())
    assert {one.name for one in made.matrices} == set(tensors) and {one.form for one in made.matrices} == {"bfloat16"}
    for one in made.matrices:
        tensor = tensors[one.name]
        change = float((tensor - tensor.bfloat16().float()).abs().max())
        assert one.largest_error == pytest.approx(change / float(tensor.bfloat16().abs().max()))
    config = json.loads((tmp_path / "new" / "config.json").read_text())
    assert {key for key, value in config.items() if value == "bfloat16"} == expected


def test_a_head_that_differs_is_told(tmp_path: Path) -> None:
    """It is left out, as transformers leaves it out."""
    tensors = random_tensors(RAW)
    source = write_checkpoint(tmp_path / "model", RAW, {**tensors, "lm_head.weight": torch.zeros(97, 32)})
    made = _convert(source, tmp_path / "new", None)
    assert len(made.notes) == 1 and "lm_head.weight differs from" in made.notes[0]
    assert "lm_head.weight" not in set(open_checkpoint(tmp_path / "new").source.names())


def test_a_file_takes_what_belongs_to_it_along(tmp_path: Path, gemma_like_folder: Path) -> None:
    """From a folder with much else: the tokenizer and the licence, and the card under another name."""
    folder = tmp_path / "downloads"
    write_deepmind(folder / "2b.pt", random_tensors(RAW), RAW)
    shutil.copyfile(gemma_like_folder / "tokenizer.model", folder / "tokenizer.model")
    for name in ("photo.jpg", "letter.txt", "LICENSE.txt", "README.md", "9b.pt", "chat_template.jinja"):
        (folder / name).write_text(name)
    _convert(folder / "2b.pt", tmp_path / "new", None)
    shards = {path.name for path in (tmp_path / "new").glob("*.safetensors")}
    assert {path.name for path in (tmp_path / "new").iterdir()} - shards == {
        "LICENSE.txt",
        "README-original.md",
        "README.md",
        "chat_template.jinja",
        "config.json",
        "griffin-desk.json",
        "model.safetensors.index.json",
        "tokenizer.model",
    }
    assert (tmp_path / "new" / "README-original.md").read_text() == "README.md"
