"""The run itself: limits first, then each model at each length, and a report after every figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import torch

from app.core.errors import GriffinDeskError
from app.inference.bench.estimate import first_token_seconds
from app.inference.bench.lengths import label
from app.inference.bench.limits import BUFFER_BYTES, matrix_rate, read_bandwidth
from app.inference.bench.memory import PeakMeter, release, shortage, used_bytes
from app.inference.bench.options import BenchOptions, Effort
from app.inference.bench.report import BatchPoint, Point, Rate, Report, Series
from app.inference.bench.shares import with_shares
from app.inference.bench.subject import Facts, Subject
from app.inference.bench.timing import Budget, repeat

WARM_UP_TOKENS = 2
LEAST_WRITE_TOKENS, LEAST_WRITE_ROUNDS = 2, 3

Progress = Callable[[str], None]
"""Called with what is being done now."""
Listener = Callable[[Report], None]
"""Called with all that is known so far, after every figure."""
Refusal = Callable[[Series, int, int], str | None]
"""Called with a model's figures so far, a length and a number of tokens: why so many more are not read, or None."""


class Bench:
    """One run. `report` holds what was found so far, also after an interruption."""

    def __init__(
        self,
        device: torch.device,
        options: BenchOptions,
        machine: Mapping[str, Any],
        *,
        on_progress: Progress = lambda text: None,
        on_report: Listener = lambda report: None,
        buffer_bytes: int | None = None,
        effort: Effort | None = None,
        refusal: Refusal = lambda series, length, new_tokens: None,
    ) -> None:
        """buffer_bytes: of the bandwidth's measurement, None for its definition's. effort: None for the options'.

        refusal: asked before a prompt is read; what is not read is written from a random state all the same.
        """
        self._device = device
        self._options = options
        self._effort: Effort = effort or options.effort(device.type)
        self._refusal = refusal
        self._progress = on_progress
        self._listener = on_report
        self._buffer_bytes = buffer_bytes
        self.report = Report(machine=machine, device=str(device), quick=options.quick)

    def measure_bandwidth(self) -> None:
        """The machine's memory bandwidth. Measured again along the run, where there is room; the best counts.

        What else the machine does at the moment can only make a limit too small, never too large.
        """
        if shortage(self._buffer_bytes or BUFFER_BYTES[self._device.type], self._device):
            return
        bandwidth = read_bandwidth(self._device, size=self._buffer_bytes)
        release(self._device)
        self._update(replace(self.report, read_bandwidth=max(bandwidth, self.report.read_bandwidth or 0.0)))

    def measure(self, name: str, make: Callable[[], Subject]) -> None:
        """Make a model, measure it and let it go. One that cannot be made is a line of the report.

        make: returns the model; the memory it takes counts as the model's.
        """
        self._progress(f"loading {name}")
        release(self._device)
        before = used_bytes(self._device)
        subject = make()
        self._measure(subject, before)
        subject.stop()

    def measure_or_note(self, series: Series, make: Callable[[], Subject]) -> None:
        """The same, but a model that cannot be made is `series` with the reason as its problem."""
        try:
            self.measure(series.name, make)
        except GriffinDeskError as error:
            self._update(replace(self.report, series=(*self.report.series, replace(series, problem=error.message))))

    def finish(self) -> None:
        """Everything asked for is measured."""
        self._update(replace(self.report, complete=True))

    def _measure(self, subject: Subject, before: int) -> None:
        facts = subject.facts
        self._progress(f"{facts.name}: matrix rate")
        rate = self._matrix_rate(facts)
        series = Series(
            name=facts.name,
            kind=facts.kind,
            parameters=facts.parameters,
            weight_format=facts.weight_format,
            weights_bytes=facts.weights_bytes,
            operations_per_token=facts.operations_per_token,
            matrix_kind=facts.matrix_kind,
            matrix_rate=rate,
            notes=facts.notes,
        )
        earlier = self.report.series
        self._update(replace(self.report, series=(*earlier, series)))
        subject.start(0)
        subject.read(WARM_UP_TOKENS)
        subject.write(WARM_UP_TOKENS)
        for length in self._options.lengths:
            self.measure_bandwidth()
            point = self._point(subject, series, length, before)
            series = replace(series, points=(*series.points, point))
            self._update(replace(self.report, series=(*earlier, series)))
        for sequences in self._options.batches if facts.kind == "griffin" else ():
            batch = self._batch(subject, sequences, min(self._options.lengths), before)
            series = replace(series, batches=(*series.batches, batch))
            self._update(replace(self.report, series=(*earlier, series)))
        again = self._matrix_rate(facts)
        self._update(replace(self.report, series=(*earlier, replace(series, matrix_rate=max(rate, again)))))

    def _point(self, subject: Subject, series: Series, length: int, before: int) -> Point:
        effort = self._effort
        random = not effort.reads(length)
        point = Point(length, random, subject.state_bytes(length), subject.bytes_read(length))
        new = effort.prefill_tokens if random else length
        start = length if random else 0
        prefill_problem = self._shortage(subject, start, new) or self._refusal(series, start, new)
        try:
            with PeakMeter(self._device) as meter:
                if prefill_problem is None:
                    self._progress(f"{series.name}: prefill at {label(length)}")
                    seconds = repeat(lambda: self._read(subject, start, new), self._budget())
                    point = replace(point, prefill=self._rate(seconds, new))
                elif problem := self._shortage(subject, length, 1):
                    return replace(point, random_state=True, problem=problem)
                if random or prefill_problem is not None:
                    subject.start(length)
                    point = replace(point, random_state=True, problem=prefill_problem and f"prefill {prefill_problem}")
                self._progress(f"{series.name}: decode at {label(length)}")
                point = replace(point, decode=self._decode_rate(subject))
                point = replace(point, peak_bytes=meter.peak_bytes - before)
        except GriffinDeskError as error:  # memory ran out after all
            return replace(point, problem=error.message)
        finally:
            subject.stop()
            release(self._device)
        return self._with_first_token(point, series.points)

    def _shortage(self, subject: Subject, length: int, new_tokens: int, sequences: int = 1) -> str | None:
        return shortage(subject.need_bytes(length, new_tokens, sequences), self._device)

    def _budget(self) -> Budget:
        return Budget(self._effort.seconds)

    @staticmethod
    def _read(subject: Subject, start: int, tokens: int) -> float:
        subject.start(start)
        return subject.read(tokens)

    @staticmethod
    def _rate(seconds: Sequence[float], tokens: int, sequences: int = 1) -> Rate:
        rounds = tuple(sequences * tokens / each for each in seconds)
        return Rate(sequences * tokens / median(seconds), rounds, tokens)

    def _decode_rate(self, subject: Subject, sequences: int = 1) -> Rate:
        """Of the sequences that there are, all together."""
        one = subject.write(WARM_UP_TOKENS) / WARM_UP_TOKENS
        # Seconds a token, as of a transformer with a long cache, would make these rounds the longest part of all.
        affordable = int(self._effort.seconds / (LEAST_WRITE_ROUNDS * one))
        tokens = max(LEAST_WRITE_TOKENS, min(self._effort.write_tokens, affordable))
        seconds = repeat(lambda: subject.write(tokens), Budget(self._effort.seconds, least=LEAST_WRITE_ROUNDS))
        return self._rate(seconds, tokens, sequences)

    @staticmethod
    def _with_first_token(point: Point, earlier: Sequence[Point]) -> Point:
        if point.prefill is None or point.decode is None:
            return point
        one = 1.0 / point.decode.tokens_per_second
        if not point.random_state:
            return replace(point, first_token_s=point.length / point.prefill.tokens_per_second + one)
        return replace(point, first_token_s=first_token_seconds([*earlier, point]) + one, first_token_estimated=True)

    def _batch(self, subject: Subject, sequences: int, length: int, before: int) -> BatchPoint:
        # Weights are read once for all, states once for each.
        weights = subject.facts.weights_bytes
        point = BatchPoint(sequences, length, weights + sequences * (subject.bytes_read(length) - weights))
        self._progress(f"{subject.facts.name}: {sequences} sequences together")
        if problem := self._shortage(subject, length, 1, sequences):
            return replace(point, problem=problem)
        try:
            with PeakMeter(self._device) as meter:
                subject.start(length, sequences)
                point = replace(point, decode=self._decode_rate(subject, sequences))
                return replace(point, peak_bytes=meter.peak_bytes - before)
        except GriffinDeskError as error:
            return replace(point, problem=error.message)
        finally:
            subject.stop()
            release(self._device)

    def _matrix_rate(self, facts: Facts) -> float:
        return matrix_rate(facts.matrix_shapes, facts.matrix_kind, self._device)

    def _update(self, report: Report) -> None:
        self.report = with_shares(report)
        self._listener(self.report)
