"""Rates as shares of the machine's limits, worked out anew whenever a limit is measured again."""

from __future__ import annotations

from dataclasses import replace

from app.inference.bench.report import BatchPoint, Point, Rate, Report, Series


def with_shares(report: Report) -> Report:
    """The report with every limit and share that its measured values give."""
    bandwidth = report.read_bandwidth
    return replace(report, series=tuple(_series(series, bandwidth) for series in report.series))


def spread(report: Report) -> float:
    """How far the rounds of one figure lie apart, as a part of their median: the largest of all figures.

    Large where something else was using the machine.
    """
    rates: list[Rate | None] = []
    for series in report.series:
        rates += [rate for point in series.points for rate in (point.prefill, point.decode)]
        rates += [batch.decode for batch in series.batches]
    known = [rate for rate in rates if rate is not None]
    return max(((max(rate.rounds) - min(rate.rounds)) / rate.tokens_per_second for rate in known), default=0.0)


def _series(series: Series, bandwidth: float | None) -> Series:
    return replace(
        series,
        points=tuple(_point(point, series, bandwidth) for point in series.points),
        batches=tuple(_batch(batch, bandwidth) for batch in series.batches),
    )


def _point(point: Point, series: Series, bandwidth: float | None) -> Point:
    limit = None if bandwidth is None else bandwidth / point.bytes_per_token
    most = None
    if series.matrix_rate is not None and series.operations_per_token:
        most = series.matrix_rate / series.operations_per_token
    return replace(point, prefill=_share(point.prefill, most), decode=_share(point.decode, limit), decode_limit=limit)


def _batch(batch: BatchPoint, bandwidth: float | None) -> BatchPoint:
    limit = None if bandwidth is None else batch.sequences * bandwidth / batch.bytes_per_step
    return replace(batch, decode=_share(batch.decode, limit))


def _share(rate: Rate | None, limit: float | None) -> Rate | None:
    return None if rate is None else replace(rate, share=None if limit is None else rate.tokens_per_second / limit)
