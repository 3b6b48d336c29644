"""`griffin-desk ask FILE "QUESTION"`: the passages that match best, and the model's answer from them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

from app.cli.context import Context
from app.cli.document import open_document
from app.cli.engine import notes_of
from app.cli.errors import Interrupted, lost
from app.cli.output import one_line, print_json
from app.cli.render import document_json, line_text, page_mark, passage_text
from app.core.errors import WorkerLostError
from app.documents.files import check_file
from app.documents.model import Document, Passage
from app.inference.generator import TextGenerator
from app.services.codec import line_to_json
from app.services.restarts import Restarts
from app.tasks.answer import Answer, answer

PASSAGES = 5
"""Passages looked up for one question."""


def run(context: Context) -> int:
    """Answer a question about a document. Raises GriffinDeskError and Interrupted."""
    options = context.options
    check_file(options.file)
    model = context.resolve_model()
    loader = context.start_loading(model)
    try:
        item = open_document(context, options.file)
        evidence = context.library.search(item, options.question, limit=PASSAGES)
        generator = loader.result()
        sys.stderr.writelines(f"{note}\n" for note in notes_of(generator))
        found = _answered(item.document, options.question, evidence, generator)
    except KeyboardInterrupt:
        raise Interrupted("interrupted; ask again") from None
    except WorkerLostError as error:
        raise lost(error, "ask again") from error
    if options.json:
        print_json(
            sys.stdout,
            {
                "document": document_json(item.document),
                "question": found.question,
                "answer": [line_to_json(line) for line in found.lines],
                "passages": [asdict(passage) for passage in found.evidence],
                "model": model.name,
            },
        )
    else:
        sys.stdout.write(_text(item.document, found))
    return 0


def _answered(document: Document, question: str, evidence: Sequence[Passage], generator: TextGenerator) -> Answer:
    """The answer, from another worker where one is lost meanwhile."""
    restarts = Restarts("ask")
    while True:
        try:
            return answer(document, question, evidence, generator)
        except WorkerLostError as error:
            sys.stderr.write(f"note: {one_line(restarts.lost(error).message)}\n")


def _text(document: Document, found: Answer) -> str:
    mark = page_mark(document)
    if not found.evidence:
        return "No passage of the document holds a word of the question.\n"
    lines = [line_text(line, mark) for line in found.lines]
    passages = [passage_text(passage, mark) for passage in found.evidence]
    return "\n".join(["Answer:", *lines, "", "Passages it was given:", *passages]) + "\n"
