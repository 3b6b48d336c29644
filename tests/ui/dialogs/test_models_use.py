"""The cost of a change of the model, in sentences."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.inference.fit import Verdict
from app.ui.dialogs.models_use import SwitchCost, UsePage
from app.ui.models.model_row import Use
from tests.ui.fake_store import fit
from tests.ui.model_rows import here


def texts(page: UsePage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisibleTo(page))


def test_what_has_been_read_is_timed(qtbot: QtBot) -> None:
    """By the model's rate on this machine, for a hundred pages and for the longest document."""
    page = UsePage()
    qtbot.addWidget(page)
    page.show_cost(here(), SwitchCost("starter", True, 3, "Rivers", 312))
    told = texts(page)
    assert "Use RecurrentGemma 2B, instruction-tuned?" in told
    assert "What is being read or answered now stops" in told
    assert "The states of starter are kept" in told
    # 100 and 312 pages of 500 tokens at 230 tokens/s
    assert "Reading 100 pages takes about 4 min, at 230 tokens/s." in told
    assert "the longest, Rivers, takes about 11 min." in told
    with qtbot.waitSignal(page.wished) as wished:
        page.main.click()
    assert wished.args == [Use("recurrentgemma-2b-it")]


def test_a_bad_fit_is_said_and_no_rate_made_up(qtbot: QtBot) -> None:
    """With its reason; nothing is said of what does not happen."""
    page = UsePage()
    qtbot.addWidget(page)
    tight = fit(Verdict.TIGHT, read=None, reasons=("needs 3.1 GiB, 3.3 GiB are free",))
    page.show_cost(replace(here(), entry=replace(here().entry, fit=tight)), SwitchCost("starter", False))
    told = texts(page)
    assert "Tight: needs 3.1 GiB, 3.3 GiB are free" in told
    assert "How long that takes is not known" in told
    assert "stops" not in told and "pages" not in told
    page.show_cost(here(), SwitchCost("starter", False))
    assert "Tight" not in texts(page)
