"""Perplexity block by block, against the whole model."""

import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from app.inference import perplexity as module
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.ops import TorchOps
from app.inference.perplexity import check_sequences, compare_perplexity
from app.inference.tokenizers.base import Tokenizer
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

SEQUENCES = [[5, 7, 11, 13, 2, 3, 90], list(range(20, 28)), [1, 2]]


def _opened(folder: Path, raw: dict[str, object], tensors: dict[str, torch.Tensor]) -> Checkpoint:
    return open_checkpoint(write_checkpoint(folder, raw, tensors))


def _note(seen: list[tuple[int, int]], done: int, parts: int) -> None:
    seen.append((done, parts))


def _whole(checkpoint: Checkpoint) -> float:
    """The same by the whole model in float32."""
    model = build_griffin(
        checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None, TorchOps()
    )
    total, tokens = 0.0, 0
    for ids in SEQUENCES:
        logits = model.forward(torch.tensor([ids]), model.fresh_state())[0, :-1]
        total += float(cross_entropy(logits, torch.tensor(ids[1:]), reduction="sum"))
        tokens += len(ids) - 1
    return math.exp(total / tokens)


@pytest.mark.parametrize("kind", ["recurrentgemma", "griffin", "hawk"])
def test_as_by_the_whole_models(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides, in float32, int8 and int4, with the head in many slices."""
    monkeypatch.setattr(module, "_HEAD_WEIGHTS", 32 * 10)
    raw, tensors = raw_config(kind), random_tensors(raw_config(kind))
    wide = _opened(tmp_path / "wide", raw, tensors)
    for name, make in (("int8", int8_tensors), ("int4", int4_tensors)):
        other = _opened(tmp_path / name, raw, make(tensors))
        seen: list[tuple[int, int]] = []
        found = compare_perplexity(wide.config, wide.source, other.source, SEQUENCES, TorchOps(), partial(_note, seen))
        assert found is not None and found.tokens == 14
        assert found.before == pytest.approx(_whole(wide), rel=1e-4)
        assert found.after == pytest.approx(_whole(other), rel=1e-4) != found.before
        parts = len(wide.config.block_types) + 1
        assert seen[-1] == (parts, parts) and seen == sorted(seen)


def test_nothing_to_score(tmp_path: Path) -> None:
    """No sequence, no perplexity."""
    wide = _opened(tmp_path, raw_config("griffin"), random_tensors(raw_config("griffin")))
    assert compare_perplexity(wide.config, wide.source, wide.source, [], TorchOps(), lambda done, parts: None) is None


def test_sequences_are_the_beginning_of_the_text(tmp_path: Path, gemma_like: Tokenizer) -> None:
    """Each with the document's prefix, as long as the window, a rest of at least one token; no more than the most."""
    raw = raw_config("recurrentgemma", vocab_size=420)
    config = _opened(tmp_path, raw, random_tensors(raw)).config
    text = "The state of the model has a fixed size. " * 5
    ids, prefix = gemma_like.encode(text), list(gemma_like.document_prefix)
    found = check_sequences(config, gemma_like, text)
    assert [id_ for piece in found for id_ in piece[len(prefix) :]] == ids
    assert all(piece[: len(prefix)] == prefix and len(piece) <= config.window_keys for piece in found)
    long = check_sequences(config, gemma_like, text * 200)
    assert sum(len(piece) - len(prefix) for piece in long) == module.CHECK_TOKENS
    assert check_sequences(config, gemma_like, "") == []
