"""Keep the window's languages in step with its texts: `python packaging/translations.py update | release | --check`.

`update` takes the texts out of app/ui into one .ts file for each language (English: only the texts that have a plural),
`release` compiles the .qm files that the window loads. Both come from the tools in PySide6; the same sources give the
same files. `--check` changes nothing and says what is missing, left over or wrong; exit code 1 when there is anything.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import PySide6
from PySide6.QtCore import QTranslator

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "app" / "ui"
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = ("de", "en")
PLURALS_ONLY = frozenset({"en"})
"""The language that the sources are written in needs a file for "1 page" and "2 pages" alone."""

PLACEHOLDER = re.compile(r"\{\w*\}|%L?n|;;|\(\*\.?\w*\)")
"""What a translation must hold as often as its source: fields, the number of a plural, parts of a file filter."""
MNEMONIC = re.compile(r"&(?=[^&\s])")


@dataclass(frozen=True, slots=True)
class Message:
    """A text and its translations: one, or one for each plural form of the language."""

    context: str
    source: str
    comment: str
    plural: bool
    state: str
    """"" for a finished one, else unfinished, vanished or obsolete."""
    translations: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """What tells it from others."""
        return self.context, self.source, self.comment, self.plural

    def __str__(self) -> str:
        return f"{self.context}: {self.source!r}"


def ts_file(folder: Path, language: str) -> Path:
    """The texts of a language, which people edit."""
    return folder / f"griffin-desk_{language}.ts"


def read_messages(path: Path) -> list[Message]:
    """All messages of a .ts file, in its order."""
    return [message for context in ElementTree.parse(path).getroot().iter("context") for message in _read(context)]


def _read(context: ElementTree.Element) -> Iterator[Message]:
    for element in context.iter("message"):
        translation = element.find("translation")
        assert translation is not None
        forms = tuple(form.text or "" for form in translation.iter("numerusform"))
        yield Message(
            context=context.findtext("name") or "",
            source=element.findtext("source") or "",
            comment=element.findtext("comment") or "",
            plural=element.get("numerus") == "yes",
            state=translation.get("type", ""),
            translations=forms or (translation.text or "",),
        )


# The tools


def tool(name: str) -> Path:
    """A program that comes inside PySide6's wheel."""
    found = shutil.which(name, path=str(Path(PySide6.__file__).parent))
    if found is None:
        raise SystemExit(f"PySide6 {PySide6.__version__} came without {name}; install pyside6-essentials from PyPI")
    return Path(found)


def run(*command: str | Path) -> None:
    """Run a tool quietly; its own words are shown where it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def update(folder: Path, sources: Path) -> None:
    """Bring the .ts files in step with the texts of the sources; what is new there is left unfinished."""
    files = sorted(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path for path in sources.rglob("*.py"))
    for language in LANGUAGES:
        only = ["-pluralonly"] if language in PLURALS_ONLY else []
        # A text that was changed needs to be read again by a person: no guesses from similar ones.
        options = ["-silent", "-no-obsolete", "-locations", "none", "-disable-heuristic", "similartext"]
        languages = ["-source-language", "en", "-target-language", language]
        run(tool("lupdate"), *options, *only, *languages, *files, "-ts", ts_file(folder, language))


def release(folder: Path) -> None:
    """Compile the .qm file beside each .ts file."""
    for language in LANGUAGES:
        source = ts_file(folder, language)
        run(tool("lrelease"), "-silent", "-nounfinished", source, "-qm", source.with_suffix(".qm"))


# The check


def problems(folder: Path, sources: Path) -> list[str]:
    """One line for everything that is not as it should be; none is good news."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name)
        for language in LANGUAGES:
            if ts_file(folder, language).exists():
                shutil.copy(ts_file(folder, language), fresh)
        update(fresh, sources)
        for language in LANGUAGES:
            path = ts_file(folder, language)
            if path.exists():
                lines = [*_differences(path, ts_file(fresh, language)), *_mistakes(path), *_stale(path)]
            else:
                lines = ["is not there"]
            found += [f"{path.name}: {line}" for line in lines]
    return found


def _differences(path: Path, fresh: Path) -> Iterator[str]:
    there = {message.key: message for message in read_messages(path)}
    wanted = {message.key: message for message in read_messages(fresh)}
    for key in sorted(wanted.keys() - there.keys()):
        yield f"lacks {wanted[key]}"
    for key in sorted(there.keys() - wanted.keys()):
        yield f"has what no source says any more, {there[key]}"


def _mistakes(path: Path) -> Iterator[str]:
    for message in read_messages(path):
        if message.state or not all(message.translations):
            yield f"{message.state or 'empty'}, {message}"
            continue
        for translation in message.translations:
            for wrong in mistakes(message.source, translation):
                yield f"{wrong}, {message} is {translation!r}"


def mistakes(source: str, translation: str) -> list[str]:
    """What a translation lacks that a machine can see."""
    found = []
    if Counter(PLACEHOLDER.findall(source)) != Counter(PLACEHOLDER.findall(translation)):
        found.append("other placeholders")
    if len(MNEMONIC.findall(source)) != len(MNEMONIC.findall(translation)):
        found.append("a menu's letter too many or too few")
    if [source[:1].isspace(), source[-1:].isspace()] != [translation[:1].isspace(), translation[-1:].isspace()]:
        found.append("other spaces at the ends")
    if source.endswith("…") != translation.endswith("…"):
        found.append("a dialog announced by one of the two only")
    if source.endswith(".") != translation.endswith("."):
        found.append("a sentence in one of the two only")
    if "(s)" in translation:
        found.append("a plural in brackets")
    return found


def _stale(path: Path) -> Iterator[str]:
    """Whether the compiled file says what the texts say; dates of files mean nothing after a checkout."""
    compiled = QTranslator()
    if not compiled.load(str(path.with_suffix(".qm"))):
        yield "is not compiled; run: python packaging/translations.py release"
        return
    for message in read_messages(path):
        # 1 and 2 stand for the two forms that these languages have.
        said = tuple(
            compiled.translate(message.context, message.source, message.comment, number)
            for number in ((1, 2) if message.plural else (-1,))
        )
        if not message.state and said != message.translations:
            yield f"was compiled before {message} was changed; run: python packaging/translations.py release"
            return


def main() -> int:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", nargs="?", choices=("update", "release"))
    parser.add_argument("--check", action="store_true", help="change nothing, say what is wrong")
    options = parser.parse_args()
    if options.action == "update":
        update(FOLDER, SOURCES)
    elif options.action == "release":
        release(FOLDER)
    elif not options.check:
        parser.error("say update, release or --check")
    found = problems(FOLDER, SOURCES) if options.check else []
    print("\n".join(found) if found else "done")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
