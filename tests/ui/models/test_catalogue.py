"""The list of models."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from app.services.catalogue import ModelStatus
from app.ui.models.catalogue import CatalogueModel, CatalogueRole
from tests.ui.model_rows import here, row, work


def test_what_it_tells(qtmodeltester: ModelTester) -> None:
    """Title, kind and size, state, fit; a screen reader hears all of it, and why a model is damaged."""
    model = CatalogueModel()
    damaged = row(2, status=ModelStatus.DAMAGED, problem="config.json is missing", fit=None)
    model.set_rows([here(), damaged])
    qtmodeltester.check(model)
    roles = (Qt.ItemDataRole.DisplayRole, CatalogueRole.KIND, CatalogueRole.STATE, CatalogueRole.FIT)
    assert [model.index(0).data(role) for role in roles] == [
        "RecurrentGemma 2B, instruction-tuned",
        "instruction-tuned · 5.00 GiB",
        "On this machine",
        "Fits well · reads 230, writes 8.5 tokens/s",
    ]
    assert model.index(1).data(Qt.ItemDataRole.AccessibleTextRole) == (
        "RecurrentGemma 2B, base, recurrentgemma-2b, Damaged, config.json is missing, 5.00 GiB, "
        "It is not known whether it fits"
    )


def test_rows_that_stay_are_only_told_of(qtmodeltester: ModelTester) -> None:
    """A step of a download changes one row; another list is a new one."""
    model = CatalogueModel()
    told: list[object] = []
    model.set_rows([row(0), row(1)])
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    model.modelReset.connect(lambda: told.append("reset"))
    model.set_rows([row(0), replace(row(1), work=work())])
    model.set_rows([row(0), replace(row(1), work=work())])
    assert told == [(1, 1)]
    model.set_rows([row(0)])
    assert told == [(1, 1), "reset"]
    assert model.index_of("starter").row() == 0 and not model.index_of("recurrentgemma-2b-it").isValid()
    assert model.row("starter") == row(0) and model.row("none") is None
    qtmodeltester.check(model)


def test_models_of_one_title_are_told_apart_by_name() -> None:
    """Only those."""
    model = CatalogueModel()
    model.set_rows([here(), row(0)])
    assert model.index(0).data(CatalogueRole.KIND) == "instruction-tuned · 5.00 GiB"
    model.set_rows([here(), here(name="mine"), row(2)])
    assert [model.index(number).data(CatalogueRole.KIND) for number in range(3)] == [
        "recurrentgemma-2b-it · 5.00 GiB",
        "mine · 5.00 GiB",
        "base · 5.00 GiB",
    ]
