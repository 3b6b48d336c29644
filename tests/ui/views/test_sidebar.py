"""The left pane as the user handles it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.services.shelf_rows import DocumentState, ShelfHit
from app.ui.models.conversations import ConversationChosen, Renamed
from app.ui.views.sidebar import Sidebar
from tests.ui.shelf_rows import TODAY, TWO_BRANCHES, conversation, document

DOCUMENTS = [document("a", "Forests and Waters"), document("b", "Élan vital"), document("c", "A lease")]
CONVERSATIONS = [
    conversation("one", "What of the rivers?", branches=TWO_BRANCHES, about="Forests and Waters"),
    conversation("two", "Plan a garden", days_ago=1),
]
LEFT = Qt.MouseButton.LeftButton


class Told:
    """What a pane has said, in order: name of the signal, what it carried."""

    def __init__(self, pane: Sidebar) -> None:
        self.all: list[tuple[str, object]] = []
        names = """document_chosen document_removed folder_shown conversation_chosen conversation_renamed
            conversation_deleted conversation_duplicated conversation_exported search_changed"""
        for name in names.split():
            getattr(pane, name).connect(lambda said, name=name: self.all.append((name, said)))
        for name in ("new_chat", "open_file"):
            getattr(pane, name).connect(lambda name=name: self.all.append((name, None)))


@pytest.fixture
def pane(qtbot: QtBot) -> Sidebar:
    """A pane with three documents and two conversations, on the screen."""
    made = Sidebar(lambda: TODAY)
    qtbot.addWidget(made)
    made.resize(300, 800)
    made.set_documents(DOCUMENTS)
    made.set_conversations(CONVERSATIONS)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


def documents_shown(pane: Sidebar) -> list[str]:
    """Titles in the library."""
    return [pane.documents.model().index(row, 0).data() for row in range(pane.documents.model().rowCount())]


def talk(pane: Sidebar, day: int, row: int = 0, branch: int | None = None) -> QModelIndex:
    """A row of the conversations."""
    model = pane.conversations.model()
    found = model.index(row, 0, model.index(day, 0))
    return found if branch is None else model.index(branch, 0, found)


def click(view: QWidget, index: QModelIndex, place: QPoint | None = None) -> None:
    """One click of the left button on a row."""
    QTest.mouseClick(view.viewport(), LEFT, pos=place or view.visualRect(index).center())


def menu_of(pane: Sidebar, view: QWidget, index: QModelIndex) -> dict[str, object]:
    """The commands of a row's context menu, asked for by its key, by their text."""
    view.setCurrentIndex(index)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), view.mapToGlobal(QPoint(0, 0)))
    QApplication.sendEvent(view, event)
    return {action.text(): action for menu in pane.findChildren(QMenu) for action in menu.actions() if action.text()}


def test_a_click_opens_a_document(pane: Sidebar) -> None:
    """One click is enough, and two are not two documents."""
    told = Told(pane)
    click(pane.documents, pane.documents.model().index(1, 0))
    assert told.all == [("document_chosen", DOCUMENTS[1])]


def test_enter_opens_and_arrows_only_move(pane: Sidebar, qtbot: QtBot) -> None:
    """The keyboard chooses with Enter and asks for removal with Delete."""
    told = Told(pane)
    pane.documents.setFocus()
    pane.documents.setCurrentIndex(pane.documents.model().index(0, 0))
    qtbot.keyClick(pane.documents, Qt.Key.Key_Down)
    assert told.all == []
    qtbot.keyClick(pane.documents, Qt.Key.Key_Return)
    qtbot.keyClick(pane.documents, Qt.Key.Key_Delete)
    assert told.all == [("document_chosen", DOCUMENTS[1]), ("document_removed", DOCUMENTS[1])]


def test_conversations_branches_and_days(pane: Sidebar, qtbot: QtBot) -> None:
    """A conversation opens where it was left, a branch at its end; a day folds."""
    told, tree = Told(pane), pane.conversations
    click(tree, talk(pane, 0))
    tree.expand(talk(pane, 0))
    click(tree, talk(pane, 0, 0, 0))
    assert told.all == [
        ("conversation_chosen", ConversationChosen("one", None)),
        ("conversation_chosen", ConversationChosen("one", 5)),
    ]
    day = tree.model().index(1, 0)
    click(tree, day)
    assert not tree.isExpanded(day)
    tree.setCurrentIndex(day)
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    assert tree.isExpanded(day)
    assert len(told.all) == 2


