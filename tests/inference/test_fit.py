"""How well a model fits, and what is taken where it does not."""

from dataclasses import replace
from itertools import pairwise

import pytest

from app.core.errors import UserError
from app.inference import formats
from app.inference.fit import (
    SLACK,
    SYSTEM_BYTES,
    DeviceRoom,
    Fit,
    Verdict,
    all_stored_as,
    choose_fit,
    estimate_fit,
    host_room,
)
from app.inference.host_memory import RESERVE_BYTES
from app.inference.memory import MemoryNeed, estimate_memory
from app.inference.presets import preset
from app.inference.speed import FormatLimits, MachineLimits, expected_rates
from app.inference.weight_format import WeightFormat

GIB = 2**30
CONFIG = preset("2b")
PUBLISHED = all_stored_as(CONFIG, "BF16")
F32, BF16, INT8, INT4 = (WeightFormat(name) for name in ("float32", "bfloat16", "int8", "int4"))
LIMITS = MachineLimits("cpu", "", 0, (), dict.fromkeys(WeightFormat, FormatLimits(1e-10, 1e-5, 0.0, 1e-12, 0.0, 0.0)))


@pytest.fixture(autouse=True)
def triton(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is there."""
    monkeypatch.setattr(formats, "has_triton", lambda: True)


def _need(form: WeightFormat, device: str = "cpu", stored: dict[str, str] | None = PUBLISHED) -> MemoryNeed:
    chunk = 4096 if device == "cuda" else 512
    return estimate_memory(CONFIG, form, chunk_tokens=chunk, stored=stored, mapped=device == "cpu", device=device)


def _cpu(free: int, total: int = 64 * GIB, *slow: str) -> DeviceRoom:
    return DeviceRoom("cpu", total, free, slow)


def _gpu(free: int) -> DeviceRoom:
    return DeviceRoom("cuda", 80 * GIB, free)


def _choice(fit: Fit) -> tuple[str, str]:
    return fit.device, fit.weight_format


@pytest.mark.parametrize(
    ("free", "total", "verdict", "reason"),
    [
        (10 * GIB, 16 * GIB, Verdict.FITS, "needs 2.8 GiB, 10.0 GiB are free"),
        (3 * GIB, 16 * GIB, Verdict.TIGHT, "needs 2.8 GiB, 3.0 GiB are free: little is left for other programs"),
        (1 * GIB, 16 * GIB, Verdict.TIGHT, "needs 2.8 GiB, 1.0 GiB are free of 16.0 GiB: close other programs first"),
        (1 * GIB, 3 * GIB, Verdict.NO, "needs 2.8 GiB, this machine has 3.0 GiB in all"),
    ],
)
def test_verdict_and_its_reason(free: int, total: int, verdict: Verdict, reason: str) -> None:
    """What is free decides how well it fits, and what there is in all whether it ever will."""
    fit = estimate_fit(CONFIG, INT8, _cpu(free, total), None)
    assert (fit.verdict, fit.reasons, fit.free_bytes) == (verdict, (reason,), free)


def test_bounds_of_the_verdicts() -> None:
    """To the byte: slack for what the estimate may miss, then room at all, then the machine without its system."""
    need = _need(INT8, stored=None).total
    found = [
        estimate_fit(CONFIG, INT8, _cpu(free, total), None).verdict
        for free, total in (
            (int(need * SLACK) + 1, 64 * GIB),
            (int(need * SLACK) - 1, 64 * GIB),
            (need - 1, need + SYSTEM_BYTES),
            (need - 1, need + SYSTEM_BYTES - 1),
        )
    ]
    assert found == [Verdict.FITS, Verdict.TIGHT, Verdict.TIGHT, Verdict.NO]
    gpu = DeviceRoom("cuda", _need(INT8, "cuda").total + RESERVE_BYTES, 0)
    assert estimate_fit(CONFIG, INT8, gpu, None).verdict is Verdict.TIGHT
    smaller = replace(gpu, total_bytes=gpu.total_bytes - 1)
    assert estimate_fit(CONFIG, INT8, smaller, None).verdict is Verdict.NO


def test_mapped_weights_may_be_read_again() -> None:
    """It runs, slowly: no rate is promised then, for the disk decides it."""
    stored = all_stored_as(CONFIG, "BF16")
    fit = estimate_fit(CONFIG, BF16, _cpu(2 * GIB), LIMITS, stored=stored)
    assert fit.verdict is Verdict.TIGHT
    assert "its weights will be read from the disk again and again" in fit.reasons[0]
    assert (fit.read_tokens_per_second, fit.write_tokens_per_second) == (None, None)


def test_rates_come_from_the_limits() -> None:
    """Of that device; without any, none."""
    room = _cpu(32 * GIB)
    rates = expected_rates(CONFIG, INT8, LIMITS)
    fit = estimate_fit(CONFIG, INT8, room, LIMITS)
    assert rates is not None
    assert (fit.read_tokens_per_second, fit.write_tokens_per_second) == (rates.read, rates.write)
    assert estimate_fit(CONFIG, INT8, room, None).read_tokens_per_second is None
    assert choose_fit(CONFIG, PUBLISHED, [room], {"cuda": LIMITS}).read_tokens_per_second is None
    assert choose_fit(CONFIG, PUBLISHED, [room], {"cpu": LIMITS}).read_tokens_per_second is not None


def test_the_machine_has_room() -> None:
    """Asked now, in the range of the possible."""
    room = host_room(("bfloat16",))
    assert room.device == "cpu" and room.slow_formats == ("bfloat16",)
    assert 0 <= room.free_bytes <= room.total_bytes


# -- what is taken ---------------------------------------------------------------------------------------------------


def test_a_gpu_with_room_comes_first() -> None:
    """In the files' format, without a word; MPS is not taken of itself."""
    rooms = [_cpu(64 * GIB), DeviceRoom("mps", 64 * GIB, 64 * GIB), _gpu(40 * GIB)]
    fit = choose_fit(CONFIG, PUBLISHED, rooms, {})
    assert (_choice(fit), fit.notes) == (("cuda", "bfloat16"), ())
    assert _choice(choose_fit(CONFIG, PUBLISHED, rooms[:2], {})) == ("cpu", "bfloat16")
    assert _choice(choose_fit(CONFIG, PUBLISHED, rooms, {}, device="mps")) == ("mps", "bfloat16")


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_steps_down_where_room_lacks(device: str) -> None:
    """To the byte, each with the reason and what would keep the larger one."""
    for larger, form in pairwise((BF16, INT8, INT4)):
        room = DeviceRoom(device, 64 * GIB, _need(larger, device).total - 1)
        fit = choose_fit(CONFIG, PUBLISHED, [room], {}, device=device)
        assert _choice(fit) == (device, form)
        (note,) = fit.notes
        where = "" if device == "cpu" else " on the GPU"
        assert note.startswith("bfloat16 needs ") and f"are free{where}: {form} is used instead" in note
        assert note.endswith("(--weight-format bfloat16 keeps it)")
        assert fit.reasons[0] == note
        room = replace(room, free_bytes=room.free_bytes + 1)
        assert choose_fit(CONFIG, PUBLISHED, [room], {}, device=device).weight_format == larger


def test_the_processor_serves_where_the_gpu_is_too_small() -> None:
    """With the least that would have been needed there."""
    fit = choose_fit(CONFIG, PUBLISHED, [_cpu(32 * GIB), _gpu(GIB)], {})
    assert _choice(fit) == ("cpu", "bfloat16")
    (note,) = fit.notes
    assert note.endswith("in int4 and 1.0 GiB are free on the GPU: it runs on the processor")


def test_slow_bfloat16_and_no_room_for_int8() -> None:
    """Both reasons are told."""
    room = _cpu(_need(INT8).total - 1, 64 * GIB, "bfloat16")
    fit = choose_fit(CONFIG, PUBLISHED, [room], {})
    assert fit.weight_format == "int4"
    assert [("slow" in note, "int8 needs" in note) for note in fit.notes] == [(True, False), (False, True)]


def test_no_room_for_any() -> None:
    """Mapped weights are read again and again rather than nothing runs; not those that the machine can never hold."""
    free = _need(INT4).total - 1
    assert _choice(choose_fit(CONFIG, PUBLISHED, [_cpu(free)], {})) == ("cpu", "bfloat16")
    fit = choose_fit(CONFIG, PUBLISHED, [_cpu(free, 4 * GIB)], {})
    assert (fit.weight_format, fit.verdict) == ("int4", Verdict.TIGHT)
    assert choose_fit(CONFIG, PUBLISHED, [_cpu(0, 2 * GIB)], {}).verdict is Verdict.NO


@pytest.mark.parametrize("form", [F32, BF16, INT8, INT4])
def test_a_wish_is_honoured(form: WeightFormat) -> None:
    """Whether there is room or not: the fit says so, and nothing is put in its place."""
    for free in (64 * GIB, GIB):
        fit = choose_fit(CONFIG, PUBLISHED, [_cpu(free), _gpu(free)], {}, device="cuda", weight_format=form)
        assert (_choice(fit), fit.notes) == (("cuda", form), ())
        assert (fit.verdict is Verdict.FITS) == (free > GIB)
    on_cpu = choose_fit(CONFIG, PUBLISHED, [_cpu(GIB), _gpu(GIB)], {}, weight_format=form)
    assert _choice(on_cpu) == ("cpu", form)


def test_a_wish_goes_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open choice of device takes one that multiplies the format; with no such device it is refused."""
    monkeypatch.setattr(formats, "has_triton", lambda: False)
    rooms = [_cpu(64 * GIB), _gpu(64 * GIB)]
    assert _choice(choose_fit(CONFIG, PUBLISHED, rooms, {}, weight_format=INT8)) == ("cpu", "int8")
    with pytest.raises(UserError, match="int8 weights need Triton on a GPU, which is missing: choose another"):
        choose_fit(CONFIG, PUBLISHED, rooms, {}, device="cuda", weight_format=INT8)
    with pytest.raises(UserError, match="float16 weights do not run on"):
        choose_fit(CONFIG, PUBLISHED, rooms, {}, weight_format=WeightFormat.FLOAT16)


def test_a_device_that_is_not_there() -> None:
    """Is refused."""
    with pytest.raises(UserError, match="device 'cuda' was asked for"):
        choose_fit(CONFIG, PUBLISHED, [_cpu(64 * GIB)], {}, device="cuda")
