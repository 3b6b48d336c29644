from __future__ import annotations

import sys

import pytest
import torch

from app.core.errors import ResourceError, UserError
from app.inference.bench import transformer
from app.inference.bench.transformer import GEMMA_2B, TransformerShape, TransformerSubject, transformer_dtype

CPU = torch.device("cpu")
TINY = TransformerShape("tiny", 97, 32, 64, layers=3, heads=4, kv_heads=1, head_dim=8)


@pytest.fixture
def subject() -> TransformerSubject:
    """The tiny shape in float32."""
    return TransformerSubject(TINY, CPU, torch.float32)


def test_gemma_2b_is_the_published_model() -> None:
    """2.506 billion parameters; 18,432 bytes of cache a token in bfloat16."""
    assert GEMMA_2B.parameters == 2_506_172_416
    assert GEMMA_2B.cache_bytes(1, 2) == 18_432


def test_weights_are_the_shape_s(subject) -> None:
    """The module has as many parameters as the shape says, the tied head once."""
    assert subject.facts.parameters == TINY.parameters
    assert subject.facts.weights_bytes == 4 * TINY.parameters


def test_module_computes_what_transformers_builds(subject) -> None:
    """Made in place, buffers included: the same scores as a module of the library's own making."""
    model = subject._model
    usual = type(model)(model.config).eval()
    usual.load_state_dict(model.state_dict())
    ids = torch.arange(20)[None]
    with torch.inference_mode():
        assert torch.equal(model(ids).logits, usual(ids).logits)


def test_cache_of_a_length_nobody_read(subject) -> None:
    """The cache has that length at once and grows by every token read and written."""
    subject.start(50)
    assert subject.read(10) > 0
    assert subject.write(3) > 0
    assert subject._cache.get_seq_length() == 63
    keys = [layer.keys for layer in subject._cache.layers]
    assert sum(2 * key.nbytes for key in keys) == subject.state_bytes(63)


def test_reading_from_nothing(subject) -> None:
    """Length 0 is an empty cache; stopping drops it."""
    subject.start(0)
    subject.read(12)
    assert subject._cache.get_seq_length() == 12
    subject.stop()
    assert subject._cache is None


def test_bytes_read_grow_with_the_length(subject) -> None:
    """Each further token costs its keys and values."""
    assert subject.bytes_read(101) - subject.bytes_read(100) == TINY.cache_bytes(1, 4)
    assert subject.need_bytes(1 << 20, 2048) > subject.need_bytes(2048, 2048) > subject.state_bytes(4096)


def test_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """float32 where bfloat16 is slow, unless it does not fit; bfloat16 elsewhere."""
    monkeypatch.setattr(transformer, "has_fast_bfloat16", lambda device: False)
    monkeypatch.setattr(transformer, "shortage", lambda need, device: None)
    assert transformer_dtype(TINY, CPU) == torch.float32
    assert transformer_dtype(TINY, torch.device("cuda")) == torch.bfloat16
    monkeypatch.setattr(transformer, "shortage", lambda need, device: "needs much")
    assert transformer_dtype(TINY, CPU) == torch.bfloat16
    monkeypatch.setattr(transformer, "shortage", lambda need, device: None)
    monkeypatch.setattr(transformer, "has_fast_bfloat16", lambda device: True)
    assert transformer_dtype(TINY, CPU) == torch.bfloat16


def test_without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says how to get it."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"pip install 'griffin-desk\[bench\]'"):
        TransformerSubject(TINY, CPU, torch.float32)


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is allocated for a model that does not fit."""
    monkeypatch.setattr("app.inference.free_memory.free_bytes", lambda device: 1 << 30)
    with pytest.raises(ResourceError, match=r"Gemma-2B shape in float32.* 9\.3 GiB, 1\.0 GiB are free"):
        TransformerSubject(GEMMA_2B, CPU, torch.float32)