def test_the_arrow_shows_branches_without_opening(pane: Sidebar) -> None:
    """A press on it is no choice, also after the same row was chosen."""
    told, tree = Told(pane), pane.conversations
    click(tree, talk(pane, 0))
    row = tree.visualRect(talk(pane, 0))
    arrow = QPoint(row.right() - 16, row.center().y())
    click(tree, talk(pane, 0), arrow)
    assert tree.isExpanded(talk(pane, 0))
    click(tree, talk(pane, 0), arrow)
    assert not tree.isExpanded(talk(pane, 0))
    assert len(told.all) == 1


def test_what_is_unfolded_stays_so(pane: Sidebar) -> None:
    """New conversations and words change neither open branches nor a day that the user has closed."""
    tree = pane.conversations
    tree.expand(talk(pane, 0))
    tree.collapse(tree.model().index(1, 0))
    pane.set_conversations([conversation("three", hour=13), *CONVERSATIONS])
    assert tree.isExpanded(tree.model().index(0, 0))
    assert tree.isExpanded(talk(pane, 0, 1))
    assert not tree.isExpanded(tree.model().index(1, 0))


def test_a_search_filters_titles_at_once_and_asks_for_the_rest(pane: Sidebar, qtbot: QtBot) -> None:
    """Titles go as letters come; conversations are searched after a pause, and Esc ends it all."""
    told = Told(pane)
    pane.focus_search()
    assert pane.search.hasFocus()
    qtbot.keyClicks(pane.search, "ELAN")
    assert documents_shown(pane) == ["Élan vital"]
    assert pane.library_section.count == "1 of 3"
    assert pane.conversations_section.sentence == "No title has these words."
    qtbot.waitUntil(lambda: told.all == [("search_changed", "ELAN")])
    assert not pane.hits_section.isVisible()
    pane.set_hits("ELAN", [ShelfHit("two", 7, "Plan a garden", "with \x02élan\x03")])
    assert pane.hits_section.isVisible()
    pane.set_hits("EL", [])
    assert pane.hits_section.count == "1"
    qtbot.keyClick(pane.search, Qt.Key.Key_Escape)
    assert told.all[-1] == ("search_changed", "")
    assert (len(documents_shown(pane)), pane.library_section.count) == (3, "3")
    assert not pane.hits_section.isVisible()


def test_a_hit_opens_its_turn(pane: Sidebar, qtbot: QtBot) -> None:
    """Down goes from the field to what was found, Enter opens it there."""
    told = Told(pane)
    pane.search.setText("nothing of this kind")
    pane.set_hits("nothing of this kind", [ShelfHit("two", 7, "Plan a garden", "of this kind")])
    qtbot.keyClick(pane.search, Qt.Key.Key_Down)
    assert pane.hits.hasFocus()
    qtbot.keyClick(pane.hits, Qt.Key.Key_Return)
    assert told.all == [("conversation_chosen", ConversationChosen("two", 7))]
    pane.set_hits("nothing of this kind", [])
    assert pane.hits_section.sentence == "No conversation holds these words."


def test_sections_share_the_height_as_before_after_a_search(pane: Sidebar) -> None:
    """While something is searched each list gets what it needs; then the user's sizes are back."""
    pane.splitter.setSizes([500, 100, 0])
    before = pane.splitter.sizes()
    pane.search.setText("zzz")
    pane.set_hits("zzz", [ShelfHit("two", 7, "Plan a garden", "zzz")])
    library, _, hits = pane.splitter.sizes()
    assert library < 150 < hits
    pane.search.clear()
    assert pane.splitter.sizes() == before


def test_menu_of_a_document(pane: Sidebar) -> None:
    """The menu key offers what can be done; removal asks first, hence the dots."""
    told = Told(pane)
    actions = menu_of(pane, pane.documents, pane.documents.model().index(2, 0))
    assert list(actions) == ["Open", "Show in folder", "Remove from library…"]
    for action in actions.values():
        action.trigger()
    assert told.all == [(name, DOCUMENTS[2]) for name in ("document_chosen", "folder_shown", "document_removed")]


