"""What a model is, how it will run and how far work on it has come, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.inference.fit import Fit, Verdict
from app.services.catalogue import CatalogueEntry, ModelStatus
from app.services.model_progress import ModelProgress, Stage
from app.ui.amounts import decimal_text, duration_text, rate_text, size_text
from app.ui.models.model_row import ModelRow, WorkKind, WorkShown

translate = QCoreApplication.translate

STATE_ICONS = {
    ModelStatus.BUNDLED: "check",
    ModelStatus.INSTALLED: "check",
    ModelStatus.PAUSED: "pause",
    ModelStatus.AVAILABLE: "download",
    ModelStatus.DAMAGED: "warning",
}
FIT_ICONS = {Verdict.FITS: "check", Verdict.TIGHT: "gauge", Verdict.NO: "close"}
FIT_ROLES = {Verdict.FITS: "", Verdict.TIGHT: "warning", Verdict.NO: "error"}
"""Of a label that tells the verdict; the style sheet has a colour for each."""


def state_text(row: ModelRow) -> str:
    """Where a model is, or what is being done with it."""
    if row.work is not None:
        return work_text(row.work)
    if row.in_use:
        return translate("ModelWords", "In use")
    entry = row.entry
    match entry.status:
        case ModelStatus.BUNDLED:
            return translate("ModelWords", "Came with the program")
        case ModelStatus.INSTALLED:
            return translate("ModelWords", "On this machine")
        case ModelStatus.PAUSED:
            return translate("ModelWords", "Download paused at {percent} %").format(percent=percent_text(_share(entry)))
        case ModelStatus.DAMAGED:
            return translate("ModelWords", "Damaged")
        case ModelStatus.AVAILABLE:
            return translate("ModelWords", "Not here yet")


def state_icon(row: ModelRow) -> str:
    """The drawing beside that."""
    if row.work is not None:
        return "download" if row.work.kind is WorkKind.GET else "refresh"
    return STATE_ICONS[row.entry.status]


def work_text(work: WorkShown) -> str:
    """What is being done, in a few words, without the model's name."""
    if work.stopping:
        return translate("ModelWords", "Stopping")
    if work.progress is None:
        return translate("ModelWords", "Waits for its turn")
    text = _stage_text(work.progress.stage)
    return (
        text
        if work.share is None
        else translate("ModelWords", "{what}, {percent} %").format(what=text, percent=percent_text(work.share))
    )


def work_sentence(work: WorkShown) -> str:
    """The same with the model's name, for the status line."""
    names = {
        WorkKind.GET: translate("ModelWords", "Downloading {model}"),
        WorkKind.IMPORT: translate("ModelWords", "Importing {model}"),
        WorkKind.COPY: translate("ModelWords", "Making a smaller copy of {model}"),
        WorkKind.CHECK: translate("ModelWords", "Checking the files of {model}"),
        WorkKind.MEASURE: translate("ModelWords", "Measuring this machine"),
    }
    return names[work.kind].format(model=work.title)


def progress_text(progress: ModelProgress) -> str:
    """What is being done, bytes, rate and time left; broken between figures only."""
    parts = [_stage_text(progress.stage), *_figures(progress)]
    if progress.seconds_left is not None:
        left = translate("ModelWords", "{time} left")
        parts.append(left.format(time=duration_text(progress.seconds_left)))
    return "\u00a0· ".join(part.replace(" ", "\u00a0") for part in parts)


def figures_text(progress: ModelProgress) -> str:
    """Bytes and rate alone."""
    return " · ".join(_figures(progress))


def fit_text(fit: Fit | None) -> str:
    """The verdict."""
    if fit is None:
        return translate("ModelWords", "It is not known whether it fits")
    match fit.verdict:
        case Verdict.FITS:
            return translate("ModelWords", "Fits well")
        case Verdict.TIGHT:
            return translate("ModelWords", "Tight")
        case Verdict.NO:
            return translate("ModelWords", "Will not fit")


def fit_icon(fit: Fit | None) -> str:
    """The drawing beside that."""
    return "info" if fit is None else FIT_ICONS[fit.verdict]


def speed_text(fit: Fit | None) -> str:
    """Expected tokens per second; '' where they are not known."""
    if fit is None or fit.read_tokens_per_second is None or fit.write_tokens_per_second is None:
        return ""
    read, write = rate_text(fit.read_tokens_per_second), rate_text(fit.write_tokens_per_second)
    return translate("ModelWords", "reads {read}, writes {write} tokens/s").format(read=read, write=write)


def fit_and_speed_text(fit: Fit | None) -> str:
    """The verdict, and the speed where it is known."""
    return " · ".join(text for text in (fit_text(fit), speed_text(fit)) if text)


def size_of(entry: CatalogueEntry) -> str:
    """On the disk, or of the download; '' where it is not known."""
    return size_text(entry.nbytes) if entry.nbytes else ""


def percent_text(share: float) -> str:
    """Whole percent, rounded down: 100 only where all is there."""
    return decimal_text(int(100 * share + 1e-6), 0)


def _share(entry: CatalogueEntry) -> float:
    return min(1.0, entry.done_bytes / entry.nbytes) if entry.nbytes else 0.0


def _figures(progress: ModelProgress) -> list[str]:
    if progress.stage is Stage.MEASURING:
        return []  # its bytes are none
    done, total = size_text(progress.done_bytes), size_text(progress.total_bytes)
    figures = [translate("ModelWords", "{done} of {total}").format(done=done, total=total)]
    if progress.bytes_per_second:
        rate = size_text(progress.bytes_per_second)
        figures.append(translate("ModelWords", "{size} a second").format(size=rate))
    return figures


def _stage_text(stage: Stage) -> str:
    match stage:
        case Stage.DOWNLOADING:
            return translate("ModelWords", "Downloading")
        case Stage.CHECKING:
            return translate("ModelWords", "Checking")
        case Stage.COPYING:
            return translate("ModelWords", "Copying")
        case Stage.CONVERTING:
            return translate("ModelWords", "Converting")
        case Stage.MEASURING:
            return translate("ModelWords", "Measuring")
