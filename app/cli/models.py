"""`griffin-desk models`: those there are, what each one is, and the way to everything that changes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from app.cli.context import Context
from app.cli.output import print_json, write_line
from app.core.text import size_text
from app.services.catalogue import CatalogueEntry, ModelStatus
from app.services.models import describe_model

if TYPE_CHECKING:
    from app.inference.fit import Fit

_VERDICTS = {"fits": "fits well", "tight": "tight", "no": "will not fit"}
_ARE_HERE = set(ModelStatus) - {ModelStatus.PAUSED, ModelStatus.AVAILABLE}
_HERE = "On this machine:"
_PAUSED = "Download not finished:"
_UNFINISHED = "Conversion not finished (the same command goes on, `griffin-desk models remove NAME` gives it up):"
_AVAILABLE = "Can be fetched (griffin-desk models pull REPOSITORY):"
_UNMEASURED = "expected speeds are not known yet: `griffin-desk models measure` finds them out once, in half a minute"


def run(context: Context) -> int:
    """Do one of the actions. Raises GriffinDeskError and Interrupted."""
    match context.options.action:
        case "list":
            _list(context)
        case "info":
            _info(context)
        case "pull" | "login" | "logout" as action:
            from app.cli import model_pull

            {"pull": model_pull.pull, "login": model_pull.login, "logout": model_pull.logout}[action](context)
        case action:
            from app.cli import model_files

            return model_files.ACTIONS[action](context)
    return 0


def entry_json(entry: CatalogueEntry) -> dict[str, Any]:
    """An entry as a JSON object."""
    facts = asdict(entry) | {"path": str(entry.path or ""), "status": str(entry.status)}
    return facts | {"fit": None if entry.fit is None else fit_json(entry.fit)}


def fit_json(fit: Fit) -> dict[str, Any]:
    """A fit as a JSON object; bytes and tokens per second."""
    need = fit.need
    return {
        "verdict": str(fit.verdict),
        "device": fit.device,
        "weight_format": fit.weight_format,
        "needed_bytes": need.total,
        "weights_bytes": need.weights_bytes,
        "state_bytes": need.state_bytes,
        "working_bytes": need.working_bytes,
        "free_bytes": fit.free_bytes,
        "read_tokens_per_second": fit.read_tokens_per_second,
        "write_tokens_per_second": fit.write_tokens_per_second,
        "reasons": list(fit.reasons),
    }


def fit_words(fit: Fit) -> str:
    """`fits well: 2.9 GiB as int8 on cpu, reads 230 and writes 9.8 tokens/s`."""
    words = f"{_VERDICTS[fit.verdict]}: {size_text(fit.need.total)} as {fit.weight_format} on {fit.device}"
    if fit.read_tokens_per_second is not None and fit.write_tokens_per_second is not None:
        words += f", reads about {_rate(fit.read_tokens_per_second)} and writes {_rate(fit.write_tokens_per_second)}"
    return words


def _rate(tokens_per_second: float) -> str:
    return f"{tokens_per_second:,.{0 if tokens_per_second >= 20 else 1}f} tokens/s"


def _list(context: Context) -> None:
    entries, unfinished = context.desk.store.catalogue(), context.desk.store.unfinished()
    in_use = context.settings.model
    if context.options.json:
        models, copies = [entry_json(entry) for entry in entries], [asdict(copy) for copy in unfinished]
        print_json(sys.stdout, {"models": models, "unfinished": copies, "default": in_use})
        return
    groups = {
        _PAUSED: _lines(entries, {ModelStatus.PAUSED}, _paused_lines),
        _UNFINISHED: [f"  {copy.name}: {size_text(copy.nbytes)} so far" for copy in unfinished],
        _AVAILABLE: _lines(entries, {ModelStatus.AVAILABLE}, _available_lines),
    }
    lines = [_HERE, *_lines(entries, _ARE_HERE, partial(_here_lines, in_use=in_use))]
    for heading, below in groups.items():
        lines += [heading, *below] if below else []
    if any(entry.fit is not None and entry.fit.write_tokens_per_second is None for entry in entries):
        lines.append(_UNMEASURED)
    for line in lines:
        write_line(sys.stdout, line)


def _lines(
    entries: Iterable[CatalogueEntry], statuses: Set[ModelStatus], lines_of: Callable[[CatalogueEntry], Iterable[str]]
) -> list[str]:
    """The lines of those models that are so."""
    return [line for entry in entries if entry.status in statuses for line in lines_of(entry)]


def _here_lines(entry: CatalogueEntry, in_use: str) -> tuple[str, str]:
    mark = " (in use)" if entry.name == in_use else ""
    state = f"damaged: {entry.problem}" if entry.problem else _fit_of(entry)
    return f"  {entry.name}{mark}: {entry.title}, {size_text(entry.nbytes)}", f"    {state}"


def _paused_lines(entry: CatalogueEntry) -> tuple[str, str]:
    came = f"{size_text(entry.done_bytes)} of {size_text(entry.nbytes)}"
    return f"  {entry.name}: {came}", f"    griffin-desk models pull {entry.repository}"


def _available_lines(entry: CatalogueEntry) -> tuple[str, str]:
    return f"  {entry.repository}: {entry.title}, {size_text(entry.nbytes)} to download", f"    {_fit_of(entry)}"


def _fit_of(entry: CatalogueEntry) -> str:
    return "how it runs here is not known before it is loaded" if entry.fit is None else fit_words(entry.fit)


def _info(context: Context) -> None:
    model = context.resolve_model()
    facts = describe_model(model)
    entry = context.desk.store.entry_of(model)
    facts |= {
        "title": entry.title,
        "parameters": entry.parameters or None,
        "weight_format": entry.weight_format,
        "source": entry.source,
        "repository": entry.repository,
        "instruction_tuned": entry.instruction_tuned,
        "problem": entry.problem,
    }
    if context.options.json:
        print_json(sys.stdout, {"model": facts | {"fit": None if entry.fit is None else fit_json(entry.fit)}})
        return
    _write_facts({name: value for name, value in facts.items() if value not in ("", None)})
    if entry.fit is not None:
        write_line(sys.stdout, f"on this machine: {fit_words(entry.fit)}")
        for reason in entry.fit.reasons:
            write_line(sys.stdout, f"  {reason}")
        if entry.fit.write_tokens_per_second is None:
            write_line(sys.stdout, _UNMEASURED)


def _write_facts(facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        write_line(sys.stdout, f"{name.replace('_', ' ')}: {shown}")
