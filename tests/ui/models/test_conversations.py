"""Conversations as a tree for views."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.ui.models.conversations import ConversationModel, ConversationRole, Renamed
from app.ui.models.title_filter import TitleFilter
from tests.ui.shelf_rows import TODAY, TWO_BRANCHES, conversation

ROWS = [
    conversation("a", days_ago=0, hour=9),
    conversation("b", days_ago=0, hour=11, branches=TWO_BRANCHES, about="Forests and Waters"),
    conversation("c", days_ago=1),
    conversation("d", days_ago=90),
]


@pytest.fixture
def model() -> ConversationModel:
    """A model of four conversations on three days, on the day on which they were last changed."""
    made = ConversationModel(lambda: TODAY)
    made.set_conversations(ROWS)
    return made


def outline(model: ConversationModel, parent: QModelIndex = QModelIndex()) -> list[object]:  # noqa: B008
    """The texts of the tree: each a string, or a string and what stands under it."""
    rows: list[object] = []
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        assert model.parent(index) == parent
        under = outline(model, index)
        rows.append((index.data(), under) if under else index.data())
    return rows


def test_three_levels_newest_first(model: ConversationModel, qtmodeltester: ModelTester) -> None:
    """Days, their conversations, and branches where there are several."""
    assert outline(model) == [
        ("Today", [("Talk b", ["Branch 1 of 2: And the lakes?", "Branch 2 of 2: Three rivers."]), "Talk a"]),
        ("Yesterday", ["Talk c"]),
        ("December 2025", ["Talk d"]),
    ]
    assert (model.shown, model.total) == (4, 4)
    qtmodeltester.check(model)


def test_roles_tell_lines_and_spoken_text(model: ConversationModel) -> None:
    """A row has two lines, a screen reader hears both."""
    today = model.index(0, 0)
    talk = model.index_of("b")
    branch = model.index(1, 0, talk)
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert talk.data(ConversationRole.DETAIL) == "12 turn(s) · About Forests and Waters"
    assert model.index_of("a").data(ConversationRole.DETAIL) == "12 turn(s)"
    assert branch.data(ConversationRole.NAME) == "Branch 2 of 2 · in use"
    assert branch.data(ConversationRole.DETAIL) == "Three rivers."
    assert [index.data(spoken) for index in (today, talk, branch)] == [
        "Today, 2 conversation(s)",
        "Talk b, 12 turn(s), About Forests and Waters",
        "Branch 2 of 2 · in use, Three rivers.",
    ]
    assert (model.conversation(branch), model.branch(branch)) == (ROWS[1], TWO_BRANCHES[1])
    assert (model.conversation(today), model.branch(talk)) == (None, None)


def test_other_words_change_no_rows(model: ConversationModel, qtbot: QtBot) -> None:
    """A new title is told of its row alone; the same rows say nothing."""
    changed: list[str] = []
    model.dataChanged.connect(lambda index: changed.append(index.data()))
    with qtbot.assertNotEmitted(model.layoutChanged):
        model.set_conversations(ROWS)
        assert changed == []
        model.set_conversations([*ROWS[:2], replace(ROWS[2], title="Lakes"), ROWS[3]])
    assert changed == ["Lakes"]


def test_rows_keep_their_place_in_the_tree_when_others_come(model: ConversationModel) -> None:
    """A conversation that goes on moves to the top of today with its branches; one that is deleted is gone."""
    talk, branch = model.index_of("c"), model.index(0, 0, model.index_of("b"))
    day, gone = QPersistentModelIndex(model.index(2, 0)), QPersistentModelIndex(model.index_of("a"))
    moved, kept = QPersistentModelIndex(talk), QPersistentModelIndex(branch)
    newest = conversation("c", days_ago=0, hour=13)
    model.set_conversations([newest, ROWS[1], ROWS[3]])
    assert (moved.row(), model.conversation(moved), model.parent(moved).row()) == (0, newest, 0)
    assert (kept.data(), model.parent(kept) == model.index_of("b")) == ("Branch 1 of 2: And the lakes?", True)
    assert (day.row(), day.data(), gone.isValid()) == (1, "December 2025", False)
    assert not model.index_of("a").isValid()


def test_branches_that_go_leave_their_conversation(model: ConversationModel) -> None:
    """A branch that is no more is no row; the other one stays."""
    first, second = (QPersistentModelIndex(model.index(row, 0, model.index_of("b"))) for row in (0, 1))
    third = replace(TWO_BRANCHES[0], turn_id=20, last_text="New")
    model.set_conversations([ROWS[0], replace(ROWS[1], branches=(TWO_BRANCHES[1], third)), *ROWS[2:]])
    assert (first.isValid(), second.row(), second.data()) == (False, 0, "Branch 1 of 2: Three rivers.")


def test_filter_takes_days_with_it(model: ConversationModel) -> None:
    """A day without conversations is not shown; all comes back."""
    before = outline(model)
    model.set_filter(TitleFilter("talk C"))
    assert outline(model) == [("Yesterday", ["Talk c"])]
    assert (model.shown, model.total, model.index_of("a").isValid()) == (1, 4, False)
    model.set_filter(TitleFilter())
    assert outline(model) == before


def test_headings_follow_the_clock(qtbot: QtBot) -> None:
    """After midnight today is yesterday; the rows stay where they are."""
    days = [TODAY]
    model = ConversationModel(lambda: days[0])
    model.set_conversations(ROWS[:2])
    heading = QPersistentModelIndex(model.index(0, 0))
    model.refresh_days()
    days[0] = TODAY + timedelta(days=1)
    assert heading.data() == "Today"
    with qtbot.waitSignal(model.dataChanged, timeout=1000):
        model.refresh_days()
    assert heading.data() == "Yesterday"


def test_a_title_is_edited_in_place(model: ConversationModel, qtbot: QtBot) -> None:
    """The new title is shown and told, on one line; an empty one or the old one is not told."""
    index = model.index_of("a")
    assert index.data(Qt.ItemDataRole.EditRole) == "Talk a"
    with qtbot.waitSignal(model.renamed, timeout=1000) as renamed:
        assert model.setData(index, "  On\nrivers ")
    assert renamed.args == [Renamed("a", "On rivers")]
    assert model.index_of("a").data() == "On rivers"
    with qtbot.assertNotEmitted(model.renamed):
        assert not model.setData(model.index_of("a"), "  ")
        assert model.setData(model.index_of("a"), "On rivers")
        assert not model.setData(model.index(0, 0, model.index_of("b")), "A branch")
        assert not model.setData(model.index(0, 0), "A day")


def test_only_conversations_are_edited_and_days_not_chosen(model: ConversationModel) -> None:
    """What can be done with a row is told by its flags."""
    rows = (model.index(0, 0), model.index_of("b"), model.index(0, 0, model.index_of("b")))
    flags = [model.flags(index) for index in rows]
    assert [bool(flag & Qt.ItemFlag.ItemIsEditable) for flag in flags] == [False, True, False]
    assert [bool(flag & Qt.ItemFlag.ItemIsSelectable) for flag in flags] == [False, True, True]


def test_an_id_that_reads_like_a_day_is_not_taken_for_one() -> None:
    """Days and conversations are told apart whatever their names."""
    model = ConversationModel(lambda: date(2026, 3, 18))
    model.set_conversations([conversation("2026-03-18"), conversation("day 2026-03-17", days_ago=1)])
    assert outline(model) == [("Today", ["Talk 2026-03-18"]), ("Yesterday", ["Talk day 2026-03-17"])]
