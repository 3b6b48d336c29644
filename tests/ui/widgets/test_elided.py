"""Texts that do not fit are cut, and told whole."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.widgets.elided import ElidedButton, ElidedLabel
from app.ui.widgets.tool_tips import tool_tip

LONG = "Reading The collected reports of the commission, page 12 of 34"


def test_a_text_that_fits_is_whole(qtbot: QtBot) -> None:
    """At its own width a label shows all, and needs no tool tip."""
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.set_text(LONG)
    label.resize(label.sizeHint())
    assert label.shown_text == LONG and label.toolTip() == ""


def test_a_text_that_does_not_fit_is_cut(qtbot: QtBot) -> None:
    """In the middle where asked, so that the page number stays; the tool tip has it whole."""
    label = ElidedLabel(Qt.TextElideMode.ElideMiddle)
    qtbot.addWidget(label)
    label.set_text(LONG)
    label.show()
    label.resize(label.sizeHint().width() * 2 // 3, label.height())
    assert "…" in label.shown_text and label.shown_text.endswith("page 12 of 34")
    assert label.toolTip() == tool_tip(LONG)
    assert label.minimumSizeHint().width() < label.sizeHint().width() // 2


def test_a_button_is_cut_and_keeps_its_name(qtbot: QtBot) -> None:
    """What assistive technology reads is never cut; the tool tip has the whole text and the detail."""
    button = ElidedButton()
    qtbot.addWidget(button)
    button.set_text("google/recurrentgemma-9b-it · GPU · bf16", "24 GiB free")
    button.show()
    button.resize(button.sizeHint())
    assert button.text() == button.full_text and button.toolTip() == tool_tip("24 GiB free")
    button.resize(button.minimumSizeHint())
    assert "…" in button.text()
    assert button.accessibleName() == "google/recurrentgemma-9b-it · GPU · bf16"
    assert button.toolTip() == tool_tip("google/recurrentgemma-9b-it · GPU · bf16\n24 GiB free")


def test_an_ampersand_is_no_mnemonic(qtbot: QtBot) -> None:
    """A file name may have one."""
    button = ElidedButton()
    qtbot.addWidget(button)
    button.resize(300, 30)
    button.set_text("Q&A model")
    assert button.text() == "Q&&A model" and button.shortcut().isEmpty()


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_wanted_size_grows_with_the_text_size(qapp: QApplication, qtbot: QtBot, scale: float) -> None:
    """At its wanted size a button is not cut at any scale."""
    button = ElidedButton()
    qtbot.addWidget(button)
    button.set_text("Griffin starter · CPU · fp32")
    button.show()
    theme.apply(qapp, theme.Scheme.LIGHT, scale)
    button.resize(button.sizeHint())
    assert button.text() == "Griffin starter · CPU · fp32"
