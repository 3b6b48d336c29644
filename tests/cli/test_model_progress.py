from __future__ import annotations

import io

from app.cli.model_progress import amounts, model_progress
from app.services.model_progress import ModelProgress, Stage
from tests.clocks import FakeClock


def test_amounts() -> None:
    """What is done, and rate and time left where they are known."""
    begun = ModelProgress(Stage.DOWNLOADING, 1_234_000_000, 5_366_000_000)
    assert amounts(begun) == "1,234 of 5,366 MB"
    under_way = ModelProgress(Stage.DOWNLOADING, 1_234_000_000, 5_366_000_000, "", 12_345_678.0, 3725.0)
    assert amounts(under_way) == "1,234 of 5,366 MB, 12.3 MB/s, 1:02:05 left"
    assert amounts(ModelProgress(Stage.MEASURING, 2, 4)) == "2 of 4 weight formats"


def test_lines_come_at_times_and_with_each_stage() -> None:
    """Off a terminal: the first, then one in ten seconds, and one when something else begins."""
    stream, clock = io.StringIO(), FakeClock()
    with model_progress(stream, clock) as show:
        for done in range(0, 30):
            show(ModelProgress(Stage.COPYING, done * 1_000_000, 30_000_000))
            clock.now += 1.0
        show(ModelProgress(Stage.CHECKING, 0, 30_000_000))
    assert stream.getvalue().splitlines() == [
        "copying: 0 of 30 MB",
        "copying: 10 of 30 MB",
        "copying: 20 of 30 MB",
        "checking: 0 of 30 MB",
    ]
