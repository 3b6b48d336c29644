from __future__ import annotations

import pytest
import torch

from app.core.errors import ResourceError
from app.inference.bench import run
from app.inference.bench.options import BenchOptions, Effort
from app.inference.bench.report import Report, Series
from app.inference.bench.run import Bench
from app.inference.bench.subject import Facts

CPU = torch.device("cpu")
MIB = 1 << 20


class KnownSubject:
    """A model whose speeds are given: reads 100 tokens a second, 50 on top of another state, writes 10."""

    def __init__(
        self, *, fails_at: int | None = None, needs: dict[tuple[int, int], int] | None = None, writes: float = 10.0
    ) -> None:
        self.facts = Facts("known", "griffin", 1000, "float32", 800, 2000, "float32", {(8, 8): 1})
        self.started: list[tuple[int, int]] = []
        self.lengths_written: list[int] = []
        self._length = self._sequences = 0
        self._fails_at = fails_at
        self._needs = needs or {}
        self._writes = writes

    def state_bytes(self, length: int) -> int:
        return 200

    def bytes_read(self, length: int) -> int:
        return 1000

    def need_bytes(self, length: int, new_tokens: int, sequences: int = 1) -> int:
        return self._needs.get((length, new_tokens), 1)

    def start(self, length: int, sequences: int = 1) -> None:
        self.started.append((length, sequences))
        self._length, self._sequences = length, sequences

    def read(self, tokens: int) -> float:
        if self._fails_at == self._length + tokens:
            raise ResourceError("there is not enough memory for reading")
        seconds = tokens / (100 if self._length == 0 else 50)
        self._length += tokens
        return seconds

    def write(self, tokens: int) -> float:
        self.lengths_written.append(self._length)
        self._length += tokens
        return tokens / self._writes

    def stop(self) -> None:
        self._length = self._sequences = 0


@pytest.fixture(autouse=True)
def known_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that reads 20,000 bytes and does 400,000 operations a second."""
    monkeypatch.setattr(run, "read_bandwidth", lambda device, size: 20_000.0)
    monkeypatch.setattr(run, "matrix_rate", lambda shapes, kind, device: 400_000.0)


def bench(*lengths: int, batches: tuple[int, ...] = (), quick: bool = False, **listeners) -> Bench:
    made = Bench(CPU, BenchOptions(lengths, batches, quick), {"cores": 2}, **listeners)
    made.measure_bandwidth()
    return made


def test_prompts_up_to_the_limit_are_read() -> None:
    """2k is read from nothing; shares are of what the limits allow; the first token comes after prompt and one step."""
    one = bench(2048)
    one.measure("known", KnownSubject)
    (point,) = one.report.series[0].points
    assert (point.random_state, point.problem) == (False, None)
    assert (point.prefill.tokens_per_second, point.prefill.tokens) == (100.0, 2048)
    assert point.prefill.share == pytest.approx(100 * 2000 / 400_000)
    assert (point.decode.tokens_per_second, point.decode.tokens) == (10.0, 32)
    assert point.decode_limit == 20.0
    assert point.decode.share == pytest.approx(10 * 1000 / 20_000)
    assert (point.first_token_s, point.first_token_estimated) == (pytest.approx(20.48 + 0.1), False)


def test_longer_states_are_filled_not_read() -> None:
    """32k starts at 32k: 2,048 tokens are read on top, writing begins at the length itself, the wait is estimated."""
    subject = KnownSubject()
    one = bench(8192, 32768)
    one.measure("known", lambda: subject)
    point = one.report.series[0].points[1]
    assert point.random_state
    assert (point.prefill.tokens_per_second, point.prefill.tokens) == (50.0, 2048)
    assert (32768, 1) in subject.started
    assert 32768 in subject.lengths_written
    # 8,192 tokens at 100 a second, then a rate that falls to 50.
    assert point.first_token_s == pytest.approx(81.92 + (32768 - 8192) * 0.015 + 0.1)
    assert point.first_token_estimated


def test_a_gpu_reads_every_length() -> None:
    """On CUDA no length is filled with random values, unless the run is quick."""
    assert BenchOptions().effort("cuda").reads(1 << 20)
    assert not BenchOptions(quick=True).effort("cuda").reads(2048)
    assert BenchOptions().effort("cpu") == Effort(8192, 2048, 32, 20.0)


def test_a_point_that_does_not_fit_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Need and free amount stand in the report, the state's size all the same, and the next length is measured."""
    monkeypatch.setattr(run, "shortage", lambda need, device: "needs much" if need > 1 else None)
    subject = KnownSubject(needs={(0, 4096): 2, (4096, 1): 2})
    one = bench(4096, 8192)
    one.measure("known", lambda: subject)
    small, large = one.report.series[0].points
    assert (small.problem, small.prefill, small.decode, small.state_bytes) == ("needs much", None, None, 200)
    assert large.decode is not None