def test_menu_of_a_conversation(pane: Sidebar, qtbot: QtBot) -> None:
    """Each command says its conversation; renaming begins in the row and ends with Enter."""
    told = Told(pane)
    actions = menu_of(pane, pane.conversations, talk(pane, 1))
    assert list(actions) == ["Open", "Rename…", "Duplicate", "Export…", "Delete"]
    for text in ("Open", "Duplicate", "Export…", "Delete"):
        actions[text].trigger()
    assert told.all == [
        ("conversation_chosen", ConversationChosen("two", None)),
        ("conversation_duplicated", "two"),
        ("conversation_exported", "two"),
        ("conversation_deleted", "two"),
    ]
    actions["Rename…"].trigger()
    editor = pane.conversations.findChild(QLineEdit)
    assert (editor.text(), editor.accessibleName()) == ("Plan a garden", "Title of the conversation")
    editor.setText("Plan an orchard")
    with qtbot.waitSignal(pane.conversation_renamed, timeout=1000):
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert told.all[4:] == [("conversation_renamed", Renamed("two", "Plan an orchard"))]
    assert talk(pane, 1).data() == "Plan an orchard"


def test_f2_renames_and_esc_leaves_the_title(pane: Sidebar, qtbot: QtBot) -> None:
    """F2 edits the row with the focus, also while rows come; nothing is told when it is given up."""
    told = Told(pane)
    pane.conversations.setFocus()
    pane.conversations.setCurrentIndex(talk(pane, 0))
    qtbot.keyClick(pane.conversations, Qt.Key.Key_F2)
    editor = pane.conversations.findChild(QLineEdit)
    editor.setText("Other")
    pane.set_conversations([conversation("three", hour=13), *CONVERSATIONS])
    QApplication.processEvents()
    assert (editor.isVisible(), editor.text()) == (True, "Other")
    assert editor.geometry().intersects(pane.conversations.visualRect(talk(pane, 0, 1)))
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert (talk(pane, 0, 1).data(), told.all) == ("What of the rivers?", [])


def test_a_branch_can_only_be_opened(pane: Sidebar, qtbot: QtBot) -> None:
    """Deleting is for whole conversations; a day has no menu."""
    told = Told(pane)
    pane.conversations.expand(talk(pane, 0))
    actions = menu_of(pane, pane.conversations, talk(pane, 0, 0, 1))
    assert list(actions) == ["Open"]
    actions["Open"].trigger()
    pane.conversations.setCurrentIndex(talk(pane, 0, 0, 1))
    qtbot.keyClick(pane.conversations, Qt.Key.Key_Delete)
    assert told.all == [("conversation_chosen", ConversationChosen("one", 9))]


def test_a_right_click_leaves_the_open_document_marked(pane: Sidebar) -> None:
    """The menu of another row is no choice of that row."""
    pane.select_document("a")
    other = pane.documents.model().index(2, 0)
    pane.documents.selectionModel().select(other, pane.documents.selectionModel().SelectionFlag.ClearAndSelect)
    place = pane.documents.visualRect(other).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, pane.documents.viewport().mapToGlobal(place))
    QApplication.sendEvent(pane.documents.viewport(), event)
    pane.findChild(QMenu).close()
    assert [index.row() for index in pane.documents.selectedIndexes()] == [0]


def test_selecting_says_nothing(pane: Sidebar) -> None:
    """What the window has opened itself is marked, and comes back marked when a filter has hidden it."""
    told = Told(pane)
    pane.select_document("c")
    pane.select_conversation("two")
    assert pane.documents.currentIndex().data() == "A lease"
    assert pane.conversations.currentIndex().data() == "Plan a garden"
    pane.search.setText("forests")
    assert pane.documents.selectedIndexes() == []
    pane.search.clear()
    assert [index.data() for index in pane.documents.selectedIndexes()] == ["A lease"]
    pane.select_document("")
    assert pane.documents.selectedIndexes() == []
    assert [said for said in told.all if said[0] != "search_changed"] == []


