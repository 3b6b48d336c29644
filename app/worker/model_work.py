"""What is done to a model's files in a process of its own (model_process.py). This side imports torch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.core.threads import yield_to_others
from app.inference.checkpoints.conversion_report import ConversionProgress
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.importing import import_folder
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.verify import verify_model
from app.inference.compiled import load_compiled
from app.inference.devices import pick_device
from app.inference.instruction_tuning import is_instruction_tuned
from app.inference.machine_limits import measure_limits
from app.inference.ops import TorchOps
from app.inference.weight_format import parse_weight_format
from app.worker.model_jobs import Convert, Import, Look, Measure, ModelJob, OnStage, Verify

CHECK_SHARE = 6
"""One part in so many of the sample text compares a conversion with its source, the rest int4 is fitted to."""


def do(job: ModelJob, on_stage: OnStage) -> dict[str, Any]:
    """Do it and return what came of it, as JSON. Raises GriffinDeskError and OSError."""
    if not isinstance(job, Measure):
        yield_to_others()
    match job:
        case Convert():
            return _convert(job, on_stage)
        case Import():
            found = import_folder(
                job.source, job.target, link=job.link, on_progress=lambda done, total: on_stage("copying", done, total)
            )
            return {"folder": str(job.target), "notes": list(found.notes)}
        case Verify():
            report = verify_model(job.folder, lambda done, total: on_stage("checking", done, total))
            return asdict(report)
        case Measure():
            _measure(job, on_stage)
            return {}
        case Look():
            return _look(job.path)


def _convert(job: Convert, on_stage: OnStage) -> dict[str, Any]:
    def told(progress: ConversionProgress) -> None:
        on_stage(progress.stage, progress.done_bytes, progress.total_bytes)

    fitted_to, checked_on = _parts(job.sample.read_text(encoding="utf-8"))
    conversion = convert_checkpoint(
        job.source,
        job.target,
        None if job.weight_format is None else parse_weight_format(job.weight_format),
        ops=load_compiled(job.cache_dir) or TorchOps(),
        calibration_text=fitted_to,
        check_text=checked_on,
        group=job.group,
        on_progress=told,
    )
    return {**asdict(conversion), "folder": str(conversion.folder)}


def _measure(job: Measure, on_stage: OnStage) -> None:
    """Models run on the processor too where there is a GPU: when they do not fit there."""
    gpu = pick_device("auto").type
    devices = ["cpu", *([gpu] if gpu != "cpu" else [])] if job.device == "auto" else [job.device]
    for device in devices:
        measure_limits(
            device,
            job.cache_dir,
            threads=job.threads,
            on_progress=lambda done, total: on_stage("measuring", done, total),
        )


def _parts(sample: str) -> tuple[str, str]:
    """The sample in two: what comes first, and what a model that was fitted to it has not seen."""
    at = sample.find("\n\n", len(sample) * (CHECK_SHARE - 1) // CHECK_SHARE)
    return sample[:at], sample[at:]


def _look(path: Path) -> dict[str, Any]:
    checkpoint = open_checkpoint(path)
    return {
        "name": checkpoint.name,
        "layout": str(checkpoint.layout),
        "config": dict(checkpoint.config_json),
        "weight_format": str(checkpoint.stored_format),
        "stored": checkpoint.stored,
        "nbytes": sum(file.stat().st_size for file in checkpoint.files),
        "instruction_tuned": is_instruction_tuned(checkpoint.folder, checkpoint.name),
    }
