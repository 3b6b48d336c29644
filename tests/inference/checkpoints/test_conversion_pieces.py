"""Tensors rounded in pieces: the numbers of the whole, and a source that stays as it is."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from app.core.errors import CheckpointError
from app.inference.checkpoints import conversion_pieces
from app.inference.checkpoints.conversion_pieces import in_order, pieces, quantize_weight_rows
from app.inference.checkpoints.conversion_plan import Planned, Way
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.int8_rows import quantize_weight

DTYPES = [torch.float32, torch.bfloat16, torch.float16]


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _source(folder: Path, tensor: torch.Tensor) -> SafetensorsSource:
    save_file({"a.weight": tensor}, folder / "model.safetensors")
    return SafetensorsSource([folder / "model.safetensors"])


def _made(source: SafetensorsSource, way: Way) -> tuple[dict[str, torch.Tensor], float, float, int]:
    """All pieces of a tensor put together, the largest change, the largest weight, the bytes that were read."""
    with ThreadPoolExecutor(2) as pool:
        found = list(pieces(source, Planned("a.weight", way, 0, ()), pool, 3))
    parts: dict[str, list[torch.Tensor]] = {}
    for piece in found:
        for name, tensor in piece.written:
            parts.setdefault(name, []).append(tensor)
    whole = {name: torch.cat(of) for name, of in parts.items()}
    return whole, max(p.change for p in found), max(p.magnitude for p in found), sum(p.source_bytes for p in found)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows each, so that small tensors take many."""
    monkeypatch.setattr(conversion_pieces, "PIECE_WEIGHTS", 200)
    monkeypatch.setattr(conversion_pieces, "_BLOCK_WEIGHTS", 70)


@pytest.mark.parametrize("dtype", DTYPES)
def test_int8_is_what_a_load_makes_of_it(dtype: torch.dtype, tmp_path: Path) -> None:
    """The same codes and scales as quantize_weight's, with the errors by their definition; the source is untouched."""
    weight = _random(37, 24).to(dtype)
    source = _source(tmp_path, weight)
    made, change, magnitude, nbytes = _made(source, Way.INT8)
    codes, scale = quantize_weight(weight)
    assert torch.equal(made["a.weight"], codes) and torch.equal(made["a.weight_scale"], scale)
    assert change == pytest.approx(float((codes * scale[:, None] - weight.float()).abs().max()), rel=1e-3)
    assert magnitude == pytest.approx(float(weight.float().abs().max()), rel=1e-6)
    assert nbytes == weight.nbytes and torch.equal(source.tensor("a.weight"), weight)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_bfloat16_is_the_nearest(dtype: torch.dtype, tmp_path: Path) -> None:
    """Of a tensor of any number of dimensions; the source is untouched."""
    tensor = _random(9, 3, 8).to(dtype)
    source = _source(tmp_path, tensor)
    made, change, magnitude, _ = _made(source, Way.BFLOAT16)
    assert torch.equal(made["a.weight"], tensor.bfloat16())
    assert change == float((tensor.float() - tensor.bfloat16().float()).abs().max()) > 0
    assert magnitude == float(tensor.bfloat16().abs().max())
    assert torch.equal(source.tensor("a.weight"), tensor)


@pytest.mark.parametrize("shape", [(1,), (1000,), (3, 1, 500), (50, 7)])
def test_as_it_is(shape: tuple[int, ...], tmp_path: Path) -> None:
    """Every number of every shape."""
    tensor = _random(*shape)
    made, _, _, nbytes = _made(_source(tmp_path, tensor), Way.KEPT)
    assert torch.equal(made["a.weight"], tensor) and nbytes == tensor.nbytes


@pytest.mark.parametrize("way", [Way.INT8, Way.BFLOAT16, Way.KEPT])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_told(way: Way, bad: float, tmp_path: Path) -> None:
    """By name, wherever it stands."""
    for at in (0, 500, -1):
        weight = _random(40, 24)
        weight.view(-1)[at] = bad
        with pytest.raises(CheckpointError, match=r"a\.weight holds values that are not finite"):
            _made(_source(tmp_path, weight), way)


def test_beyond_bfloat16(tmp_path: Path) -> None:
    """What float32 holds and bfloat16 rounds to infinity."""
    weight = _random(40, 24)
    weight[3, 3] = torch.finfo(torch.float32).max
    with pytest.raises(CheckpointError, match=r"a\.weight holds values beyond bfloat16's range"):
        _made(_source(tmp_path, weight), Way.BFLOAT16)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 9), columns=st.integers(1, 90), scale=st.sampled_from([0.0, 1e-30, 1.0, 1e30]))
def test_rows_of_any_size(rows: int, columns: int, scale: float) -> None:
    """Wider than a block, narrower, all zero, hardly above zero, huge: quantize_weight's numbers."""
    weight = _random(rows, columns) * scale
    codes, by = torch.empty(weight.shape, dtype=torch.int8), torch.empty(rows)
    change, _ = quantize_weight_rows(weight, codes, by)
    expected = quantize_weight(weight)
    assert torch.equal(codes, expected[0]) and torch.equal(by, expected[1])
    assert change <= 0.51 * float(by.max())


def test_results_come_in_the_order_of_the_jobs() -> None:
    """However many run at a time; what fails is raised in its turn, and no more jobs are taken."""

    def job(number: int) -> int:
        if number == 5:
            raise OSError("broken")
        return number

    taken: list[int] = []

    def jobs() -> object:
        for number in range(100):
            taken.append(number)
            yield lambda number=number: job(number)

    got: list[int] = []
    with ThreadPoolExecutor(2) as pool, pytest.raises(OSError, match="broken"):
        got.extend(in_order(pool, jobs(), 3))  # type: ignore[arg-type]
    assert got == [] or got == [0, 1, 2, 3, 4]
    assert len(taken) <= 9
