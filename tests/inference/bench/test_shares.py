from __future__ import annotations

import pytest

from app.inference.bench.report import BatchPoint, Point, Rate, Report, Series
from app.inference.bench.shares import spread, with_shares


def report(*, bandwidth: float | None = 20_000.0, matrix_rate: float | None = 400_000.0) -> Report:
    """Reads 100 tokens a second at 2,000 operations each, writes 10 at 1,000 bytes each, 8 together 80 at 2,400."""
    point = Point(2048, False, 1, 1000, Rate(100.0, (90.0, 100.0), 2048), Rate(10.0, (10.0, 9.0, 14.0), 32))
    batch = BatchPoint(8, 2048, 2400, Rate(80.0, (80.0,), 32))
    series = Series("x", "griffin", 1, "int8", 800, 2000, "int8", matrix_rate, points=(point,), batches=(batch,))
    return Report({}, "cpu", False, bandwidth, (series,))


def test_shares_of_the_limits() -> None:
    """Writing: of bandwidth over bytes; reading: of the matrix rate over operations; together: of all tokens."""
    (series,) = with_shares(report()).series
    (point,), (batch,) = series.points, series.batches
    assert point.decode_limit == 20.0
    assert point.decode.share == pytest.approx(0.5)
    assert point.prefill.share == pytest.approx(0.5)
    assert batch.decode.share == pytest.approx(80.0 / (8 * 20_000 / 2400))


def test_without_limits_there_are_no_shares() -> None:
    """What was not measured is not made up."""
    (series,) = with_shares(report(bandwidth=None, matrix_rate=None)).series
    assert (series.points[0].decode_limit, series.points[0].decode.share, series.points[0].prefill.share) == (None,) * 3


def test_spread_is_that_of_the_worst_figure() -> None:
    """Rounds of 9 to 14 around 10 lie half of it apart; no figures, no spread."""
    assert spread(report()) == pytest.approx(0.5)
    assert spread(Report({}, "cpu", False)) == 0.0
