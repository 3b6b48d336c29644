"""Choice of the device, and what a lack of memory becomes."""

import pytest
import torch

from app.core.errors import ResourceError, UserError
from app.inference.devices import has_fast_bfloat16, memory_errors, pick_device, slow_formats


@pytest.mark.parametrize(("there", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_cuda_where_there_is_one(there: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MPS must be asked for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device() == torch.device(expected)
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("mps") == torch.device("mps")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_absent_device_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to use instead."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match=f"device '{name}' was asked for.*use --device cpu"):
        pick_device(name)


@pytest.mark.parametrize("name", ["", "gpu", "cuda:1", "CPU"])
def test_unknown_device_is_refused(name: str) -> None:
    """With the list of those there are."""
    with pytest.raises(UserError, match=f"unknown device '{name}': choose one of auto, cpu, cuda, mps"):
        pick_device(name)


@pytest.mark.parametrize("answers", [(False, False), (True, False), (False, True)])
def test_processor_is_asked(answers: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """AVX-512 BF16 or AMX will do; a torch without these questions counts as slow."""
    for name, answer in zip(("_is_avx512_bf16_supported", "_is_amx_tile_supported"), answers, strict=True):
        monkeypatch.setattr(torch.cpu, name, lambda answer=answer: answer)
    assert has_fast_bfloat16(torch.device("cpu")) is any(answers)
    assert slow_formats(torch.device("cpu")) == (() if any(answers) else ("bfloat16",))
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name)
    assert has_fast_bfloat16(torch.device("cpu")) is False


def test_lack_of_memory_is_told() -> None:
    """The CPU's allocator says it in a RuntimeError, CUDA in a class of its own, Python in another."""
    with pytest.raises(ResourceError, match="not enough memory for the model") as caught, memory_errors("the model"):
        torch.empty(1 << 60, dtype=torch.uint8)
    assert caught.value.code == "out-of-memory"
    for error in (MemoryError(), torch.OutOfMemoryError("CUDA")):
        with pytest.raises(ResourceError, match="not enough memory for x"), memory_errors("x"):
            raise error


def test_other_errors_pass() -> None:
    """A bug stays a bug."""
    with pytest.raises(RuntimeError, match="size mismatch"), memory_errors("x"):
        raise RuntimeError("size mismatch")
