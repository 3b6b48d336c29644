"""Which format runs where, and what the user is told."""

import pytest
import torch

from app.inference import formats
from app.inference.formats import FALLBACK, SUPPORTED, FormatChoice, choose_format, has_fast_bfloat16
from app.inference.weight_format import WeightFormat

F32, BF16, F16, INT8 = (WeightFormat(name) for name in ("float32", "bfloat16", "float16", "int8"))


@pytest.fixture
def bfloat16(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Device types that multiply bfloat16 fast; all of them unless a test says otherwise."""
    fast = dict.fromkeys(SUPPORTED, True)
    monkeypatch.setattr(formats, "has_fast_bfloat16", lambda device: fast[device.type])
    monkeypatch.setattr(formats, "has_triton", lambda: True)
    return fast


@pytest.mark.parametrize("device", SUPPORTED)
@pytest.mark.parametrize("form", WeightFormat)
def test_what_a_device_supports_runs_there(device: str, form: WeightFormat, bfloat16: dict[str, bool]) -> None:
    """Asked for or found on disk, without a word; anything else becomes the fallback, with one."""
    for choice in (choose_format(form, F32, torch.device(device)), choose_format(None, form, torch.device(device))):
        if form in SUPPORTED[device]:
            assert choice == FormatChoice(form)
        else:
            assert choice.form is FALLBACK[device]
            assert choice.note == f"{form} weights do not run on {device}: {FALLBACK[device]} is used instead"


def test_fallbacks_are_supported() -> None:
    """A fallback that needs one itself would be a mistake in the table."""
    assert FALLBACK.keys() == SUPPORTED.keys()
    assert all(form in SUPPORTED[device] for device, form in FALLBACK.items())


@pytest.mark.parametrize("form", [WeightFormat.INT8, WeightFormat.INT4])
def test_integers_on_a_gpu_need_triton(
    form: WeightFormat, bfloat16: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else multiplies them there at speed."""
    monkeypatch.setattr(formats, "has_triton", lambda: False)
    assert choose_format(None, form, torch.device("cuda")) == FormatChoice(
        BF16, f"{form} weights need Triton on a GPU, which is missing: bfloat16 is used instead"
    )
    assert choose_format(form, form, torch.device("cpu")) == FormatChoice(form)


def test_mps_takes_float16_for_int8(bfloat16: dict[str, bool]) -> None:
    """No integer product is written for it."""
    assert choose_format(None, INT8, torch.device("mps")).form is F16


def test_slow_bfloat16_gives_way_where_the_choice_is_open(bfloat16: dict[str, bool]) -> None:
    """On a processor without instructions for it: int8 of itself, bfloat16 when asked for; both with a note."""
    bfloat16 |= {"cpu": False, "cuda": False}
    assert choose_format(None, BF16, torch.device("cpu")) == FormatChoice(
        INT8,
        "bfloat16, the format of the files, is slow on this processor: int8 is used instead "
        "(--weight-format bfloat16 keeps it)",
    )
    for device, word in (("cpu", "processor"), ("cuda", "GPU")):
        choice = choose_format(BF16, F32, torch.device(device))
        assert choice == FormatChoice(BF16, f"bfloat16 is slow on this {word}: it has no instructions for it")
    assert choose_format(None, F32, torch.device("cpu")) == FormatChoice(F32)


def test_old_macos(bfloat16: dict[str, bool]) -> None:
    """bfloat16 does not exist there, asked for or not."""
    bfloat16["mps"] = False
    for wanted in (None, BF16):
        choice = choose_format(wanted, BF16, torch.device("mps"))
        assert choice == FormatChoice(F16, "bfloat16 needs macOS 14 or later: float16 is used instead")


@pytest.mark.parametrize("answers", [(False, False), (True, False), (False, True)])
def test_processor_is_asked(answers: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """AVX-512 BF16 or AMX will do; a torch without these questions counts as slow."""
    for name, answer in zip(("_is_avx512_bf16_supported", "_is_amx_tile_supported"), answers, strict=True):
        monkeypatch.setattr(torch.cpu, name, lambda answer=answer: answer)
    assert has_fast_bfloat16(torch.device("cpu")) is any(answers)
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name)
    assert has_fast_bfloat16(torch.device("cpu")) is False
