"""`griffin-desk read FILE`: a document through the model's state, once for all conversations about it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterable

from app.cli.context import Context
from app.cli.document import open_document
from app.cli.engine import notes_of
from app.cli.errors import Interrupted, lost
from app.cli.output import print_json
from app.cli.progress import ProgressReport, progress_report
from app.cli.render import document_json
from app.core.errors import WorkerLostError
from app.core.text import one_line
from app.documents.files import check_file
from app.inference.generator import TextGenerator
from app.services.library import LibraryDocument
from app.services.reading import ReadingDone, ReadingEvent, ReadingStarted
from app.services.restarts import Recovered
from app.tasks.read import PartRead
from app.tasks.summarize import ReadProgress

GO_ON = "run the same command again to go on from the last saved place"


def run(context: Context) -> int:
    """Read a document, unless that was done before. Raises GriffinDeskError and Interrupted."""
    options = context.options
    check_file(options.file)
    model = context.resolve_model()
    try:
        with progress_report(sys.stderr, time.monotonic) as progress:
            loader = context.start_loading(model)
            item = open_document(context, options.file, progress)
            generator = loader.result()
            for note in notes_of(generator):
                progress.say(note)
            reason = context.desk.reading.why_unread(item, generator.info)
            began = time.monotonic()
            done = follow(context.desk.reading.read(item, generator), item, progress)
            # What is said to be read has to be on the disk.
            context.desk.states.flush()
            seconds = round(time.monotonic() - began, 2)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {GO_ON}") from None
    except WorkerLostError as error:
        raise lost(error, GO_ON) from error
    assert done is not None  # reading ends with it, or raises
    tokens = generator.position(done.state)
    generator.drop(done.state)
    new = tokens - done.tokens_restored
    if options.json:
        print_json(
            sys.stdout,
            {
                "document": document_json(item.document),
                "tokens": tokens,
                "tokens_restored": done.tokens_restored,
                "seconds": seconds,
                "model": model.name,
                "reason": reason if new else "",
            },
        )
    else:
        what = f"read {new:,} tokens in {seconds:,.1f} s" if new else "read before: nothing to do"
        file = one_line(shlex.quote(str(options.file)))
        sys.stdout.write(f"{what}; ask or talk about it with `griffin-desk chat --document {file}`\n")
        sys.stdout.flush()
    _tell_unkept(context, item, generator)
    return 0


def follow(events: Iterable[ReadingEvent], item: LibraryDocument, progress: ProgressReport) -> ReadingDone | None:
    """Show a reading; its last event, None where nothing was to be read. Raises what the reading raises."""
    last_page = item.document.pages[-1].number
    done: ReadingDone | None = None
    for event in events:
        if isinstance(event, ReadingStarted):
            if event.tokens_restored:
                progress.say(f"{event.tokens_restored:,} tokens need not be read: they were before")
        elif isinstance(event, ReadProgress):
            progress.reading(event.page, last_page, event.tokens_done, event.tokens_total)
        elif isinstance(event, PartRead):
            progress.part_read(event.part_index + 1, event.parts_total)
        elif isinstance(event, Recovered):
            progress.say(f"note: {one_line(event.message)}")
        else:
            done = event
    return done


def _tell_unkept(context: Context, item: LibraryDocument, generator: TextGenerator) -> None:
    if not context.desk.reading.is_kept(item, generator.info):
        reason = one_line(context.desk.reading.why_unread(item, generator.info))
        sys.stderr.write(f"note: what was read could not be kept and has to be read again: {reason}\n")
