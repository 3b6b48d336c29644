"""How many sequences are decoded together: what memory and the self-test's figures allow."""

import pytest
import torch

from app.inference import decoding as module
from app.inference.decoding import CPU_BATCH, GPU_BATCH, batch_size
from app.inference.kernels import KernelChoice

MIB = 2**20


@pytest.mark.parametrize(
    ("device", "free", "state", "expected"),
    [
        # 12 states of 30 MiB for each sequence would fit into 360 MiB.
        ("cpu", 10_000 * MIB, 30 * MIB, CPU_BATCH),
        ("cpu", 1_080 * MIB, 30 * MIB, 3),
        ("cpu", 1_079 * MIB, 30 * MIB, 2),
        ("cpu", 0, 30 * MIB, 1),
        ("cuda", 100_000 * MIB, 17 * MIB, GPU_BATCH),
        ("cuda", 2_040 * MIB, 17 * MIB, 10),
    ],
)
def test_three_quarters_of_free_memory_are_left_alone(
    device: str, free: int, state: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three states a sequence in a quarter of what is free, one sequence always, and never more than pays."""
    monkeypatch.setattr(module, "free_bytes", lambda _: free)
    assert batch_size(torch.device(device), state, None) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"1 a": 1.0, "8 b": 2.0}, CPU_BATCH),
        ({"1 a": 1.0, "8 b": 6.0}, CPU_BATCH),
        ({"1 a": 1.0, "8 b": 6.5}, 1),
        ({"1 a": 1.0, "8 b": 99.0, "8 a": 1.0}, 1),
        ({}, CPU_BATCH),
    ],
)
def test_one_at_a_time_where_the_products_do_not_gain(
    seconds: dict[str, float], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chosen products decide: one for 8 tokens must beat 8 for one by a third; unknown times are no objection."""
    monkeypatch.setattr(module, "free_bytes", lambda _: 10_000 * MIB)
    kernels = KernelChoice({1: "a", 8: "b", 256: "b"}, seconds)
    assert batch_size(torch.device("cpu"), MIB, kernels) == expected
