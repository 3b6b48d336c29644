"""Files in the layouts that Google publishes, read by transformers and by our engine: the same logits from both."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import RecurrentGemmaForCausalLM

from app.inference.checkpoints import names
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.griffin import Griffin
from app.inference.ops import TorchOps
from app.inference.weight_format import WeightFormat
from tests.checkpoints import (
    ATTENTION,
    RECURRENT,
    TRAITS,
    random_tensors,
    raw_config,
    write_checkpoint,
    write_deepmind,
)

PATTERN = [RECURRENT, RECURRENT, ATTENTION]
TOKENS = 33  # four windows of the tiny models and one token


def _ids(count: int = TOKENS) -> torch.Tensor:
    return torch.randint(0, 97, (1, count), generator=torch.Generator().manual_seed(9))


def _as_published(key: str, layers: int) -> dict[str, Any]:
    """A tiny config.json with the keys of the published ones, those included that only other programs read."""
    return raw_config(
        "recurrentgemma",
        block_types=None,
        num_hidden_layers=layers,
        architectures=["RecurrentGemmaForCausalLM"],
        attention_bias=False,
        attention_dropout=0.0,
        bos_token_id=2,
        embeddings_scale_by_sqrt_dim=True,
        eos_token_id=1,
        final_w_init_variance_scale=2.0 / layers,
        head_dim=8,
        hidden_activation="gelu_pytorch_tanh",
        logits_soft_cap=30.0,
        lru_width=32,
        pad_token_id=0,
        partial_rotary_factor=0.5,
        rms_norm_eps=1e-6,
        rope_theta=10000.0,
        torch_dtype="bfloat16",
        transformers_version="4.40.0.dev0",
        use_cache=True,
        w_init_variance_scale=0.01,
    ) | {key: PATTERN}


def _folder(folder: Path, key: str, dtype: torch.dtype, *, layers: int, shards: int, copy: bool) -> Path:
    raw = _as_published(key, layers)
    if key != "block_types":
        del raw["block_types"]
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(raw).items()}
    if copy:
        tensors[names.HEAD] = tensors[names.EMBEDDING].clone()
    write_checkpoint(folder, raw, tensors, shards=shards)
    index = folder / "model.safetensors.index.json"
    if index.is_file():  # transformers wants the key that all published indices have
        index.write_text(json.dumps({"metadata": {}, **json.loads(index.read_text())}))
    return folder


def _engine(path: Path) -> Griffin:
    checkpoint = open_checkpoint(path)
    return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)


def _transformers(folder: Path) -> RecurrentGemmaForCausalLM:
    model, info = RecurrentGemmaForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return model.eval()


def _assert_close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    assert float((actual - expected).abs().max()) <= 1e-4 * float(expected.abs().max())


@pytest.mark.parametrize(
    ("key", "dtype", "layers", "shards", "copy"),
    [
        ("_block_types", torch.float32, 5, 1, True),  # like the 2B, the pattern's last round cut short
        ("block_types", torch.bfloat16, 8, 4, True),  # like the 9B
        ("block_types", torch.float16, 3, 2, False),
    ],
)
def test_a_folder_in_googles_layout(
    key: str, dtype: torch.dtype, layers: int, shards: int, copy: bool, tmp_path: Path
) -> None:
    """The same folder opened by both, the window sliding, the last tokens taken one by one."""
    folder = _folder(tmp_path / "model", key, dtype, layers=layers, shards=shards, copy=copy)
    ids = _ids()
    expected = _transformers(folder)(ids, use_cache=False).logits
    model = _engine(folder)
    state = model.fresh_state()
    parts = [model.forward(part, state) for part in ids.split([7, 20, 1, 1, 4], dim=1)]
    _assert_close(torch.cat(parts, dim=1), expected)


def test_a_file_in_deepminds_layout(tmp_path: Path) -> None:
    """Read as it is by the engine; made into a Hugging Face folder, which transformers reads, with bits unchanged."""
    raw = raw_config("recurrentgemma", num_hidden_layers=5)
    tensors = {name: tensor.bfloat16() for name, tensor in random_tensors(raw).items()}
    # transformers knows no ninth key.
    file = write_deepmind(tmp_path / "tiny.pt", tensors, {**TRAITS, "attention_window_keys": 8})
    folder = tmp_path / "converted"
    convert_checkpoint(file, folder, None, ops=TorchOps(), calibration_text="")
    written = open_checkpoint(folder).source
    for name, tensor in tensors.items():
        assert torch.equal(written.tensor(name).view(torch.int16), tensor.view(torch.int16)), name
    ids = _ids()
    expected = _transformers(folder)(ids, use_cache=False).logits
    for path in (file, folder):
        model = _engine(path)
        _assert_close(model.forward(ids, model.fresh_state()), expected)
