"""Pages out of the ring of window slots and back into it."""

import pytest
import torch

from app.inference.config import config_from_json
from app.inference.state import ModelState, WindowState
from app.inference.window_pages import copy_window, fill_window, page_nbytes
from tests.checkpoints import raw_config
from tests.inference.test_config import RAW_2B


def _state(position: int, slots: int, dtype: torch.dtype = torch.float32) -> ModelState:
    """Two attention layers of one head; the key of the token at p is p + its layer's 1000, its value the negative."""
    layers = []
    for layer in range(2):
        k = torch.zeros(1, 1, slots, 1, dtype=dtype)
        for token in range(max(0, position - slots), position):
            k[:, :, token % slots] = token + 1000 * layer
        layers.append(WindowState(k, -k))
    return ModelState(position, list(layers))


@pytest.mark.parametrize("span", [(3, 10), (3, 4), (7, 10), (9, 10), (5, 9)])
def test_a_page_across_the_ring_s_end(span: tuple[int, int]) -> None:
    """Seven slots after ten tokens: token 7 lies in slot 0. Layer by layer, keys then values, tokens in order."""
    page = copy_window(_state(10, 7), [span]).page(span)
    tokens = torch.arange(*span, dtype=torch.float32)
    assert page == torch.cat([tokens, -tokens, tokens + 1000, -tokens - 1000]).numpy().tobytes()


def test_some_of_the_pages() -> None:
    """Those asked for, each with its own tokens."""
    copy = copy_window(_state(10, 7), [(3, 5), (8, 10)])
    assert copy.tensor.shape == (4, 1, 4, 1)
    assert copy.page((8, 10)) == copy_window(_state(10, 7), [(8, 10)]).page((8, 10))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_back_into_the_slots(dtype: torch.dtype) -> None:
    """Every token to its slot; those before the window's start are left out, or they would take another's place."""
    expected, found = _state(10, 7, dtype), _state(0, 7, dtype)
    whole = _state(10, 20, dtype)
    for span in ((0, 4), (4, 8), (8, 10)):
        fill_window(found, span, copy_window(whole, [span]).page(span), window_start=3)
    for layer, other in zip(found.layers, expected.layers, strict=True):
        assert isinstance(layer, WindowState) and isinstance(other, WindowState)
        assert torch.equal(layer.k, other.k) and torch.equal(layer.v, other.v)


def test_sizes() -> None:
    """A page of the 2B model in bfloat16 is 1 MiB: 8 layers, keys and values, one head of 256."""
    assert page_nbytes(config_from_json(RAW_2B), torch.bfloat16, 128) == 1 << 20
    assert page_nbytes(config_from_json(raw_config("hawk")), torch.float32, 128) == 0
