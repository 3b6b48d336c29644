from __future__ import annotations

import pytest
import torch

from app.core.errors import ResourceError, UserError
from app.inference.bench.griffin_subject import synthetic_engine, synthetic_format
from app.inference.weight_format import WeightFormat

CPU = torch.device("cpu")


def test_facts(tiny_subject, tiny_config) -> None:
    """Sizes of the model that is really there."""
    facts = tiny_subject.facts
    assert (facts.kind, facts.weight_format, facts.matrix_kind) == ("griffin", "float32", "float32")
    assert facts.weights_bytes == 4 * facts.parameters
    assert tiny_subject.bytes_read(100) == facts.weights_bytes + tiny_subject.state_bytes(100)
    assert "random weights" in facts.notes


def test_reading_and_writing_take_tokens_in(tiny_subject) -> None:
    """The engine counts what the subject asked for, and the state is that many tokens further."""
    engine = tiny_subject._engine
    tiny_subject.start(1000)
    assert tiny_subject.read(600) > 0
    assert tiny_subject.write(7) > 0
    assert (engine.usage.prefill_tokens, engine.usage.decode_tokens) == (600, 7)
    assert engine.position(tiny_subject._state) == 1607


def test_an_answer_that_ends_early_is_gone_on_with(tiny_subject) -> None:
    """Every token may be the stop token; all the tokens asked for are written all the same."""
    engine = tiny_subject._engine
    engine._template.stop_ids = frozenset(range(97))
    tiny_subject.start(10)
    tiny_subject.write(5)
    assert engine.usage.decode_tokens == 5


def test_sequences_together_advance_in_step(tiny_subject) -> None:
    """Each of three sequences takes in every token; a single one can follow."""
    tiny_subject.start(20, 3)
    assert tiny_subject.write(4) > 0
    assert tiny_subject._together.batch.positions.tolist() == [24, 24, 24]
    tiny_subject.start(20)
    tiny_subject.write(1)


def test_stop_drops_the_state(tiny_subject) -> None:
    """The engine holds no state afterwards."""
    tiny_subject.start(10)
    tiny_subject.stop()
    assert tiny_subject._engine._states == {}


def test_need_grows_with_the_sequences_only(tiny_subject) -> None:
    """A longer sequence needs no more memory, two need more than one."""
    assert tiny_subject.need_bytes(1 << 20, 512) == tiny_subject.need_bytes(2048, 512)
    assert tiny_subject.need_bytes(2048, 1, 2) > tiny_subject.need_bytes(2048, 1, 1)


def test_formats_of_random_weights() -> None:
    """int8 on the CPU unless another one is asked for; an unknown one is refused."""
    assert synthetic_format(None, CPU).form is WeightFormat.INT8
    assert synthetic_format("float32", CPU).form is WeightFormat.FLOAT32
    with pytest.raises(UserError, match="unknown weight format"):
        synthetic_format("int5", CPU)


def test_a_size_that_does_not_fit_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the shape, the need and the free amount."""
    monkeypatch.setattr("app.inference.free_memory.free_bytes", lambda device: 1 << 30)
    with pytest.raises(ResourceError, match=r"RecurrentGemma-9B shape in float32.* 3\d\.\d GiB, 1\.0 GiB are free"):
        synthetic_engine("9b", synthetic_format("float32", CPU), CPU)
