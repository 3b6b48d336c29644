"""How models will run on this machine, before they are downloaded or loaded."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.inference import formats
from app.inference.fit import DeviceRoom, Verdict
from app.inference.generator import ModelInfo
from app.inference.limits_file import save_limits
from app.inference.presets import preset
from app.inference.speed import FormatLimits, MachineLimits, expected_rates
from app.inference.weight_format import WeightFormat
from app.services.model_fit import FitService
from app.services.models import InstalledModel, ModelService
from app.storage.database import Database
from app.storage.known_models import KnownModelStore
from app.storage.reading_rates import ReadingRateStore
from tests.checkpoints import int8_tensors, random_tensors, raw_config, write_checkpoint

GIB = 2**30
COST = FormatLimits(1e-10, 1e-5, 1e-12, 1e-12, 1e-9, 1e-11)
CPU = MachineLimits("cpu", "A processor", 16 * GIB, ("bfloat16",), {"int8": COST, "bfloat16": COST})
GPU = MachineLimits("cuda", "A GPU", 24 * GIB, (), {"bfloat16": COST})
INFO = ModelInfo(
    name="m",
    path="",
    fingerprint="f" * 64,
    tokenizer_hash="",
    device="cpu",
    weight_format="int8",
    parameters=1,
    vocab_size=1,
    window_tokens=1,
    state_nbytes=1,
    is_chat=True,
)

MakeFits = Callable[..., FitService]


@pytest.fixture
def models(database: Database, tmp_path: Path) -> ModelService:
    """Those in an empty folder."""
    return ModelService(
        bundled=tmp_path / "none", models_dir=tmp_path / "models", known=KnownModelStore(database), now=lambda: 1.0
    )


@pytest.fixture
def rates(database: Database) -> ReadingRateStore:
    """Nothing was read yet."""
    return ReadingRateStore(database)


@pytest.fixture
def make_fits(
    models: ModelService, rates: ReadingRateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MakeFits:
    """Fits on a machine of 16 GiB, 12 of them free."""
    monkeypatch.setattr(formats, "has_triton", lambda: True)

    def make(free: int = 12 * GIB, **options: str) -> FitService:
        return FitService(
            cache_dir=tmp_path / "cache",
            models=models,
            rates=rates,
            room=lambda slow: DeviceRoom("cpu", 16 * GIB, free, slow),
            **options,  # type: ignore[arg-type]
        )

    return make


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    """A tiny one in int8."""
    raw = raw_config("recurrentgemma")
    return InstalledModel("m", write_checkpoint(tmp_path / "m", raw, int8_tensors(random_tensors(raw))), "path")


def test_before_anything_was_measured(make_fits: MakeFits) -> None:
    """Memory is known, speed is not."""
    fits = make_fits()
    fit = fits.fit_of(preset("2b"))
    assert (fit.verdict, fit.device, fit.weight_format) == (Verdict.FITS, "cpu", "bfloat16")
    assert (fit.read_tokens_per_second, fit.write_tokens_per_second, fit.measured) == (None, None, False)
    assert not fits.is_measured()
    assert make_fits().fit_of(preset("9b")).weight_format == "int8"
    assert make_fits(3 * GIB).fit_of(preset("9b")).verdict is Verdict.TIGHT


def test_measured_limits_tell_speed_and_slow_formats(make_fits: MakeFits, tmp_path: Path) -> None:
    """bfloat16 files run in int8 where the processor has no instructions for them, and so the rates are int8's."""
    save_limits(tmp_path / "cache", CPU)
    fits = make_fits()
    fit = fits.fit_of(preset("2b"))
    expected = expected_rates(preset("2b"), WeightFormat.INT8, CPU)
    assert fits.is_measured() and expected is not None
    assert (fit.weight_format, fit.read_tokens_per_second) == ("int8", expected.read)
    assert fit.write_tokens_per_second == expected.write
    assert "bfloat16, the format of the files, is slow on this processor" in fit.reasons[0]


def test_a_gpu_counts_once_it_was_measured(make_fits: MakeFits, tmp_path: Path) -> None:
    """With all of its memory: what is free of it, the worker asks."""
    save_limits(tmp_path / "cache", GPU)
    fit = make_fits().fit_of(preset("9b"))
    assert (fit.device, fit.weight_format, fit.free_bytes) == ("cuda", "bfloat16", 24 * GIB)
    on_cpu = make_fits(device="cpu").fit_of(preset("2b"))
    assert on_cpu.device == "cpu"


def test_settings_are_honoured(make_fits: MakeFits) -> None:
    """A weight format of the settings, or one asked for here; what cannot be had is said, and nothing else shown."""
    assert make_fits(weight_format="int4").fit_of(preset("2b")).weight_format == "int4"
    assert make_fits(weight_format="int4").fit_of(preset("2b"), weight_format="int8").weight_format == "int8"
    for name, said in (("float16", "float16 weights do not run on cpu"), ("int5", "unknown weight format 'int5'")):
        fit = make_fits(weight_format=name).fit_of(preset("2b"))
        assert fit.verdict is Verdict.NO
        assert len(fit.reasons) == 1 and fit.reasons[0].startswith(said)
    fit = make_fits(device="cuda").fit_of(preset("2b"))
    assert fit.reasons[0] == "how it runs on cuda is known once this machine was measured"


def test_a_model_that_is_here(make_fits: MakeFits, model: InstalledModel) -> None:
    """By its own files' headers."""
    fit = make_fits().fit_of_model(model)
    assert fit is not None
    assert (fit.weight_format, fit.verdict, fit.measured) == ("int8", Verdict.FITS, False)
    assert fit.need.mapped_bytes > 0


def test_its_own_reading_rate_wins(
    make_fits: MakeFits, model: InstalledModel, models: ModelService, rates: ReadingRateStore, tmp_path: Path
) -> None:
    """Once it was loaded with these options and has read something, in the format and on the device it would take."""
    save_limits(tmp_path / "cache", CPU)
    fits = make_fits()
    models.remember(model, INFO, device="auto", weight_format="auto")
    estimate = fits.fit_of_model(model)
    rates.remember(INFO.fingerprint, 123.0, now=2.0)
    fit = fits.fit_of_model(model)
    assert estimate is not None and fit is not None
    assert estimate.read_tokens_per_second != 123.0 and not estimate.measured
    assert (fit.read_tokens_per_second, fit.measured) == (123.0, True)
    assert fit.write_tokens_per_second == estimate.write_tokens_per_second
    assert fit.reasons == (*estimate.reasons, "its reading rate was measured here")
    for other in (replace(INFO, device="cuda:0"), replace(INFO, weight_format="float32")):
        models.remember(model, other, device="auto", weight_format="auto")
        assert fits.fit_of_model(model) == estimate


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors"])
def test_files_that_do_not_say_what_they_are(damage: str, make_fits: MakeFits, model: InstalledModel) -> None:
    """Have no fit, and no error keeps the others from being listed."""
    (model.path / damage).write_bytes(b"{")
    assert make_fits().fit_of_model(model) is None
