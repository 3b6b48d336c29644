"""Free memory as a device tells it, and the refusal in words."""

from types import SimpleNamespace

import pytest
import torch

from app.core.errors import ResourceError
from app.inference import free_memory
from app.inference.fit import DeviceRoom
from app.inference.free_memory import free_bytes, require_memory, room_of

CPU = torch.device("cpu")
GIB = 2**30


def test_cuda_counts_what_torch_keeps_for_reuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free on the device, and reserved but not in use."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 5000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 100)
    assert free_bytes(torch.device("cuda")) == 1200


def test_mps_is_part_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lower of what the machine has and what the GPU may take."""
    monkeypatch.setattr(free_memory, "free_host_bytes", lambda: 7 * GIB)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: GIB)
    for most, expected in ((5 * GIB, 4 * GIB), (20 * GIB, 7 * GIB)):
        monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda most=most: most)
        assert free_bytes(torch.device("mps")) == expected


def test_refusal_names_need_and_free_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next step, which differs by device; what fits passes."""
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 2 * GIB)
    require_memory(2 * GIB, CPU, "the model")
    with pytest.raises(ResourceError) as caught:
        require_memory(27 * GIB // 10, CPU, "the model")
    assert caught.value.code == "out-of-memory"
    assert caught.value.message == (
        "there is not enough memory for the model: it needs 2.7 GiB, 2.0 GiB are free on this machine; "
        "close other programs, or choose a smaller model or weight format (--weight-format int8)"
    )
    with pytest.raises(ResourceError, match=r"free on the device cuda:1; .* or --device cpu"):
        require_memory(3 * GIB, torch.device("cuda:1"), "the model")


def test_room_is_what_the_device_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the CPU the machine's, of a GPU its own; the formats it has no instructions for go with it."""
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 2 * GIB)
    monkeypatch.setattr(free_memory, "total_host_bytes", lambda: 3 * GIB)
    monkeypatch.setattr(free_memory, "slow_formats", lambda device: ("bfloat16",) if device.type == "cpu" else ())
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=8 * GIB))
    assert room_of(CPU) == DeviceRoom("cpu", 3 * GIB, 2 * GIB, ("bfloat16",))
    assert room_of(torch.device("cuda")) == DeviceRoom("cuda", 8 * GIB, 2 * GIB)
