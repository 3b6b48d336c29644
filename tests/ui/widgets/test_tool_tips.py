"""Texts of files are shown in tool tips as they are written, and nothing in them is loaded."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QTextDocument
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

import app.ui
from app.ui.dialogs.password import PasswordDialog
from app.ui.dialogs.removal import RemovalQuestion
from app.ui.dialogs.settings_page import copyable
from app.ui.views.home import HomeView
from app.ui.views.summary import SummaryView
from app.ui.widgets.chat_hint import ChatHint
from app.ui.widgets.elided import ElidedButton, ElidedLabel
from app.ui.widgets.page_note import PageNote
from app.ui.widgets.recent_row import RecentDocument, RecentRow
from app.ui.widgets.tool_tips import tool_tip

HOSTILE = 'Report <img src="file:///tmp/x.png">'


def a_recent_row() -> QWidget:
    row = RecentRow()
    row.set_document(RecentDocument("k", HOSTILE, "today", "read"))
    return row


def a_cut_label() -> QWidget:
    label = ElidedLabel()
    label.set_text(HOSTILE)
    label.resize(40, 20)
    label.grab()  # a widget is told its size before it is painted
    return label


def a_cut_button() -> QWidget:
    button = ElidedButton()
    button.set_text(HOSTILE)
    button.resize(60, 20)
    button.grab()
    return button


def a_button_with_a_detail() -> QWidget:
    button = ElidedButton()
    button.set_text("starter", HOSTILE)
    return button


def a_note() -> QWidget:
    note = PageNote()
    note.say(HOSTILE)
    return note


def a_locked_file() -> QWidget:
    return PasswordDialog(HOSTILE + "x" * 100)


def a_path() -> QWidget:
    return copyable(HOSTILE)


PLACES = [a_recent_row, a_cut_label, a_cut_button, a_button_with_a_detail, a_note, a_locked_file, a_path]


@pytest.mark.parametrize("make", PLACES)
def test_a_title_is_no_html_in_a_tool_tip(make: Callable[[], QWidget], qtbot: QtBot) -> None:
    """It is shown with its tags, and a screen reader is told none that were not in it."""
    widget = make()
    qtbot.addWidget(widget)
    (tipped,) = (one for one in (widget, *widget.findChildren(QLabel)) if "Report" in one.toolTip())
    assert "<img" not in tipped.toolTip()
    assert HOSTILE in shown(tipped.toolTip())
    told = QAccessible.queryAccessibleInterface(tipped).text(QAccessible.Text.Description)
    assert HOSTILE in told and "&lt;" not in told


def test_nothing_to_say_is_no_tool_tip() -> None:
    """And lines stay lines."""
    assert tool_tip("") == ""
    assert shown(tool_tip("a & b\n<i>c</i>")) == "a & b\n<i>c</i>"


def shown(tip: str) -> str:
    """What is read in a tool tip."""
    assert tip.startswith("<qt>")
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


def a_summary() -> QWidget:
    view = SummaryView()
    view.set_note(HOSTILE)
    view.set_error(HOSTILE)
    return view


def a_model() -> QWidget:
    view = HomeView()
    view.set_model(HOSTILE)
    return view


def a_hint() -> QWidget:
    hint = ChatHint()
    hint.set_hint(HOSTILE, (HOSTILE,))
    return hint


def a_question() -> QWidget:
    return RemovalQuestion(HOSTILE)


@pytest.mark.parametrize("make", [a_summary, a_model, a_hint, a_question])
def test_a_title_is_no_html_in_a_label(make: Callable[[], QWidget], qtbot: QtBot) -> None:
    """Every label that shows one takes it for plain text."""
    widget = make()
    qtbot.addWidget(widget)
    labels = [label for label in widget.findChildren(QLabel) if "Report" in label.text()]
    assert labels and {label.textFormat() for label in labels} == {Qt.TextFormat.PlainText}


def is_safe(tip: ast.expr) -> bool:
    """A text of the program's own, or one that is escaped."""
    match tip:
        case ast.Constant(value=str()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name("self"), attr="tr"), args=[ast.Constant(), *_]):
            return True
        case ast.Call(func=ast.Name("tool_tip")):
            return True
    return False


def unsafe_tips(source: str) -> Iterator[int]:
    """Lines that set a tool tip to something that may hold HTML."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="setToolTip"), args=[*_, tip]) if not is_safe(tip):
                yield node.lineno


def test_every_tool_tip_is_escaped() -> None:
    """All of the window's code gives Qt only its own texts, or those that tool_tip made."""
    files = sorted(Path(app.ui.__file__).parent.rglob("*.py"))
    found = [f"{file.name}:{line}" for file in files for line in unsafe_tips(file.read_text(encoding="utf-8"))]
    assert len(files) > 100 and found == []


@pytest.mark.parametrize("tip", ["title", "f'{title}'", "self.tr('Size {size}').format(size=size)", "escape(title)"])
def test_an_unsafe_tool_tip_is_found(tip: str) -> None:
    """Whatever holds data, also where it is put into a text of the program."""
    assert list(unsafe_tips(f"self.setToolTip({tip})")) == [1]
