"""What is said of models and of work on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.inference.fit import Verdict
from app.services.catalogue import ModelStatus
from app.services.model_progress import ModelProgress, Stage
from app.ui.models.model_row import ModelRow, WorkKind
from app.ui.models.model_words import (
    fit_icon,
    fit_text,
    percent_text,
    progress_text,
    speed_text,
    state_icon,
    state_text,
    work_sentence,
    work_text,
)
from tests.ui.fake_store import fit
from tests.ui.model_rows import GB, here, row, work


@pytest.mark.parametrize(
    ("of", "text", "icon"),
    [
        (row(0), "Came with the program", "check"),
        (replace(row(0), in_use=True), "In use", "check"),
        (here(), "On this machine", "check"),
        (row(), "Not here yet", "download"),
        (row(status=ModelStatus.PAUSED, nbytes=5 * GB, done_bytes=2 * GB), "Download paused at 40 %", "pause"),
        (row(status=ModelStatus.PAUSED, nbytes=0, done_bytes=0), "Download paused at 0 %", "pause"),
        (row(status=ModelStatus.DAMAGED), "Damaged", "warning"),
        (replace(row(), work=work()), "Downloading, 40 %", "download"),
        (replace(here(), in_use=True, work=work(kind=WorkKind.COPY)), "Converting, 40 %", "refresh"),
    ],
)
def test_where_a_model_is(of: ModelRow, text: str, icon: str) -> None:
    """In words and in a drawing; what is being done comes before all else."""
    assert (state_text(of), state_icon(of)) == (text, icon)


def test_the_three_verdicts_and_none() -> None:
    """Each has words and a drawing of its own."""
    fits = [fit(verdict) for verdict in Verdict]
    assert [fit_text(one) for one in (*fits, None)] == [
        "Fits well",
        "Tight",
        "Will not fit",
        "It is not known whether it fits",
    ]
    assert len({fit_icon(one) for one in (*fits, None)}) == 4


def test_speeds() -> None:
    """Whole numbers from ten on; nothing where one is not known."""
    assert speed_text(fit(read=1561.4, write=8.53)) == "reads 1561, writes 8.5 tokens/s"
    assert speed_text(fit(read=None)) == speed_text(fit(write=None)) == speed_text(None) == ""


def test_work_that_has_not_begun_or_is_to_stop() -> None:
    """Neither has a figure worth telling."""
    assert work_text(work(None)) == "Waits for its turn"
    assert work_text(work(stopping=True)) == "Stopping"
    assert work_text(replace(work(), progress=ModelProgress(Stage.CHECKING, 0, 0))) == "Checking"


def test_figures_of_progress() -> None:
    """Those that are known; the bytes of a measurement are none."""
    plain = progress_text(ModelProgress(Stage.COPYING, GB, 5 * GB)).replace("\u00a0", " ")
    assert plain == "Copying · 954 MiB of 4.66 GiB"
    told = progress_text(ModelProgress(Stage.DOWNLOADING, GB, 5 * GB, "x", 2**20 * 10, 61.0)).replace("\u00a0", " ")
    assert told == "Downloading · 954 MiB of 4.66 GiB · 10.0 MiB a second · 1:01 left"
    assert progress_text(ModelProgress(Stage.MEASURING, 1, 2)) == "Measuring"


def test_a_hundred_percent_is_all_of_it() -> None:
    """Rounded down."""
    assert [percent_text(share) for share in (0.0, 0.29, 0.999, 1.0)] == ["0", "29", "99", "100"]


@pytest.mark.parametrize("kind", list(WorkKind))
def test_a_sentence_for_each_kind_of_work(kind: WorkKind) -> None:
    """With the model's name, where it is about one."""
    assert ("RecurrentGemma 2B" in work_sentence(work(kind=kind))) is (kind is not WorkKind.MEASURE)
