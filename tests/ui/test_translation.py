"""The window in German and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QMenuBar, QPushButton
from pytestqt.qtbot import QtBot

from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.amounts import count_text, duration_text, size_text
from app.ui.main_window import MainWindow
from app.ui.models.library import LibraryModel, LibraryRole
from app.ui.shortcuts import Commands
from app.ui.translation import LANGUAGES, install_translation
from app.ui.window_commands import fill_menus, make_commands
from app.ui.window_state import WindowState
from tests.ui.shelf_rows import document


class Nothing:
    """Stands in for what commands do."""

    def __getattr__(self, name: str) -> object:
        return lambda: None


@pytest.fixture(autouse=True)
def english_afterwards(qapp: QApplication) -> Iterator[None]:
    """Takes a language out again."""
    before, known = QLocale(), set(qapp.findChildren(QTranslator))
    yield
    for translator in set(qapp.findChildren(QTranslator)) - known:
        qapp.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(before)


@pytest.fixture
def german(qapp: QApplication) -> None:
    """Puts German in force."""
    assert install_translation(qapp, "de") == "de"


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """A window for a menu bar."""
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


def menus(window: QMainWindow) -> QMenuBar:
    """The program's menus in the language in force."""
    fill_menus(window.menuBar(), Commands(make_commands(Nothing()), window))  # type: ignore[arg-type]
    return window.menuBar()


def letters(texts: list[str]) -> list[str]:
    """The letter that each text marks for the keyboard."""
    return [match.group(1).lower() for text in texts if (match := re.search(r"&([^&])", text))]


def test_a_german_window(german: None, qtbot: QtBot, window: QMainWindow) -> None:
    """A window built after the language was chosen speaks it, in its panes and menus."""
    whole = MainWindow(WindowState())
    qtbot.addWidget(whole)
    texts = {label.text() for label in whole.findChildren(QLabel)}
    texts |= {button.text() for button in whole.findChildren(QPushButton)}
    assert {"Bibliothek", "Gespräche", "Messwerte", "Beispieldokument öffnen", "Neues Gespräch"} <= texts
    assert not texts & {"Library", "Conversations", "Meters", "Open the sample document", "New chat"}
    assert [action.text() for action in menus(window).actions()] == ["&Datei", "D&okument", "&Ansicht", "&Hilfe"]


def test_german_numbers(german: None) -> None:
    """Thousands are parted by dots, decimals by a comma."""
    assert count_text(96214) == "96.214"
    assert size_text(30.3 * 2**20) == "30,3 MiB"
    assert duration_text(3900) == "1 h 05 min"


@pytest.mark.parametrize(
    ("language", "one", "many"), [("de", "1 Seite", "1.200 Seiten"), ("en", "1 page", "1,200 pages")]
)
def test_plurals(qapp: QApplication, language: str, one: str, many: str) -> None:
    """One page is a page, more are pages, and no plural stands in brackets."""
    install_translation(qapp, language)
    QLocale.setDefault(QLocale(language))
    model = LibraryModel()
    told = []
    for pages in (1, 1200):
        model.set_documents([extent(pages)])
        told.append(str(model.index(0).data(LibraryRole.STATUS)))
    assert told[0].startswith(f"{one} ·") and told[1].startswith(f"{many} ·")


def extent(pages: int) -> ShelfDocument:
    """A new document of so many pages."""
    return document("a", pages=pages, state=DocumentState.NEW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_of_menus(qapp: QApplication, window: QMainWindow, language: str) -> None:
    """Each menu and each of its commands has a letter of its own for the keyboard."""
    install_translation(qapp, language)
    bar = menus(window)
    menu_texts = [action.text() for action in bar.actions()]
    assert len(set(letters(menu_texts))) == len(menu_texts)
    for action in bar.actions():
        texts = [entry.text() for entry in action.menu().actions() if not entry.isSeparator()]
        marked = letters(texts)
        assert len(marked) == len(texts)
        assert sorted(marked) == sorted(set(marked)), f"{action.text()}: {texts}"


def test_unknown_languages_are_english(qapp: QApplication) -> None:
    """A language that there is no translation for gives English, the plurals included."""
    assert install_translation(qapp, "fr") == "en"
    assert QCoreApplication.translate("LibraryModel", "%Ln page(s)", "", 2) == "2 pages"
    assert QCoreApplication.translate("", "File") == "File"
