"""Documents as a list for views."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QLocale, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.models import library
from app.ui.models.library import LibraryModel, LibraryRole
from app.ui.models.title_filter import TitleFilter
from tests.ui.shelf_rows import document

COVER = Qt.ItemDataRole.DecorationRole


def cover() -> QImage:
    """A cover of 10 by 14 pixels: 560 bytes."""
    image = QImage(10, 14, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    return image


def told(model: LibraryModel) -> list[str]:
    """Every signal of the model from now on, in a list that grows."""
    signals: list[str] = []
    model.rowsInserted.connect(lambda _, first, last: signals.append(f"+{first}-{last}"))
    model.rowsRemoved.connect(lambda _, first, last: signals.append(f"-{first}-{last}"))
    model.dataChanged.connect(lambda first, last: signals.append(f"~{first.row()}-{last.row()}"))
    model.layoutChanged.connect(lambda: signals.append("layout"))
    model.modelReset.connect(lambda: signals.append("reset"))
    return signals


def keys(model: LibraryModel) -> list[str]:
    """The keys of the rows that are shown."""
    return [model.index(row).data(LibraryRole.KEY) for row in range(model.rowCount())]


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (document("a"), "113 page(s) · read"),
        (document("a", state=DocumentState.NEW, pages=2415), "2,415 page(s) · new"),
        (document("a", state=DocumentState.NEW, pages=0), "new"),
        (document("a", pages=330, page_kind="part"), "330 part(s) · read"),
        (document("a", page_range="10-20"), "pages 10-20 · read"),
        (document("a", page_range="7"), "page 7 · read"),
        (document("a", state=DocumentState.READING, progress=0.43), "reading 43 %"),
        (document("a", state=DocumentState.READING, progress=0.29), "reading 29 %"),
        (document("a", state=DocumentState.READING, progress=0.999), "reading 99 %"),
        (document("a", state=DocumentState.OPENING, progress=7.0), "opening 100 %"),
        (document("a", state=DocumentState.NEEDS_PASSWORD), "needs password"),
        (document("a", state=DocumentState.REFUSED), "could not be read"),
    ],
)
def test_second_line_says_pages_and_state(row: ShelfDocument, status: str) -> None:
    """Each state has its words; a document that is not read to the end is never at 100 %."""
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    try:
        model = LibraryModel()
        model.set_documents([row])
        assert model.index(0).data(LibraryRole.STATUS) == status
    finally:
        QLocale.setDefault(before)


def test_roles_tell_everything_of_a_document(qtmodeltester: ModelTester) -> None:
    """Title, path and problem stand in the tool tip, harmless; a screen reader hears title, state and problem."""
    row = document("k", "<img src=x> & Co", DocumentState.REFUSED, problem="It holds no text.", progress=0.5)
    model = LibraryModel()
    model.set_documents([row])
    index = model.index(0)
    assert index.data() == "<img src=x> & Co"
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "<qt><b>&lt;img src=x&gt; &amp; Co</b><br>/books/k.pdf<br>It holds no text.</qt>"
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "<img src=x> & Co, could not be read, It holds no text."
    assert index.data(LibraryRole.DOCUMENT) == row
    roles = (LibraryRole.STATE, LibraryRole.PROGRESS, LibraryRole.PAGES, LibraryRole.PATH, LibraryRole.PROBLEM)
    assert [index.data(role) for role in roles] == [row.state, 0.5, 113, "/books/k.pdf", "It holds no text."]
    qtmodeltester.check(model)


def test_only_rows_that_changed_are_told() -> None:
    """New states of some rows say nothing of the others, and the same rows nothing at all."""
    rows = [document(key) for key in "abcde"]
    model = LibraryModel()
    model.set_documents(rows)
    signals = told(model)
    model.set_documents(list(rows))
    assert signals == []
    rows[1], rows[2], rows[4] = (replace(rows[row], state=DocumentState.READING) for row in (1, 2, 4))
    model.set_documents(rows)
    assert signals == ["~1-2", "~4-4"]
    model.update_document(replace(rows[3], progress=0.2))
    model.update_document(replace(rows[3], progress=0.2))
    assert signals == ["~1-2", "~4-4", "~3-3"]


def test_rows_come_and_go_one_by_one() -> None:
    """What stays keeps its row object: selections hold."""
    model = LibraryModel()
    model.set_documents([document(key) for key in "abcd"])
    kept = QPersistentModelIndex(model.index_of("c"))
    signals = told(model)
    model.set_documents([document(key) for key in "xacy"])
    assert signals == ["-3-3", "-1-1", "+0-0", "+3-3"]
    assert (kept.row(), keys(model)) == (2, list("xacy"))


def test_rows_that_change_places_keep_their_selection() -> None:
    """A document that comes to the top is the same one there, one that is gone is none."""
    model = LibraryModel()
    model.set_documents([document(key) for key in "abcd"])
    moved, gone = QPersistentModelIndex(model.index_of("c")), QPersistentModelIndex(model.index_of("b"))
    signals = told(model)
    model.set_documents([document(key) for key in "cad"])
    assert signals == ["layout"]
    assert (moved.row(), gone.isValid(), keys(model)) == (0, False, list("cad"))


def test_a_new_document_comes_first() -> None:
    """An update of what is not in the list yet adds it."""
    model = LibraryModel()
    model.set_documents([document("a")])
    model.update_document(document("b"))
    assert keys(model) == ["b", "a"]


def test_filter_hides_titles_and_brings_them_back() -> None:
    """Hidden rows are still there: they are updated and shown again."""
    model = LibraryModel()
    model.set_documents([document("a", "Forests"), document("b", "Wälder"), document("c", "Forest law")])
    model.set_filter(TitleFilter("forest"))
    assert (keys(model), model.total) == (["a", "c"], 3)
    assert not model.index_of("b").isValid()
    model.update_document(document("b", "The forest in German"))
    assert keys(model) == ["a", "b", "c"]
    model.update_document(document("a", "Meadows"))
    assert keys(model) == ["b", "c"]
    model.set_filter(TitleFilter())
    assert keys(model) == ["a", "b", "c"]


def test_a_cover_is_asked_for_once_when_it_is_painted(qtbot: QtBot) -> None:
    """The row painted last comes first; what cannot have a cover is not asked for."""
    model = LibraryModel()
    rows = [document("a"), document("b"), document("c"), document("d", state=DocumentState.REFUSED)]
    model.set_documents(rows)
    asked: list[str] = []
    model.thumbnail_wanted.connect(asked.append)
    for row in (0, 1, 3, 0):
        assert model.index(row).data(COVER) is None
    qtbot.waitUntil(lambda: asked == ["b", "a"])
    with qtbot.waitSignal(model.dataChanged, timeout=1000) as changed:
        model.set_thumbnail("b", cover())
    assert changed.args is not None
    assert (changed.args[0].row(), changed.args[2]) == (1, [COVER])
    assert model.index(1).data(COVER).size() == cover().size()
    model.set_thumbnail("a", QImage())
    assert model.index(0).data(COVER) is None
    model.index(2).data(COVER)
    qtbot.waitUntil(lambda: asked == ["b", "a", "c"])


def test_a_cover_is_asked_for_again_after_the_password(qtbot: QtBot) -> None:
    """What could not be drawn may be drawn once the document is open."""
    model = LibraryModel()
    model.set_documents([document("a", state=DocumentState.NEEDS_PASSWORD)])
    model.set_thumbnail("a", QImage())
    model.update_document(document("a", state=DocumentState.READING))
    with qtbot.waitSignal(model.thumbnail_wanted, timeout=1000) as asked:
        model.index(0).data(COVER)
    assert asked.args == ["a"]


def test_covers_stay_within_their_bytes(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one painted longest ago goes, and is asked for again when it is painted."""
    monkeypatch.setattr(library, "COVERS_BYTES", 2 * cover().sizeInBytes())
    model = LibraryModel()
    model.set_documents([document(key) for key in "abc"])
    model.set_thumbnail("a", cover())
    model.set_thumbnail("b", cover())
    assert model.index(0).data(COVER) is not None
    model.set_thumbnail("c", cover())
    assert [model._covers.get(key) is not None for key in "abc"] == [True, False, True]
    with qtbot.waitSignal(model.thumbnail_wanted, timeout=1000) as asked:
        assert model.index(1).data(COVER) is None
    assert asked.args == ["b"]


def test_a_quick_scroll_asks_for_what_is_seen_at_its_end(qtbot: QtBot) -> None:
    """Some at a time, the last painted first; the others are asked for when they are painted again."""
    model = LibraryModel()
    model.set_documents([document(f"{number}") for number in range(300)])
    asked: list[str] = []
    model.thumbnail_wanted.connect(asked.append)
    for row in range(300):
        model.index(row).data(COVER)
    qtbot.waitUntil(lambda: len(asked) == library.ASKED_AT_ONCE)
    qtbot.waitUntil(lambda: len(asked) == library.MOST_WANTED)
    assert asked == [f"{number}" for number in range(299, 299 - library.MOST_WANTED, -1)]
    model.index(0).data(COVER)
    qtbot.waitUntil(lambda: asked[-1] == "0")
