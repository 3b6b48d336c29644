"""`griffin-desk models import|convert|verify|remove|measure`: what is done to the files of models."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from app.cli.context import Context
from app.cli.errors import EXIT_ERROR, Interrupted
from app.cli.model_progress import model_progress
from app.cli.models import fit_words
from app.cli.output import print_json, write_line
from app.core.errors import UserError
from app.core.text import mebibytes, one_line, size_text
from app.services.model_progress import OnProgress
from app.services.model_store import Converted

SHOWN_MATRICES = 5
GO_ON = "interrupted; run the same command again to go on"


@contextmanager
def shown_progress() -> Iterator[OnProgress]:
    """Progress on standard error; Ctrl-C says how to go on."""
    try:
        with model_progress(sys.stderr) as on_progress:
            yield on_progress
    except KeyboardInterrupt:
        raise Interrupted(GO_ON) from None


def _import(context: Context) -> int:
    options = context.options
    with shown_progress() as on_progress:
        model = context.desk.store.import_from(
            options.path,
            name=options.name,
            weight_format=options.to,
            link=not options.copy,
            on_progress=on_progress,
            on_note=_note,
        )
    entry = context.desk.store.entry_of(model)
    if options.json:
        from app.cli.models import entry_json

        print_json(sys.stdout, {"model": entry_json(entry)})
        return 0
    write_line(sys.stdout, f"{entry.name} is there: {entry.title}, {size_text(entry.nbytes)}, in {entry.path}")
    if entry.fit is not None:
        write_line(sys.stdout, fit_words(entry.fit))
    write_line(sys.stdout, f"use it with --model {entry.name}, or for good with a line in {context.paths.settings}")
    return 0


def _convert(context: Context) -> int:
    options = context.options
    began = time.monotonic()
    if options.out is not None and options.name is not None:
        raise UserError("--out and --name both say where the new model goes: give one of them", code="usage")
    with shown_progress() as on_progress:
        converted = context.desk.store.convert(
            options.model,
            None if options.to == "huggingface" else options.to,
            new_name=options.name,
            target=options.out,
            group=options.group,
            on_progress=on_progress,
        )
    for note in converted.notes:
        _note(note)
    _show_converted(context, converted, time.monotonic() - began)
    return 0


def _show_converted(context: Context, converted: Converted, seconds: float) -> None:
    name = context.resolve_model().name
    if context.options.json:
        facts = {key: value for key, value in asdict(converted).items() if key != "model"}
        folder = {"folder": str(converted.model.path), "seconds": round(seconds, 1)}
        print_json(sys.stdout, {"model": name, "to": context.options.to, **facts, **folder})
        return
    write_line(
        sys.stdout,
        f"{name} is in {converted.model.path} now: {mebibytes(converted.nbytes)}, "
        f"{len(converted.matrices)} matrices in {seconds:,.0f} s",
    )
    calibrated = [matrix for matrix in converted.matrices if matrix.output_error is not None]
    if calibrated:
        tokens = converted.calibration_tokens
        write_line(sys.stdout, f"largest changes of a matrix's output on the calibration text ({tokens:,} tokens):")
        calibrated.sort(key=lambda matrix: -(matrix.output_error or 0.0))
        for matrix in calibrated[:SHOWN_MATRICES]:
            write_line(sys.stdout, f"  {100 * (matrix.output_error or 0.0):.1f} % {matrix.name}")
    elif converted.matrices:
        write_line(sys.stdout, "largest changes of a weight, as a share of its matrix's largest:")
        for matrix in sorted(converted.matrices, key=lambda matrix: -matrix.largest_error)[:SHOWN_MATRICES]:
            write_line(sys.stdout, f"  {100 * matrix.largest_error:.2f} % {matrix.name}")
    before, after = converted.perplexity_before, converted.perplexity_after
    if before is not None and after is not None:
        tokens = converted.checked_tokens
        words = f"perplexity on {tokens:,} tokens of another text: {before:,.2f} before, {after:,.2f} now"
        write_line(sys.stdout, words)


def _verify(context: Context) -> int:
    model = context.resolve_model()
    with shown_progress() as on_progress:
        found = context.desk.store.verify(context.wanted_model, on_progress=on_progress)
    if context.options.json:
        print_json(sys.stdout, {"model": model.name, "sound": not found.problems, **asdict(found)})
    else:
        for problem in found.problems:
            write_line(sys.stdout, f"{model.name}: {problem}")
        if found.problems and model.origin == "data folder":
            write_line(sys.stdout, f"`griffin-desk models remove {model.name}` deletes it; then get or import it again")
        if not found.problems:
            how = (
                "its files are those that came"
                if found.has_record
                else "its files agree with each other; there is no record of what they were when they came"
            )
            write_line(sys.stdout, f"{model.name} is sound: {how} ({found.files} files, {found.tensors} tensors)")
    return EXIT_ERROR if found.problems else 0


def _remove(context: Context) -> int:
    name, store = context.options.model, context.desk.store
    begun = next((copy for copy in store.unfinished() if copy.name == name), None)
    try:
        model = context.desk.models.resolve(name)
        nbytes, asks = model.nbytes, model.origin == "data folder"
    except UserError:
        if begun is None:
            raise
        nbytes, asks = begun.nbytes, False
    if asks and not context.options.yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UserError(f"removing {name} deletes {size_text(nbytes)}: say --yes", code="usage")
        sys.stderr.write(f"Delete {one_line(name)} ({size_text(nbytes)})? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UserError("nothing was removed", code="not-removed")
    store.remove(name)
    if context.options.json:
        print_json(sys.stdout, {"removed": name, "nbytes": nbytes})
    else:
        in_use = f"; {name} is the model in use by {context.paths.settings}" if context.settings.model == name else ""
        write_line(sys.stdout, f"{name} is gone{in_use}")
    return 0


def _measure(context: Context) -> int:
    with shown_progress() as on_progress:
        context.desk.store.measure(on_progress=on_progress)
    entries = [entry for entry in context.desk.store.catalogue() if entry.fit is not None]
    if context.options.json:
        from app.cli.models import entry_json

        print_json(sys.stdout, {"models": [entry_json(entry) for entry in entries]})
        return 0
    for entry in entries:
        assert entry.fit is not None
        write_line(sys.stdout, f"{entry.name}: {fit_words(entry.fit)}")
    return 0


def _note(note: str) -> None:
    write_line(sys.stderr, f"note: {note}")


ACTIONS: Mapping[str, Callable[[Context], int]] = {
    "import": _import,
    "convert": _convert,
    "verify": _verify,
    "remove": _remove,
    "measure": _measure,
}
