"""Answers written in step: each with its own settings and its own end, and its state where it would be alone."""

from collections.abc import Callable, Collection, Sequence

import pytest
import torch
from torch import Tensor

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.decoding import PlainDecoder
from app.inference.generator import Cancelled, FinishReason, Generation, Sampling, never
from app.inference.griffin import Griffin
from app.inference.sampling import Sampler
from app.inference.state import ModelState, RecurrentState
from app.inference.tokenizers.base import Tokenizer
from app.inference.weight_format import WeightFormat
from app.inference.writing import Answer, write
from tests.checkpoints import random_tensors, raw_config, write_checkpoint
from tests.contracts.text_generator import counted

RAW = raw_config("starter")
VOCABULARY = RAW["vocab_size"]
LENGTHS = (1, 4, 8, 9, 30)
"""Around the window of 8."""
SETTINGS = [Sampling(temperature=1.5, seed=seed) for seed in range(len(LENGTHS))]


@pytest.fixture(autouse=True)
def _no_gradients() -> object:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Griffin:
    """A tiny model of the starter's kind."""
    checkpoint = open_checkpoint(write_checkpoint(tmp_path_factory.mktemp("tiny"), RAW, random_tensors(RAW)))
    with torch.inference_mode():
        return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)


MakeAnswers = Callable[..., list[Answer]]


@pytest.fixture
def answers(model: Griffin, starter_tokenizer: Tokenizer) -> MakeAnswers:
    """answers(limits, stop_ids, on_text) -> one Answer for each of LENGTHS, its state read and its settings its own."""

    def make(
        limits: Sequence[int] = (20,) * len(LENGTHS),
        stop_ids: Collection[int] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> list[Answer]:
        generator = torch.Generator().manual_seed(5)
        made = []
        for length, sampling, limit in zip(LENGTHS, SETTINGS, limits, strict=True):
            state = model.fresh_state()
            ids = torch.randint(0, VOCABULARY, (1, length), generator=generator)
            state.logits = model.forward(ids, state)[:, -1]
            sampler = Sampler(sampling, VOCABULARY)
            made.append(Answer(state, sampler, starter_tokenizer, stop_ids, max_new_tokens=limit, on_text=on_text))
        return made

    return make


def _write(model: Griffin, answers: Sequence[Answer], cancelled: Cancelled = never) -> list[Generation]:
    write(PlainDecoder(model, None), answers, cancelled, lambda tokens, seconds: None)
    return [answer.finish() for answer in answers]


def _tensors(state: ModelState) -> list[Tensor]:
    assert state.logits is not None
    return [state.logits] + [
        tensor
        for layer in state.layers
        for tensor in ((layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v))
    ]


def _assert_same_states(actual: Sequence[Answer], expected: Sequence[Answer]) -> None:
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.state.position == theirs.state.position
        for a, b in zip(_tensors(ours.state), _tensors(theirs.state), strict=True):
            assert torch.allclose(a, b, rtol=1e-4, atol=1e-5)


def test_each_ends_by_itself(model: Griffin, answers: MakeAnswers) -> None:
    """By a stop token or by its limit, at different times, down to the last one: as each would alone."""
    limits = (3, 20, 0, 11, 20)
    free = [_write(model, [answer])[0].token_ids for answer in answers(limits)]
    stop = {free[1][6], free[4][15]}
    alone, together = answers(limits, stop), answers(limits, stop)
    expected = [_write(model, [answer])[0] for answer in alone]
    assert {generation.finish_reason for generation in expected} == {FinishReason.STOP, FinishReason.LENGTH}
    assert len({len(generation.token_ids) for generation in expected}) >= 4
    assert _write(model, together) == expected
    _assert_same_states(together, alone)


def test_cancelled_within_a_token(model: Griffin, answers: MakeAnswers) -> None:
    """Each keeps what it had written, and its state holds just that."""
    alone, together = answers(), answers()
    expected = [_write(model, [answer], counted(4))[0] for answer in alone]
    done = _write(model, together, counted(4))
    assert [(len(g.token_ids), g.finish_reason) for g in done] == [(4, FinishReason.CANCELLED)] * len(LENGTHS)
    assert done == expected
    _assert_same_states(together, alone)


def test_one_that_ended_is_not_cancelled(model: Griffin, answers: MakeAnswers) -> None:
    """What was complete before the cancellation stays complete."""
    done = _write(model, answers((2, 20, 20, 2, 20)), counted(5))
    assert [generation.finish_reason is FinishReason.LENGTH for generation in done] == [True, False, False, True, False]
    assert [len(generation.token_ids) for generation in done] == [2, 5, 5, 2, 5]


def test_a_failing_listener_leaves_states_to_go_on_from(model: Griffin, answers: MakeAnswers) -> None:
    """Whoever shows the text may fail; every state still belongs to its logits, alone and in a batch."""

    def fail(text: str) -> None:
        raise BrokenPipeError

    for count in (1, len(LENGTHS)):
        failing = answers(on_text=fail)[:count]
        before = [answer.state.position for answer in failing]
        with pytest.raises(BrokenPipeError):
            _write(model, failing)
        for answer, position in zip(failing, before, strict=True):
            assert answer.state.logits is not None
            assert (answer.state.position == position) == (count > 1)


def test_steps_are_counted(model: Griffin, answers: MakeAnswers) -> None:
    """A step writes as many tokens as sequences are left, in one stretch of time."""
    steps: list[tuple[int, float]] = []
    made = answers((1, 3, 3, 0, 4))
    write(PlainDecoder(model, None), made, never, lambda tokens, seconds: steps.append((tokens, seconds)))
    assert [tokens for tokens, _ in steps] == [4, 3, 3, 1]
    assert all(seconds > 0 for _, seconds in steps)


def test_nothing_to_write(model: Griffin, answers: MakeAnswers) -> None:
    """No answers, or only such as may not write a token."""
    assert _write(model, []) == []
    assert {generation.token_ids for generation in _write(model, answers((0,) * len(LENGTHS)))} == {()}