def test_states_change_without_moving_anything(pane: Sidebar) -> None:
    """Scroll and selection stay when documents go on, and when new ones come above what is seen."""
    rows = [document(str(number)) for number in range(2_000)]
    pane.set_documents(rows)
    pane.select_document("1000")
    bar, view = pane.documents.verticalScrollBar(), pane.documents
    before, top = bar.value(), view.visualRect(view.currentIndex()).top()
    rows[1000] = replace(rows[1000], state=DocumentState.READING, progress=0.5)
    pane.set_documents(rows)
    assert (bar.value(), view.currentIndex().row()) == (before, 1000)
    pane.set_documents([document("new"), *rows])
    assert (view.visualRect(view.currentIndex()).top(), view.currentIndex().row()) == (top, 1001)
    pane.update_document(document("newer"))
    assert (view.visualRect(view.currentIndex()).top(), view.currentIndex().row()) == (top, 1002)


def test_a_conversation_that_moves_to_the_top_does_not_take_the_view_along(pane: Sidebar) -> None:
    """The rows around it stay where they are."""
    rows = [conversation(str(number), days_ago=number // 100) for number in range(2_000)]
    pane.set_conversations(rows)
    pane.select_conversation("1000")
    view = pane.conversations
    neighbour = view.indexBelow(view.currentIndex())
    name, top = neighbour.data(), view.visualRect(neighbour).top()
    pane.set_conversations([conversation("1000", hour=13), *rows[:1000], *rows[1001:]])
    moved = talk(pane, 10, 0) if name == "Talk 1001" else neighbour
    assert moved.data() == name
    assert abs(view.visualRect(moved).top() - top) <= view.sizeHintForRow(0)
    assert view.currentIndex() == talk(pane, 0)


def test_only_conversations_that_are_seen_are_painted(pane: Sidebar) -> None:
    """Of 2,000, one screen is painted, and one more after scrolling."""
    pane.set_conversations([conversation(str(number), days_ago=number // 100) for number in range(2_000)])
    QApplication.processEvents()
    before = pane.conversations.painted_rows
    pane.conversations.verticalScrollBar().setValue(20_000)
    pane.conversations.viewport().grab()
    on_screen = pane.conversations.viewport().height() // pane.conversations.sizeHintForRow(0) + 2
    assert 0 < pane.conversations.painted_rows - before <= 2 * on_screen


def test_covers_are_asked_for_and_shown(pane: Sidebar, qtbot: QtBot) -> None:
    """The rows in view ask; a cover that comes is painted."""
    with qtbot.waitSignal(pane.thumbnail_wanted, timeout=2000):
        pane.set_documents([document("new"), *DOCUMENTS])
    image = QImage(21, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.green)
    pane.set_thumbnail("new", image)
    row = pane.documents.visualRect(pane.documents.model().index(0, 0))
    shown = pane.documents.viewport().grab(row).toImage()
    assert shown.pixelColor(row.height() // 2, row.height() // 2) == Qt.GlobalColor.green


def test_empty_lists_teach(qtbot: QtBot) -> None:
    """Without rows each section says what it is for, and has no count."""
    pane = Sidebar(lambda: TODAY)
    qtbot.addWidget(pane)
    assert pane.library_section.sentence == "Open a document to have it read from the first page to the last."
    assert pane.conversations_section.sentence == "Start a chat, or ask about a document; what is said is kept here."
    assert (pane.library_section.count, pane.conversations_section.count) == ("", "")
    pane.set_documents(DOCUMENTS)
    assert (pane.library_section.sentence, pane.library_section.count) == ("", "3")


def test_buttons_say_what_is_wanted(pane: Sidebar, qtbot: QtBot) -> None:
    """Open and New chat; in a narrow pane they stand under each other."""
    told = Told(pane)
    opened, chat = pane._open_button, pane._chat_button
    qtbot.mouseClick(opened, LEFT)
    qtbot.mouseClick(chat, LEFT)
    assert told.all == [("open_file", None), ("new_chat", None)]
    assert opened.y() == chat.y()
    pane.resize(pane.minimumSizeHint().width(), 800)
    qtbot.waitUntil(lambda: opened.y() < chat.y())


def test_everything_is_named_and_reached_by_tab(pane: Sidebar, qtbot: QtBot) -> None:
    """Search, both buttons, both lists, and out again."""
    pane.search.setFocus()
    reached = []
    for _ in range(5):
        widget = QApplication.focusWidget()
        reached.append(widget.accessibleName() or widget.text())
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert reached == ["Search documents and conversations", "Open", "New chat", "Library", "Conversations"]
    assert pane.search.hasFocus()
