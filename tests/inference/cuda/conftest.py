"""The kernels' tests run on a GPU where there is one, else in the interpreter; without Triton they are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from tests.inference.cuda.interpreter import interpret
from tests.inference.cuda.samples import Random


def _problem() -> str | None:
    """Why no kernel can run here. To be asked before one is imported: it is made for a GPU or the interpreter then."""
    if find_spec("triton") is None:
        return "Triton is not installed"
    if not torch.cuda.is_available():
        try:
            interpret()
        except AttributeError as lack:
            return f"Triton's interpreter is not the one that these tests know ({lack})"
    return None


PROBLEM = _problem()


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    if PROBLEM is not None:
        pytest.skip(PROBLEM)
    # The interpreter's NumPy would warn of numbers that no kernel keeps.
    with torch.inference_mode(), np.errstate(all="ignore"):
        yield


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Where tensors lie."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@pytest.fixture
def random(device: torch.device) -> Random:
    """Random tensors on the device, the same in every run."""
    return Random(device)
