"""What the user is told of work on models' files: how it ended, and the next step."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.core.text import begun_as_sentence
from app.services.model_store import Converted, Verified
from app.ui.amounts import count_text, decimal_text, size_text
from app.ui.controllers.activity import ModelsActivity
from app.ui.controllers.model_works import WorkEnded
from app.ui.failure import Failure
from app.ui.models.model_row import AskAccess, OpenSettings, Told, Wish, WorkKind, WorkShown
from app.ui.models.model_words import figures_text, percent_text, work_sentence
from app.ui.widgets.status_line import Running

translate = QCoreApplication.translate

_COMMAND = "`griffin-desk models login`"
MOST_PROBLEMS = 8
"""Of a model's files that are told; the rest is counted."""


def told_of(ended: WorkEnded) -> Told | None:
    """What to say of work that has ended; None where the list says all there is."""
    if ended.failure is not None:
        return told_failure(ended.failure, ended.work.name, ended.wish)
    if isinstance(ended.result, Verified):
        return _told_check(ended.result)
    if isinstance(ended.result, Converted):
        return _told_copy(ended.result)
    if ended.result is not None:
        words = {
            WorkKind.GET: translate("ModelTells", "It is here now; every file was checked."),
            WorkKind.IMPORT: translate("ModelTells", "It was imported; every file was checked."),
        }
        return Told(words[ended.work.kind]) if ended.work.kind in words else None
    if ended.work.kind is WorkKind.COPY:
        text = translate("ModelTells", "Stopped. What is done of the copy is kept.")
        return Told(text, step_text=translate("ModelTells", "Go on"), step=ended.wish)
    return None


def activity_of(works: Sequence[WorkShown], offered: str) -> ModelsActivity | None:
    """For the status line: what is under way, else what could be gone on with, by its titles."""
    if not works:
        running = Running(offered, None, None, can_pause=True, paused=True)
        return ModelsActivity(running, offered) if offered else None
    first = works[0]
    text = short = work_sentence(first)
    left = None
    if first.progress is not None:
        left = first.progress.seconds_left
        figures = figures_text(first.progress)
        text = f"{text}: {figures}" if figures else text
    if first.share is not None:
        short = translate("ModelWords", "{what}, {percent} %").format(what=short, percent=percent_text(first.share))
    return ModelsActivity(Running(text, first.share, left, can_pause=first.kind.goes_on, paused=False), short)


def told_failure(failure: Failure, name: str, again: Wish | None) -> Told:
    """Why it did not work, with the step that mends it on a button."""
    steps: dict[str, tuple[str, Wish]] = {
        "hub-token": (translate("ModelTells", "Enter a token…"), AskAccess(name)),
        "hub-gated": (translate("ModelTells", "Go through the steps…"), AskAccess(name)),
        "no-keyring": (translate("ModelTells", "Go through the steps…"), AskAccess(name)),
        "models-dir": (translate("ModelTells", "Choose the folder of models…"), OpenSettings("models_dir")),
    }
    text, step = steps.get(failure.error.code, (translate("ModelTells", "Try again"), again))
    return Told(sentence_of(failure), True, failure.details, text if step is not None else "", step)


def sentence_of(failure: Failure) -> str:
    """Its message as the window says it."""
    text = failure.error.message.replace(_COMMAND, "Griffin Desk")
    return begun_as_sentence(text) + ("" if text.endswith((".", "!", "?", "…")) else ".")


def _told_check(found: Verified) -> Told:
    if not found.problems:
        words = (
            translate("ModelTells", "All {files} files and {tensors} tensors are as they were when they came.")
            if found.has_record
            else translate(
                "ModelTells",
                "All {tensors} tensors are sound in themselves. There is no record of how the files were when they "
                "came.",
            )
        )
        return Told(words.format(files=count_text(found.files), tensors=count_text(found.tensors)))
    told = [begun_as_sentence(problem) for problem in found.problems[:MOST_PROBLEMS]]
    if len(found.problems) > MOST_PROBLEMS:
        more = count_text(len(found.problems) - MOST_PROBLEMS)
        told.append(translate("ModelTells", "And {number} more.").format(number=more))
    told.append(translate("ModelTells", "Remove the model and get or import it again."))
    return Told("\n".join(told), True, "\n".join(found.problems))


def _told_copy(made: Converted) -> Told:
    size = size_text(made.nbytes)
    if made.perplexity_before is None or made.perplexity_after is None:
        text = translate("ModelTells", "The copy is made: {size}. Every file was read back.").format(size=size)
        return Told(" ".join((text, *made.notes)))
    words = translate(
        "ModelTells",
        "The copy is made: {size}. On a text of {tokens} tokens its perplexity is {after}, the original's {before}: "
        "lower is better.",
    )
    text = words.format(
        size=size,
        tokens=count_text(made.checked_tokens),
        after=decimal_text(made.perplexity_after, 2),
        before=decimal_text(made.perplexity_before, 2),
    )
    return Told(" ".join((text, *made.notes)))
