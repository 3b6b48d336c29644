from __future__ import annotations

from dataclasses import replace

import pytest

from app.inference.presets import PRESETS
from app.services.catalogue import PUBLISHED, parameters_of, published, title_of


def test_published_models() -> None:
    """Both sizes, each as a base model and instruction-tuned; about two bytes a parameter are to be fetched."""
    assert [model.name for model in PUBLISHED] == [
        "recurrentgemma-2b-it",
        "recurrentgemma-2b",
        "recurrentgemma-9b-it",
        "recurrentgemma-9b",
    ]
    for model in PUBLISHED:
        assert model.instruction_tuned == model.name.endswith("-it")
        assert 2.0 <= model.download_nbytes / parameters_of(model.config) < 2.4


@pytest.mark.parametrize("name", ["google/recurrentgemma-9b-it", "Google/RecurrentGemma-9B-it", "recurrentgemma-9b-it"])
def test_found_by_repository_or_name(name: str) -> None:
    """Whatever the case of the letters."""
    found = published(name)
    assert found is not None and found.repository == "google/recurrentgemma-9b-it"
    assert published("google/gemma-2b") is None


def test_parameters() -> None:
    """2.683 and 8.580 billion, as the published shapes have."""
    assert parameters_of(PRESETS["2b"]) / 1e9 == pytest.approx(2.683, abs=0.001)
    assert parameters_of(PRESETS["9b"]) / 1e9 == pytest.approx(8.580, abs=0.001)


def test_titles() -> None:
    """The size in words, what it was trained for, and a format other than the published one."""
    two = PRESETS["2b"]
    assert title_of("x", two, instruction_tuned=True, weight_format="bfloat16") == (
        "RecurrentGemma 2B, instruction-tuned"
    )
    assert title_of("x", two, instruction_tuned=False, weight_format="int8") == "RecurrentGemma 2B, base, int8"
    small = replace(two, width=1024, mlp_width=3072, num_heads=4, lru_width=1024)
    assert title_of("x", small, instruction_tuned=None, weight_format="") == "Griffin 595M"
