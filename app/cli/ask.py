"""`griffin-desk ask FILES "QUESTION"`: the sentences that answer it, word for word, and the model's answer."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.cli.asked import Asked, asked_json, evidence_section, extract_section
from app.cli.context import Context
from app.cli.document import open_document
from app.cli.engine import notes_of
from app.cli.errors import Interrupted, lost
from app.cli.output import print_json
from app.cli.progress import ProgressReport, progress_report
from app.cli.read import follow
from app.core.errors import DocumentError, UserError, WorkerLostError
from app.core.text import one_line
from app.documents.files import check_file
from app.documents.readers.registry import is_document_name
from app.inference.generator import TextGenerator
from app.services import codec
from app.services.answers import Answered, AnswerService, extract_of
from app.services.library import LibraryDocument, LibraryEntry
from app.services.restarts import Recovered
from app.services.shelf import documents_in
from app.tasks.model import AnswerStyle


def run(context: Context) -> int:
    """Answer a question about documents. Raises GriffinDeskError and Interrupted."""
    options = context.options
    style = _style(context)
    files = _files(context)
    model = context.resolve_model()
    loader = context.start_loading(model)
    try:
        with progress_report(sys.stderr, time.monotonic) as progress:
            items = _items(context, files, progress)
            began = time.monotonic()
            search = context.desk.search
            findings = search.find(items, options.question)
            asked = Asked(items, options.question, findings, extract_of(findings, options.question))
            search_s = time.monotonic() - began
        if not options.json:
            _show(extract_section(asked))
        if not findings.evidence:
            if options.json:
                print_json(sys.stdout, asked_json(asked, None, {"seconds_searching": round(search_s, 3)}))
            return 0
        generator = loader.result()
        sys.stderr.writelines(f"{note}\n" for note in notes_of(generator))
        about = _read(context, items, generator)
        before, began = generator.usage, time.monotonic()
        answered = _answered(AnswerService(search, context.desk.reading), asked, generator, about, style)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; ask again") from None
    except WorkerLostError as error:
        raise lost(error, "ask again") from error
    if options.json:
        stats = codec.generator_stats(codec.usage_since(generator.usage, before), generator.info) | {
            "model": model.name,
            "seconds_searching": round(search_s, 3),
            "seconds_answering": round(time.monotonic() - began, 3),
        }
        print_json(sys.stdout, asked_json(asked, answered, stats))
    else:
        _show(evidence_section(asked, answered, model.name))
    return 0


def _style(context: Context) -> AnswerStyle | None:
    """The style asked for; None leaves it to the model. Raises UserError."""
    options = context.options
    asked_for: AnswerStyle | None = options.style
    if not options.read:
        return asked_for
    if asked_for is AnswerStyle.QUOTED:
        # Quotes are chosen sentence by sentence, each in a state of its own: the reading would be for nothing.
        raise UserError("--read goes with written answers: leave out --style quoted", code="usage")
    return AnswerStyle.WRITTEN


def _files(context: Context) -> list[Path]:
    """The files that the command names: of a folder, those in it that look like documents.

    Raises UserError and DocumentError.
    """
    options = context.options
    # Path's own questions raise for a text that is too long to be a path.
    if is_document_name(options.question) and os.path.isfile(options.question):  # noqa: PTH113
        raise UserError(f"{options.question} is a file: put the question after it, in quotes", code="usage")
    if not options.files and not options.library:
        raise UserError("name a document before the question, or ask all of them with --library", code="usage")
    if options.files and options.library:
        raise UserError("--library asks all documents: name none", code="usage")
    files: list[Path] = []
    for path in options.files:
        if os.path.isdir(path):  # noqa: PTH112
            found = documents_in(path)
            if not found:
                raise UserError(f"there are no documents in the folder {path}", code="empty-folder")
            files += found
        else:
            _check(path)
            files.append(path)
    if len(files) != 1:
        for name, value in (("--pages", options.pages), ("--password", options.password), ("--read", options.read)):
            if value:
                raise UserError(f"{name} goes with one document", code="usage")
    return files


def _check(path: Path) -> None:
    """`check_file`; a name that no document has may be a word of a question without quotes."""
    try:
        check_file(path)
    except DocumentError as error:
        if error.code != "missing" or is_document_name(path.name):
            raise
        raise DocumentError(f"{error.message}; the question comes last, in quotes", code=error.code) from None


def _items(
    context: Context, files: Sequence[Path], progress: ProgressReport
) -> list[LibraryDocument] | list[LibraryEntry]:
    """The documents, each once; one of a folder that cannot be read is named and left out."""
    if context.options.library:
        entries = context.desk.library.entries()
        if not entries:
            raise UserError("the library is empty: open a document first", code="empty-library")
        return entries
    items: dict[str, LibraryDocument] = {}
    for file in files:
        try:
            item = open_document(context, file, progress)
        except DocumentError as error:
            if file in context.options.files:
                raise
            progress.say(f"note: {one_line(error.message)}")
        else:
            items[item.document_id] = item
    if not items:
        raise UserError("none of the documents could be read", code="unreadable")
    return list(items.values())


def _read(
    context: Context, items: Sequence[LibraryDocument | LibraryEntry], generator: TextGenerator
) -> LibraryDocument | None:
    """The document that is asked, where it is only one, read by the model if that was wished."""
    (item,) = items if len(items) == 1 else (None,)
    if not isinstance(item, LibraryDocument):
        return None
    if context.options.read:
        with progress_report(sys.stderr, time.monotonic) as progress:
            done = follow(context.desk.reading.read(item, generator), item, progress)
        if done is not None:
            generator.drop(done.state)
    return item


def _answered(
    answers: AnswerService,
    asked: Asked,
    generator: TextGenerator,
    about: LibraryDocument | None,
    style: AnswerStyle | None,
) -> Answered:
    for event in answers.answer(asked.question, asked.findings, generator, style=style, about=about):
        if isinstance(event, Recovered):
            sys.stderr.write(f"note: {one_line(event.message)}\n")
        else:
            return event
    raise AssertionError("an answer ended without one")


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
