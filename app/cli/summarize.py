"""`griffin-desk summarize FILE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from app.cli.context import Context
from app.cli.document import open_document
from app.cli.engine import notes_of
from app.cli.errors import Interrupted, lost
from app.cli.output import check_writable, print_json
from app.cli.progress import ProgressReport, progress_report
from app.cli.render import summary_json
from app.core.errors import WorkerLostError
from app.core.log import logger
from app.core.text import clean, one_line
from app.core.whole_file import write_atomically
from app.documents.files import check_file
from app.documents.model import Document
from app.inference.generator import ModelInfo, TextGenerator
from app.services.engine import ModelLoader
from app.services.library import LibraryDocument
from app.services.markdown_export import coverage, stats_line, summary_markdown
from app.services.memory import MemoryMeter
from app.services.models import InstalledModel
from app.services.restarts import Recovered
from app.services.summaries import SummaryResult, SummaryStarted
from app.tasks.summarize import PartDone, ReadProgress, default_style

_log = logger("cli")

GO_ON = "run the same command again to go on from the last finished section"


def run(context: Context) -> int:
    """Summarise a document, or show the summary stored for it. Raises GriffinDeskError and Interrupted."""
    options = context.options
    file: Path = options.file
    # Everything that can be wrong with the command itself is found before anything heavy begins.
    check_file(file)
    if options.out is not None:
        check_writable(options.out, source=file)
    model = context.resolve_model()
    shown = _stored(context, model)
    if shown is not None:
        return _show(context, *shown, stored=True)
    try:
        with MemoryMeter() as memory, progress_report(sys.stderr, time.monotonic) as progress:
            document, result, stored = _make(context, model, memory, progress)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {GO_ON}") from None
    except WorkerLostError as error:
        raise lost(error, GO_ON) from error
    return _show(context, document, result, stored=stored)


def _stored(context: Context, model: InstalledModel) -> tuple[Document, SummaryResult] | None:
    """A finished summary that can be shown without loading the model or reading the file."""
    options = context.options
    if options.fresh:
        return None
    engine = context.engine_options()
    info = context.desk.models.last_known(model, device=engine.device, weight_format=engine.weight_format)
    item = context.desk.library.find(options.file, options.pages) if info is not None else None
    if info is None or item is None:
        return None
    result = _finished(context, item, info)
    return None if result is None else (item.document, result)


def _finished(context: Context, item: LibraryDocument, info: ModelInfo) -> SummaryResult | None:
    style = context.options.style or default_style(info)
    return context.desk.summaries.finished(item.document.content_hash, item.page_range, info, style)


def _make(
    context: Context, model: InstalledModel, memory: MemoryMeter, progress: ProgressReport
) -> tuple[Document, SummaryResult, bool]:
    loader = context.start_loading(model)
    item = open_document(context, context.options.file, progress)
    generator = _loaded(context, model, loader)
    for note in notes_of(generator):
        progress.say(note)
    if not context.options.fresh:
        # Only now is a model known that was never loaded from these files before.
        found = _finished(context, item, generator.info)
        if found is not None:
            return item.document, found, True
    return item.document, _run(context, model, item, generator, memory, progress), False


def _loaded(context: Context, model: InstalledModel, loader: ModelLoader) -> TextGenerator:
    generator = loader.result()
    engine = context.engine_options()
    context.desk.models.remember(model, generator.info, device=engine.device, weight_format=engine.weight_format)
    return generator


def _run(
    context: Context,
    model: InstalledModel,
    item: LibraryDocument,
    generator: TextGenerator,
    memory: MemoryMeter,
    progress: ProgressReport,
) -> SummaryResult:
    first_page_s: list[float] = []

    def extra_stats() -> dict[str, Any]:
        return {
            "model": model.name,
            "peak_rss_bytes": memory.peak_bytes,
            "seconds_to_first_page": round(first_page_s[0], 2) if first_page_s else None,
            "seconds": round(time.monotonic() - context.started_at, 2),
        }

    last_page = item.document.pages[-1].number
    events = context.desk.summaries.run(
        item,
        generator,
        style=context.options.style or default_style(generator.info),
        fresh=context.options.fresh,
        extra_stats=extra_stats,
    )
    for event in events:
        if isinstance(event, SummaryStarted) and event.parts_written:
            progress.say(f"going on: {event.parts_written} sections are written, {event.parts_read} need not be read")
        elif isinstance(event, ReadProgress):
            if not first_page_s:
                first_page_s.append(time.monotonic() - context.started_at)
                _log.info("first page read %.2f s after the start", first_page_s[0])
            progress.reading(event.page, last_page, event.tokens_done, event.tokens_total)
        elif isinstance(event, PartDone):
            progress.part(event.part_index + 1, event.parts_total)
        elif isinstance(event, Recovered):
            progress.say(f"note: {one_line(event.message)}")
        elif isinstance(event, SummaryResult):
            return event
    raise AssertionError("a summary ended without a result")


def _show(context: Context, document: Document, result: SummaryResult, *, stored: bool) -> int:
    options = context.options
    if options.out is not None:
        write_atomically(options.out, summary_markdown(document, result))
    if options.json:
        print_json(sys.stdout, summary_json(document, result, stored=stored))
    elif options.out is None:
        sys.stdout.write(summary_markdown(document, result))
        sys.stdout.flush()
    notes = [stats_line(result.stats)]
    if stored:
        notes = ["this summary was stored (use --fresh to make it anew); figures are of the run that made it", *notes]
    if options.out is not None:
        notes += [f"written to {options.out}", coverage(document)]
    elif document.pages_without_text:
        notes.append(coverage(document).splitlines()[0])
    sys.stderr.write(clean("".join(f"{note}\n" for note in notes)))
    sys.stderr.flush()
    return 0
