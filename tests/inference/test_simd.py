"""Inner products of 16-bit activations with int8 and int4 codes against integer arithmetic."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from app.inference.int4_groups import dequantize_groups
from app.inference.simd import INT8_MAX_WIDTH, dot_int8
from app.inference.simd_int4 import dot_int4, order_for_int4

# Every remainder of the vectors' widths, and the widths of real models.
WIDTHS = (1, 31, 32, 33, 96, 127, 128, 129, 576, 864, 2560)


@pytest.mark.parametrize("width", WIDTHS)
def test_int8_products_are_exact(width: int) -> None:
    """Against 64-bit integers, in every row."""
    random = np.random.default_rng(width)
    x = random.integers(-32512, 32513, width).astype(np.int16)
    weights = random.integers(-127, 128, (3, width), dtype=np.int8)
    expected = weights.astype(np.int64) @ x.astype(np.int64)
    assert [dot_int8(x, weights, row) for row in range(3)] == expected.tolist()


@pytest.mark.parametrize("sign", [1, -1])
def test_int8_products_do_not_overflow(sign: int) -> None:
    """The largest codes everywhere, in the widest row."""
    x = np.full(INT8_MAX_WIDTH, 32512, np.int16)
    weights = np.full((1, INT8_MAX_WIDTH), sign * 127, np.int8)
    assert dot_int8(x, weights, 0) == sign * 127 * 32512 * INT8_MAX_WIDTH


@pytest.mark.parametrize(
    ("width", "group"), [(32, 32), (64, 32), (96, 32), (864, 32), (2560, 32), (64, 64), (192, 64), (2560, 64)]
)
def test_int4_products(width: int, group: int) -> None:
    """Against the dequantised weights in float64, with an even and an odd number of groups."""
    generator = torch.Generator().manual_seed(width + group)
    codes = torch.randint(0, 256, (3, width // 2), dtype=torch.uint8, generator=generator)
    scale, offset = (torch.randn((3, width // group), generator=generator).bfloat16() for _ in range(2))
    x = torch.randint(-32512, 32513, (width,), dtype=torch.int16, generator=generator)
    ordered = np.empty(width, np.int16)
    order_for_int4(x.numpy(), group, ordered)
    sums = x.view(-1, group).sum(1).float().numpy()
    bits = [part.view(torch.uint16).numpy() for part in (scale, offset)]
    weights = dequantize_groups(codes, scale, offset).double()
    expected = weights @ x.double()
    largest = float((weights.abs() @ x.double().abs()).max())
    found = [dot_int4(ordered, sums, codes.numpy(), *bits, row) for row in range(3)]
    assert torch.allclose(torch.tensor(found).double(), expected, rtol=0, atol=1e-6 * largest)


@pytest.mark.parametrize("features", ["", "+avx2,+avx,+sse4.2"])
def test_other_processors(features: str) -> None:
    """The same numbers where the processor lacks the newest instructions, or has none of x86's extensions."""
    script = (
        "import numpy as np; from app.inference.simd import dot_int8\n"
        "random = np.random.default_rng(0); x = random.integers(-32512, 32513, 863).astype(np.int16)\n"
        "w = random.integers(-127, 128, (2, 863), dtype=np.int8)\n"
        "expected = w.astype(np.int64) @ x.astype(np.int64)\n"
        "assert [dot_int8(x, w, row) for row in (0, 1)] == expected.tolist()\n"
    )
    environ = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": ""}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
