"""The compiled passes against the torch code they stand in for."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numba import njit

from app.inference.activations import quantize_rows
from app.inference.compiled import Compiled, load_compiled
from app.inference.config import Activation
from app.inference.layers import BlockDiagonal
from app.inference.ops import TorchOps
from app.inference.simd import host_has

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """On the machines that run the tests numba works."""
    found = load_compiled()
    assert found is not None
    return found


@pytest.mark.parametrize("t", [1, 2, 3, 4, 70])
@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("starts_sequence", [False, True])
def test_recurrent_passes(t: int, blocks: int, starts_sequence: bool, compiled: Compiled) -> None:
    """Convolution and RG-LRU of two sequences against plain torch; the states given in stay as they are."""
    generator = torch.Generator().manual_seed(t)
    width = 6 * blocks
    x, tail, h0 = (torch.randn((2, n, width), generator=generator) for n in (t, 3, 1))
    h0 = h0[:, 0].contiguous()
    conv, bias = torch.randn((4, width), generator=generator), torch.randn(width, generator=generator)
    gates = [
        BlockDiagonal(torch.randn((blocks, 6, 6), generator=generator), torch.randn((blocks, 6), generator=generator))
        for _ in range(2)
    ]
    # Decays from almost 1 (1 - a^2 of about 1e-7) to almost 0.
    log_decay = -torch.logspace(-7, 1.5, width)
    before = h0.clone(), tail.clone()
    plain = TorchOps()
    for ours, theirs in zip(
        compiled.causal_conv(x, conv, bias, tail), plain.causal_conv(x, conv, bias, tail), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-5)
    for ours, theirs in zip(
        compiled.rg_lru(x, *gates, log_decay, h0, starts_sequence=starts_sequence),
        plain.rg_lru(x, *gates, log_decay, h0, starts_sequence=starts_sequence),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert torch.equal(h0, before[0]) and torch.equal(tail, before[1])


@pytest.mark.parametrize("activation", Activation)
def test_gate_over_the_whole_range(activation: Activation, compiled: Compiled) -> None:
    """From where the exponential underflows to where it would overflow; NaN stays NaN."""
    x = torch.linspace(-120, 120, 4001).reshape(1, 1, -1)
    ours = compiled.gate(x.clone(), torch.full_like(x, 2.0), activation)
    assert torch.allclose(ours, TorchOps().gate(x.clone(), torch.full_like(x, 2.0), activation), rtol=1e-5, atol=1e-6)
    assert bool(compiled.gate(torch.full((1, 1, 1), float("nan")), torch.ones(1, 1, 1), activation).isnan().all())


def test_rms_norm(compiled: Compiled) -> None:
    """Rows of ordinary and of tiny numbers, and of zeros."""
    x = torch.randn((1, 3, 40), generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1e-4, 0.0])[:, None]
    gain = torch.linspace(-1, 2, 40)
    assert torch.allclose(compiled.rms_norm(x, gain, 1e-6), TorchOps().rms_norm(x, gain, 1e-6), rtol=1e-5, atol=1e-7)


def test_quantize_rows(compiled: Compiled) -> None:
    """The same scales, and codes that differ by a step at most where a value lies between two."""
    x = torch.randn((6, 200), generator=torch.Generator().manual_seed(0))
    x[3] = 0.0
    expected = quantize_rows(x[None])
    codes, scales = compiled.quantize_rows(x)
    assert torch.allclose(scales, expected.scales, rtol=1e-6)
    low, high = (codes.int() - expected.codes.int()).chunk(2)
    assert int((256 * high + low).abs().max()) <= 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_damaged_numbers_stay_visible(value: float, compiled: Compiled) -> None:
    """NaN or infinity in a token's input must not vanish behind integer codes; other tokens are not touched."""
    x = torch.ones((2, 64))
    x[0, 5] = value
    codes, scales = compiled.quantize_rows(x)
    out = compiled.scale_sums(
        codes.int() @ torch.ones((64, 3), dtype=torch.int32), scales, torch.ones(3), torch.zeros(3)
    )
    assert bool(out[0].isnan().all()) and out[1].tolist() == pytest.approx([64.0] * 3)


def test_without_numba_torch_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without it is slower, nothing more."""
    monkeypatch.setitem(sys.modules, "numba", None)
    assert load_compiled() is None


def test_single_thread(compiled: Compiled) -> None:
    """One thread inside, the former number again afterwards, after an error too."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), compiled.single_thread():
            assert torch.get_num_threads() == 1
            raise ZeroDivisionError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(not host_has("avx2"), reason="looks for the registers of AVX2 and its successors")
def test_loops_become_vectors() -> None:
    """A check for a zero divisor, a maximum of floats or an output that is its input would keep LLVM from it."""
    from app.inference import fused

    x, low, high = np.ones(64, np.float32), np.ones(64, np.int8), np.ones(64, np.int8)
    calls = {
        "gate_row": (x, x.copy(), True),
        "rms_norm_row": (x, x, 1e-6, x.copy()),
        "_code_scale": (x,),
        "_split_codes": (x, np.float32(1.0), low, high),
    }
    for name, arguments in calls.items():
        options = {key: value for key, value in getattr(fused, name).targetoptions.items() if key != "nopython"}
        fresh = njit(**options)(getattr(fused, name).py_func)
        fresh(*arguments)
        code = next(iter(fresh.inspect_asm().values()))
        assert code.count("%ymm") + code.count("%zmm") > 20, name


def test_torch_keeps_its_number_of_threads() -> None:
    """numba's thread pool begins with as many as there are processors, and must not take torch's choice along."""
    code = (
        "import os, sys, torch; from pathlib import Path; from app.inference.compiled import load_compiled;"
        " torch.set_num_threads(1); load_compiled(Path(os.environ['GRIFFIN_DESK_CACHE_DIR']));"
        " print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["1"], done.stderr
