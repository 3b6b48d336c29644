"""The window's languages: complete, in step with the sources, and compiled."""

import ast
import importlib.util
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("PySide6.QtCore")

ROOT = Path(__file__).resolve().parent.parent.parent
WINDOW = ROOT / "app" / "ui"

SOURCE = """
from PySide6.QtCore import QObject

class Greeter(QObject):
    def greet(self, name: str, count: int) -> str:
        return self.tr("Hello {name}").format(name=name) + self.tr("%n page(s)", "", count)
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """packaging/translations.py as a module."""
    spec = importlib.util.spec_from_file_location("translations", ROOT / "packaging" / "translations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["translations"] = module  # a dataclass looks its module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folders(script: ModuleType, tmp_path: Path) -> tuple[Path, Path]:
    """Translations of a source of one file, and its folder: taken out, translated and compiled."""
    translations, sources = tmp_path / "translations", tmp_path / "sources"
    translations.mkdir()
    sources.mkdir()
    (sources / "greeter.py").write_text(SOURCE, encoding="utf-8")
    script.update(translations, sources)
    german, english = script.ts_file(translations, "de"), script.ts_file(translations, "en")
    say(german, 'type="unfinished"></translation>', ">Hallo {name}</translation>")
    for path, forms in ((german, ("%n Seite", "%n Seiten")), (english, ("%n page", "%n pages"))):
        say(path, ' type="unfinished">', ">")
        for form in forms:
            say(path, "<numerusform></numerusform>", f"<numerusform>{form}</numerusform>")
    script.release(translations)
    return translations, sources


def say(path: Path, before: str, after: str) -> None:
    """Put one text in the place of another, as a translator does."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_every_text_of_the_window_is_translated(script: ModuleType) -> None:
    """Nothing is missing, left over, wrong or uncompiled, in German and in English plurals."""
    assert script.problems(script.FOLDER, script.SOURCES) == []


def test_the_files_are_those_that_the_sources_make(script: ModuleType, tmp_path: Path) -> None:
    """Taking the texts out once more changes no byte."""
    for language in script.LANGUAGES:
        shutil.copy(script.ts_file(script.FOLDER, language), tmp_path)
    script.update(tmp_path, script.SOURCES)
    for language in script.LANGUAGES:
        kept, made = script.ts_file(script.FOLDER, language), script.ts_file(tmp_path, language)
        assert made.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_texts_are_literals() -> None:
    """What is given to tr() and translate() stands there as it is: nothing else is found by lupdate."""
    for path in sorted(WINDOW.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if name == "translate" and getattr(owner, "id", "") != "QCoreApplication":
                continue  # str.translate
            number = {"tr": 0, "translate": 1}.get(name)
            if number is None:
                continue
            text = node.args[number]
            # window_commands.py has a tr() of its own, which is given literals.
            passed_on = path.name == "window_commands.py" and name == "translate"
            assert passed_on or (isinstance(text, ast.Constant) and isinstance(text.value, str)), (
                f"{path.relative_to(ROOT)}:{node.lineno}"
            )


def test_a_finished_folder_has_no_problems(script: ModuleType, folders: tuple[Path, Path]) -> None:
    """What was taken out, translated and compiled passes."""
    assert script.problems(*folders) == []


def test_a_new_text_and_one_that_went(script: ModuleType, folders: tuple[Path, Path]) -> None:
    """A changed text is one that is missing and one that nobody says any more; `update` brings the file in step."""
    translations, sources = folders
    (sources / "greeter.py").write_text(SOURCE.replace("Hello", "Good morning"), encoding="utf-8")
    found = script.problems(translations, sources)
    assert found == [
        "griffin-desk_de.ts: lacks Greeter: 'Good morning {name}'",
        "griffin-desk_de.ts: has what no source says any more, Greeter: 'Hello {name}'",
    ]
    script.update(translations, sources)
    assert script.problems(translations, sources) == ["griffin-desk_de.ts: unfinished, Greeter: 'Good morning {name}'"]


def test_an_old_compiled_file(script: ModuleType, folders: tuple[Path, Path]) -> None:
    """A translation changed after the last `release` is told from one that the window has."""
    translations, sources = folders
    say(script.ts_file(translations, "de"), "Hallo {name}", "Tag, {name}")
    (line,) = script.problems(translations, sources)
    assert "was compiled before Greeter: 'Hello {name}' was changed" in line
    script.release(translations)
    assert script.problems(translations, sources) == []
    script.ts_file(translations, "en").with_suffix(".qm").unlink()
    (line,) = script.problems(translations, sources)
    assert line.startswith("griffin-desk_en.ts: is not compiled")


@pytest.mark.parametrize(
    ("source", "translation", "wrong"),
    [
        ("{done} of {total}", "{done} von {total}", []),
        ("{done} of {total}", "{total}, {done}", []),
        ("{done} of {total}", "{done} von allen", ["other placeholders"]),
        ("%n page(s)", "Seiten", ["other placeholders"]),
        ("&Open…", "Ö&ffnen…", []),
        ("&Open…", "Öffnen…", ["a menu's letter too many or too few"]),
        ("Search && replace", "Suchen && ersetzen", []),
        ("Close", "&Schließen", ["a menu's letter too many or too few"]),
        (" or ", "oder", ["other spaces at the ends"]),
        ("Export…", "Exportieren", ["a dialog announced by one of the two only"]),
        ("It is ready.", "Fertig", ["a sentence in one of the two only"]),
        ("page", "Seite(s)", ["a plural in brackets"]),
        ("Text (*.md);;All files (*)", "Text (*.md);;Alle Dateien (*)", []),
        ("Text (*.md);;All files (*)", "Text (*.md), alle Dateien (*)", ["other placeholders"]),
    ],
)
def test_mistakes_that_a_machine_sees(script: ModuleType, source: str, translation: str, wrong: list[str]) -> None:
    """Fields, numbers, letters of menus, spaces and ends are those of the source; the order of fields is free."""
    assert script.mistakes(source, translation) == wrong


def test_plurals_differ(script: ModuleType) -> None:
    """One and many are said differently, or the word has one form; English has plurals and nothing else."""
    for language in script.LANGUAGES:
        messages = script.read_messages(script.ts_file(script.FOLDER, language))
        plurals = [message for message in messages if message.plural]
        assert all(len(message.translations) == 2 for message in plurals)
        same = [message for message in plurals if len(set(message.translations)) == 1]
        assert len(same) < len(plurals) / 2
        if language == "en":
            assert plurals == messages and same == []


def test_one_source_one_word(script: ModuleType) -> None:
    """A short label that stands in several places is called the same in each."""
    messages = script.read_messages(script.ts_file(script.FOLDER, "de"))
    said: dict[str, set[str]] = {}
    for message in messages:
        if len(message.source.split()) <= 2 and not message.plural:
            said.setdefault(message.source, set()).add(message.translations[0])
    assert {source: words for source, words in said.items() if len(words) > 1} == {}
    assert Counter(message.key for message in messages).most_common(1)[0][1] == 1