def test_writing_is_measured_where_only_reading_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt too large for one pass leaves the writing speed at that length, from a random state."""
    monkeypatch.setattr(run, "shortage", lambda need, device: "needs much" if need > 1 else None)
    one = bench(4096)
    one.measure("known", lambda: KnownSubject(needs={(0, 4096): 2}))
    (point,) = one.report.series[0].points
    assert (point.problem, point.prefill, point.first_token_s) == ("prefill needs much", None, None)
    assert point.random_state and point.decode.tokens_per_second == 10.0


def test_memory_that_runs_out_after_all_is_a_point_too() -> None:
    """The error's sentence is the point's problem; the other lengths stand."""
    one = bench(2048, 4096)
    one.measure("known", lambda: KnownSubject(fails_at=2048))
    assert one.report.series[0].points[0].problem == "there is not enough memory for reading"
    assert one.report.series[0].points[1].decode is not None


@pytest.mark.parametrize(("writes", "tokens"), [(10.0, 32), (2.0, 13), (0.01, 2)])
def test_a_slow_model_writes_fewer_tokens_a_round(writes: float, tokens: int) -> None:
    """Three rounds fit into 20 seconds where they can; two tokens a round are the least."""
    one = bench(2048)
    one.measure("known", lambda: KnownSubject(writes=writes))
    (point,) = one.report.series[0].points
    assert point.decode.tokens == tokens
    assert point.decode.tokens_per_second == pytest.approx(writes)


def test_batches() -> None:
    """All sequences' tokens count; the limit reads weights once and each state: 8 x 20,000 / (800 + 8 x 200)."""
    subject = KnownSubject()
    one = bench(2048, batches=(8,))
    one.measure("known", lambda: subject)
    (batch,) = one.report.series[0].batches
    assert (2048, 8) in subject.started
    assert (batch.sequences, batch.length, batch.decode.tokens_per_second) == (8, 2048, 80.0)
    assert batch.decode.share == pytest.approx(80.0 / (8 * 20_000 / 2400))


def test_an_interruption_leaves_what_was_measured() -> None:
    """Ctrl-C in the second length: the first is in the report, which is not complete."""
    seen: list[Report] = []

    def interrupt(text: str) -> None:
        if "prefill at 4k" in text:
            raise KeyboardInterrupt

    one = bench(2048, 4096, on_progress=interrupt, on_report=seen.append)
    with pytest.raises(KeyboardInterrupt):
        one.measure("known", KnownSubject)
    assert [point.length for point in one.report.series[0].points] == [2048]
    assert not one.report.complete and seen[-1] == one.report


def test_a_model_that_cannot_be_made_is_a_line_of_the_report() -> None:
    """The comparison's failure leaves the rest of the report and lets the run end well."""

    def fail() -> KnownSubject:
        raise ResourceError("too large")

    one = bench(2048)
    one.measure("known", KnownSubject)
    one.measure_or_note(Series("other", "transformer", 1, "float32", 0, 0, "float32"), fail)
    one.finish()
    assert [series.problem for series in one.report.series] == [None, "too large"]
    assert one.report.complete


def test_report_as_json() -> None:
    """Plain values with the version of their meaning."""
    one = bench(2048)
    one.measure("known", KnownSubject)
    one.finish()
    value = one.report.as_json()
    assert (value["schema"], value["device"], value["complete"], value["read_bandwidth"]) == (1, "cpu", True, 20_000.0)
    assert value["series"][0]["points"][0]["decode"]["tokens_per_second"] == 10.0


def test_the_real_thing(tiny_subject) -> None:
    """A tiny model at a length read and at one filled: every figure is there and the memory is more than none."""
    one = bench(16, 1 << 20, batches=(2,), quick=False)
    one.measure("tiny", lambda: tiny_subject)
    read, filled = one.report.series[0].points
    assert (read.random_state, filled.random_state) == (False, True)
    for point in (read, filled):
        assert point.problem is None
        assert point.prefill.tokens_per_second > 0 and point.decode.tokens_per_second > 0
        assert len(point.decode.rounds) >= 3
    assert one.report.series[0].batches[0].decode.tokens_per_second > 0


def test_a_prompt_that_is_refused_is_written_from_a_random_state() -> None:
    """The reason stands in the report, and the other lengths and the effort are as they were asked for."""

    def refuse(series: Series, length: int, new_tokens: int) -> str | None:
        return f"of {new_tokens} tokens takes too long" if new_tokens > 2048 else None

    subject = KnownSubject()
    one = bench(2048, 4096, effort=Effort(None, 2048, 8, 20.0), refusal=refuse)
    one.measure("known", lambda: subject)
    read, refused = one.report.series[0].points
    assert (read.random_state, read.problem, read.prefill.tokens_per_second) == (False, None, 100.0)
    assert (refused.random_state, refused.prefill) == (True, None)
    assert refused.problem == "prefill of 4096 tokens takes too long"
    assert refused.decode.tokens == 8
    assert (4096, 1) in subject.started
