"""`griffin-desk models list`, `models info [NAME|PATH]` and the way to `models convert`."""

from __future__ import annotations

import sys
from typing import Any

from app.cli.context import Context
from app.cli.output import print_json
from app.core.errors import CheckpointError
from app.core.text import mebibytes, one_line
from app.services.models import InstalledModel, describe_model


def run(context: Context) -> int:
    """Show all models with a name, or one model. Raises GriffinDeskError."""
    if context.options.action == "info":
        return _info(context)
    if context.options.action == "convert":
        from app.cli import convert

        return convert.run(context, context.resolve_model())
    models = [_facts(model) for model in context.desk.models.installed()]
    if context.options.json:
        print_json(sys.stdout, {"models": models, "default": context.settings.model})
        return 0
    for facts in models:
        size = mebibytes(facts["nbytes"])
        note = f"  damaged: {facts['problem']}" if "problem" in facts else ""
        sys.stdout.write(one_line(f"{facts['name']}  {size}  {facts['origin']}  {facts['path']}{note}") + "\n")
    return 0


def _facts(model: InstalledModel) -> dict[str, Any]:
    """One damaged model does not hide the others."""
    try:
        return describe_model(model)
    except CheckpointError as error:
        return {
            "name": model.name,
            "path": str(model.path),
            "origin": model.origin,
            "nbytes": model.nbytes,
            "problem": error.message,
        }


def _info(context: Context) -> int:
    facts = describe_model(context.resolve_model())
    if context.options.json:
        print_json(sys.stdout, {"model": facts})
    else:
        for name, value in facts.items():
            shown = f"{value:,}" if isinstance(value, int) else value
            sys.stdout.write(one_line(f"{name.replace('_', ' ')}: {shown}") + "\n")
    return 0
