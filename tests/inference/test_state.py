"""The state of a sequence: slots of the window, copies, size."""

import pytest
import torch

from app.inference.config import config_from_json
from app.inference.state import RecurrentState, WindowState, fresh_state, slot_positions
from tests.checkpoints import raw_config
from tests.inference.test_config import RAW_2B, RAW_9B

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("position", "expected"),
    [(0, []), (1, [0]), (3, [0, 1, 2]), (4, [0, 1, 2, 3]), (5, [4, 1, 2, 3]), (8, [4, 5, 6, 7]), (11, [8, 9, 10, 7])],
)
def test_slot_positions(position: int, expected: list[int]) -> None:
    """Four slots: the token at p lies in slot p % 4 until p + 4 takes its place."""
    assert slot_positions(position, 4, CPU).tolist() == expected


def _window(slots: int) -> WindowState:
    return WindowState(torch.full((1, 1, slots, 1), -1.0), torch.full((1, 1, slots, 1), -1.0))


@pytest.mark.parametrize("sizes", [[1] * 13, [13], [4, 9], [5, 8], [3, 4, 6], [2, 11], [7, 1, 5], [12, 1]], ids=str)
def test_writes_around_the_wrap(sizes: list[int]) -> None:
    """Whatever the pieces, slot p % 5 holds the newest token; also pieces longer than the window."""
    window, position = _window(5), 0
    for size in sizes:
        new = torch.arange(position, position + size, dtype=torch.float32).reshape(1, 1, size, 1)
        window.write(new, new + 100, position)
        position += size
    assert window.k.flatten().tolist() == [10.0, 11.0, 12.0, 8.0, 9.0]
    assert window.v.flatten().tolist() == [110.0, 111.0, 112.0, 108.0, 109.0]
    assert window.k.flatten().tolist() == slot_positions(13, 5, CPU).tolist()


def test_filled() -> None:
    """Slots in use grow to the window's size and no further."""
    assert [_window(5).filled(position) for position in (0, 1, 5, 6, 10**9)] == [0, 1, 5, 5, 5]


def test_clone_shares_nothing() -> None:
    """A fork goes its own way, in every tensor."""
    state = fresh_state(config_from_json(raw_config("griffin")))
    state.logits = torch.zeros(1, 3)
    state.position = 7
    copy = state.clone()
    copy.position += 1
    assert copy.logits is not None
    for layer in copy.layers:
        for tensor in (layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v):
            tensor += 1
    copy.logits += 1
    assert state.position == 7 and not state.logits.any()
    for layer in state.layers:
        pair = (layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v)
        assert not any(tensor.any() for tensor in pair)


def test_published_sizes() -> None:
    """2B and 9B in bfloat16, worked out by hand for windows of 2,049 slots.

    2B: 18 recurrent blocks of 2560 * 4 (h) + 3 * 2560 * 2 (tail) = 25,600 bytes and 8 windows of 2 * 2049 * 256 * 2
    = 2,098,176 bytes: 460,800 + 16,785,408. With 2,048 slots it is the 17,238,016 bytes often quoted.
    9B: 26 * (4096 * 4 + 3 * 4096 * 2) = 1,064,960 and 12 * 2,098,176 = 25,178,112.
    """
    sizes = [
        fresh_state(config_from_json(raw), dtype=torch.bfloat16, device="meta").nbytes
        for raw in (RAW_2B, RAW_2B | {"attention_window_keys": 2048}, RAW_9B)
    ]
    assert sizes == [17_246_208, 17_238_016, 26_243_072]


def test_fresh_state() -> None:
    """One entry per block in the pattern's order; h is float32 in a bfloat16 model."""
    state = fresh_state(config_from_json(raw_config("griffin")), batch=2, dtype=torch.bfloat16)
    assert [type(layer) for layer in state.layers] == [RecurrentState, RecurrentState, WindowState, RecurrentState]
    recurrent, window = state.layers[0], state.layers[2]
    assert isinstance(recurrent, RecurrentState) and isinstance(window, WindowState)
    assert (recurrent.h.shape, recurrent.h.dtype) == ((2, 48), torch.float32)
    assert (recurrent.conv_tail.shape, recurrent.conv_tail.dtype) == ((2, 3, 48), torch.bfloat16)
    assert (window.k.shape, window.v.dtype) == ((2, 4, 8, 8), torch.bfloat16)
    assert state.position == 0 and state.logits is None


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0, []),
        (127, []),
        (128, [0]),
        (300, [0, 1]),
        (400, [0, 1, 2]),
        (401, [1, 2]),
        (513, [1, 2, 3]),
        (528, [1, 2, 3]),
        (529, [2, 3]),
        (800, [4, 5]),
    ],
)
def test_complete_pages(position: int, expected: list[int]) -> None:
    """Pages of 128 tokens wholly within a window of 400."""
    state = fresh_state(config_from_json(raw_config("starter", attention_window_size=400)))
    state.position = position
    assert list(state.complete_pages()) == expected


def test_digests_of_pages_are_kept_to_the_window() -> None:
    """The page that the window begins in stays known until its last token has left; forks have the same objects."""
    state = fresh_state(config_from_json(raw_config("starter", attention_window_size=400)))
    state.position = 300
    first = state.complete_pages()[0]
    fork = state.clone()
    for position, is_kept in ((401, True), (527, True), (528, False)):
        state.position = position
        assert (state.complete_pages().get(0) is first) == is_kept
    assert fork.complete_pages()[0] is first and list(fork.complete_pages()) == [0, 1]
