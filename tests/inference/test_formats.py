"""Which format runs where, and what the user is told."""

import pytest

from app.core.errors import UserError
from app.inference import formats
from app.inference.formats import FALLBACK, SUPPORTED, FormatChoice, possible_formats, refusal, wished_format
from app.inference.weight_format import WeightFormat

F32, BF16, F16, INT8, INT4 = (WeightFormat(name) for name in ("float32", "bfloat16", "float16", "int8", "int4"))
SLOW = ("bfloat16",)


@pytest.fixture(autouse=True)
def triton(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is there, unless a test says otherwise."""
    monkeypatch.setattr(formats, "has_triton", lambda: True)


@pytest.mark.parametrize("device", SUPPORTED)
@pytest.mark.parametrize("form", WeightFormat)
def test_what_a_device_supports_runs_there(device: str, form: WeightFormat) -> None:
    """Found on disk or asked for, without a word. Else files run in the fallback, with one, and a wish is refused."""
    if form in SUPPORTED[device]:
        assert refusal(form, device) is None
        assert possible_formats(form, device)[0] == wished_format(form, device) == FormatChoice(form)
        return
    told = f"{form} weights do not run on {device}"
    assert possible_formats(form, device)[0] == FormatChoice(
        FALLBACK[device], f"{told}: {FALLBACK[device]} is used instead"
    )
    with pytest.raises(UserError, match=told):
        wished_format(form, device)


def test_fallbacks_are_supported() -> None:
    """A fallback that needs one itself would be a mistake in the table."""
    assert FALLBACK.keys() == SUPPORTED.keys()
    assert all(form in SUPPORTED[device] for device, form in FALLBACK.items())


@pytest.mark.parametrize(
    ("device", "stored", "expected"),
    [
        ("cpu", F32, [F32, INT8, INT4]),
        ("cpu", BF16, [BF16, INT8, INT4]),
        ("cpu", INT8, [INT8, INT4]),
        ("cpu", INT4, [INT4]),
        ("cuda", F32, [F32, BF16, INT8, INT4]),
        ("cuda", BF16, [BF16, INT8, INT4]),
        ("cuda", INT4, [INT4]),
        ("mps", F32, [F32, F16]),
        ("mps", INT8, [F16]),
    ],
)
def test_smaller_formats_follow(device: str, stored: WeightFormat, expected: list[WeightFormat]) -> None:
    """Each takes less memory than the one before; none is larger than the files are."""
    assert [choice.form for choice in possible_formats(stored, device)] == expected


@pytest.mark.parametrize("form", [INT8, INT4])
def test_integers_on_a_gpu_need_triton(form: WeightFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else multiplies them there at speed."""
    monkeypatch.setattr(formats, "has_triton", lambda: False)
    told = f"{form} weights need Triton on a GPU, which is missing"
    assert possible_formats(form, "cuda") == (FormatChoice(BF16, f"{told}: bfloat16 is used instead"),)
    assert [choice.form for choice in possible_formats(BF16, "cuda")] == [BF16]
    with pytest.raises(UserError, match=told):
        wished_format(form, "cuda")
    assert wished_format(form, "cpu") == FormatChoice(form)


def test_slow_bfloat16_gives_way_where_the_choice_is_open() -> None:
    """On a processor without instructions for it: int8 of itself, bfloat16 when asked for; both with a note."""
    assert possible_formats(BF16, "cpu", SLOW) == (
        FormatChoice(
            INT8,
            "bfloat16, the format of the files, is slow on this processor: int8 is used instead "
            "(--weight-format bfloat16 keeps it)",
        ),
        FormatChoice(INT4),
    )
    for device, word in (("cpu", "processor"), ("cuda", "GPU")):
        choice = wished_format(BF16, device, SLOW)
        assert choice == FormatChoice(BF16, f"bfloat16 is slow on this {word}: it has no instructions for it")
    assert possible_formats(BF16, "cuda", SLOW)[0] == wished_format(BF16, "cuda", SLOW)
    assert possible_formats(F32, "cpu", SLOW)[0] == FormatChoice(F32)


def test_old_macos() -> None:
    """bfloat16 does not exist there, asked for or not."""
    told = "bfloat16 needs macOS 14 or later"
    assert possible_formats(BF16, "mps", SLOW) == (FormatChoice(F16, f"{told}: float16 is used instead"),)
    with pytest.raises(UserError, match=told):
        wished_format(BF16, "mps", SLOW)
