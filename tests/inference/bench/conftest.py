from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine, synthetic_format
from app.inference.config import GriffinConfig, config_from_json
from tests.checkpoints import raw_config


@pytest.fixture
def tiny_config() -> GriffinConfig:
    """A Griffin of three layers and a window of eight tokens."""
    return config_from_json(raw_config("recurrentgemma"))


@pytest.fixture
def tiny_subject(tiny_config: GriffinConfig, tmp_path: Path) -> GriffinSubject:
    """A model of random weights behind the real engine, in float32."""
    device = torch.device("cpu")
    choice = synthetic_format("float32", device)
    return GriffinSubject(synthetic_engine(tiny_config, choice, device, cache_dir=tmp_path))
