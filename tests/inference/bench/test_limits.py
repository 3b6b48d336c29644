from __future__ import annotations

import pytest
import torch

from app.inference.bench import limits
from app.inference.bench.limits import matrix_kind, matrix_rate, read_bandwidth

CPU = torch.device("cpu")


def test_read_bandwidth_is_bytes_over_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer of 4 MiB summed in 2 ms is read at 2 GiB/s."""
    monkeypatch.setattr(limits, "median_seconds", lambda job, device: 2e-3)
    assert read_bandwidth(CPU, size=4 << 20) == pytest.approx((4 << 20) / 2e-3)


def test_read_bandwidth_sums_the_whole_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timed job adds up every element."""
    sums = []
    monkeypatch.setattr(limits, "median_seconds", lambda job, device: sums.append(float(job())) or 1.0)
    read_bandwidth(CPU, size=4096)
    assert sums == [1024.0]


@pytest.mark.parametrize("kind", ["int8", "float32", "bfloat16"])
def test_matrix_rate_weighs_shapes_by_their_number(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations of all products over the sum of their times; each job is a product of 512 rows."""
    shapes = []

    def timed(job, device) -> float:
        shapes.append(tuple(job().shape))
        return 1.0 if shapes[-1][1] == 16 else 3.0

    monkeypatch.setattr(limits, "median_seconds", timed)
    rate = matrix_rate({(16, 8): 2, (32, 8): 1}, kind, CPU)
    assert rate == pytest.approx((2 * 2 * 512 * 16 * 8 + 2 * 512 * 32 * 8) / (2 * 1.0 + 3.0))
    assert shapes == [(512, 16), (512, 32)]


@pytest.mark.parametrize(
    ("weight_format", "device", "kind"),
    [
        ("int8", "cpu", "int8"),
        ("int4", "cpu", "int8"),
        ("int4", "cuda", "bfloat16"),
        ("bfloat16", "cuda", "bfloat16"),
        ("float32", "cpu", "float32"),
    ],
)
def test_matrix_kind(weight_format: str, device: str, kind: str) -> None:
    """Integer weights are multiplied as int8 on the CPU, and in half precision on a GPU."""
    assert matrix_kind(weight_format, torch.device(device)) == kind
