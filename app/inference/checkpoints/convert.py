"""A checkpoint of any layout -> a new model folder in Hugging Face's: as it is, in bfloat16, int8 rows or int4 groups.

File after file, and of each a few pieces at a time; for int4 one block in float32 with what its calibration needs.
Everything is written into a folder of another name, beside a journal of the files that are complete, and renamed at
the end. Whatever interrupts it, the same conversion goes on after the last complete file.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from app.core.errors import CheckpointError, ResourceError, UserError, lacks_disk
from app.core.whole_file import sync_folder
from app.inference.checkpoints.conversion_folder import Options, furnish
from app.inference.checkpoints.conversion_journal import (
    JOURNAL,
    Journal,
    identity_of,
    is_intact,
    read_journal,
)
from app.inference.checkpoints.conversion_plan import (
    INT4_SHARD_BYTES,
    SHARD_BYTES,
    Planned,
    cut,
    plan_tensors,
    require_possible,
    shard_name,
    source_bytes,
)
from app.inference.checkpoints.conversion_report import Conversion, ConversionProgress, OnProgress, Stage
from app.inference.checkpoints.conversion_work import Calibration, RenewedSource, Work
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.partial import held_alone, partial_folder, require_new
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.checkpoints.tied_head import differing_head
from app.inference.devices import memory_errors
from app.inference.ops import Ops
from app.inference.perplexity import check_sequences, compare_perplexity
from app.inference.quantize.plan import GROUP
from app.inference.tokenizers.base import Tokenizer, load_tokenizer, require_fit
from app.inference.weight_format import WeightFormat

_SMALL_FILES_BYTES = 64 << 20
"""Room for what is written beside the weights."""


@torch.inference_mode()
def convert_checkpoint(
    source: Path,
    target: Path,
    form: WeightFormat | None,
    *,
    ops: Ops,
    calibration_text: str,
    check_text: str | None = None,
    group: int = GROUP,
    shard_bytes: int | None = None,
    on_progress: OnProgress | None = None,
) -> Conversion:
    """Write a new model folder, or go on with one that the same call has begun.

    What is begun stays in `.NAME.partial` beside the target when anything ends the conversion, `on_progress` included;
    only where the source turns out to be damaged it is removed. Called for another source, format or group, or after
    the source's files changed, it is begun anew.

    Args:
        source: a model folder or file that open_checkpoint takes; for BFLOAT16, INT8 and INT4 one in floating point,
            for INT4 int8 rows too.
        target: a folder that does not exist yet, in one that does.
        form: BFLOAT16, INT8 or INT4; None keeps every tensor as it is stored.
        ops: passes for float32 on the CPU, for calibration and check.
        calibration_text: ordinary English that int4 is fitted to; a few thousand words.
        check_text: another text, by which the perplexity of source and result is measured; None: it is not.
        group: one of int4_groups.GROUPS.
        shard_bytes: the most in one file, None for a fitting number.
    Raises:
        CheckpointError: damaged files. UserError: a target or format that cannot be, or another run writes the same
        target. ResourceError: no room, or the disk does not keep what it is given.
    """
    checkpoint = open_checkpoint(source)
    require_possible(checkpoint, form, group)
    _require_texts_apart(calibration_text, check_text)
    target = target.absolute()  # `.` has no name, and what is written lies beside it under one
    if not target.name:
        require_new(target, "give a folder that does not")
    if not target.parent.is_dir():
        raise UserError(f"{target.parent} is not a folder: make it first")
    whole_blocks = form is WeightFormat.INT4
    most = shard_bytes or (INT4_SHARD_BYTES if whole_blocks else SHARD_BYTES)
    plan = cut(plan_tensors(checkpoint, form, group), most=most, whole_blocks=whole_blocks)
    asked = {
        "form": form,
        "group": group if whole_blocks else None,
        "files": [[one.name for one in shard] for shard in plan],
        "calibration": hashlib.sha256(calibration_text.encode()).hexdigest() if whole_blocks else None,
    }
    identity = identity_of(checkpoint, asked)
    with held_alone(target):
        if (done := read_journal(target, identity)) is not None and done.made is not None:
            # Killed when all was done but this.
            (target / JOURNAL).unlink()
            return done.made
        require_new(target, "give a folder that does not")
        run = _Run(source, checkpoint, target, Options(form, group), plan, on_progress)
        try:
            with memory_errors("the conversion"):
                return run.run(identity, ops, calibration_text, check_text)
        except CheckpointError:
            # A disk that was unplugged may come back: then the work goes on.
            if all(file.exists() for file in checkpoint.files):
                shutil.rmtree(run.partial, ignore_errors=True)
            raise
        except OSError as error:
            full = lacks_disk(error)
            kept = "what is finished is kept, and the same conversion goes on from there"
            raise ResourceError(
                f"{target} cannot be written ({'the disk is full' if full else error.strerror or error}): "
                f"{kept if run.partial.is_dir() else 'choose another folder'}",
                code="disk-full" if full else "out",
            ) from error


@dataclass(slots=True)
class _Run:
    """One call of convert_checkpoint, once it is clear that it can be."""

    source: Path
    checkpoint: Checkpoint
    target: Path
    options: Options
    plan: Sequence[tuple[Planned, ...]]
    on_progress: OnProgress | None

    @property
    def partial(self) -> Path:
        """Where the new folder is written."""
        return partial_folder(self.target)

    def run(self, identity: str, ops: Ops, calibration_text: str, check_text: str | None) -> Conversion:
        """Go on from what is there to the finished folder."""
        calibration = None
        if self.options.form is WeightFormat.INT4:
            tokenizer = self._tokenizer()
            calibration = Calibration.of(self.checkpoint.config, tokenizer, calibration_text, self.options.group, ops)
        journal, went_on = self._begin(identity)
        self._require_room(journal)
        checked = set(journal.shards)
        source = RenewedSource(self.source, self.checkpoint.source)
        threads = max(1, torch.get_num_threads())
        with ThreadPoolExecutor(threads, thread_name_prefix="convert") as pool:
            Work(source, journal, self.plan, pool, threads, calibration, self._tell).write_missing()
        sequences, notes = self._sequences(check_text)
        in_source = source_bytes(self.plan)
        unread = sum(shard.record.nbytes for name, shard in journal.shards.items() if name not in checked)
        total = unread + (in_source if sequences else 0)
        self._check(journal, checked, total)
        source.renew()
        written = SafetensorsSource([self.partial / name for name in journal.shards])

        def told(done: int, parts: int) -> None:
            self._tell("checking", unread + in_source * done // parts, total)

        measured = compare_perplexity(self.checkpoint.config, source, written, sequences, ops, told)
        del written
        source.renew()
        head = differing_head(source, source.renew)
        made = Conversion(
            folder=self.target,
            nbytes=0,
            calibration_tokens=calibration.tokens if calibration else 0,
            matrices=tuple(matrix for name in self._names() for matrix in journal.shards[name].matrices),
            perplexity_before=measured.before if measured else None,
            perplexity_after=measured.after if measured else None,
            check_tokens=measured.tokens if measured else 0,
            went_on=went_on,
            notes=notes if head is None else (head, *notes),
        )
        return self._finish(journal, made)

    def _begin(self, identity: str) -> tuple[Journal, int]:
        """The journal of what is sound from an earlier run, and the bytes of the source that it stands for."""
        partial = self.partial
        journal = read_journal(partial, identity)
        if journal is None:
            if partial.is_symlink() or partial.is_file():
                partial.unlink()
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            journal = Journal(partial, identity)
            journal.begin()
            return journal, 0
        total, done = sum(shard.record.nbytes for shard in journal.shards.values()), 0

        def hashed(nbytes: int) -> None:
            nonlocal done
            done += nbytes
            self._tell("checking", done, total)

        for name, shard in list(journal.shards.items()):
            if not is_intact(partial / name, shard.record, hashed):
                journal.lose(name)
        for path in partial.iterdir():  # half a file, or what stood beside the weights
            if path.name not in journal.shards and path.name != JOURNAL:
                path.unlink()
        finished = [shard for name, shard in zip(self._names(), self.plan, strict=True) if name in journal.shards]
        return journal, source_bytes(finished)

    def _require_room(self, journal: Journal) -> None:
        missing = [shard for name, shard in zip(self._names(), self.plan, strict=True) if name not in journal.shards]
        need = sum(one.nbytes for shard in missing for one in shard) + _SMALL_FILES_BYTES
        free = shutil.disk_usage(self.target.parent).free
        if need > free:
            if not journal.shards:  # nothing to go on with
                shutil.rmtree(self.partial, ignore_errors=True)
            raise ResourceError(
                f"the converted model needs {need / 2**20:,.0f} MiB and {free / 2**20:,.0f} MiB are free in "
                f"{self.target.parent}: free some space or choose another folder",
                code="disk-full",
            )

    def _check(self, journal: Journal, checked: set[str], total: int) -> None:
        """Read each file once that was not read yet; total: bytes of all that is to be checked."""
        done = 0

        def hashed(nbytes: int) -> None:
            nonlocal done
            done += nbytes
            self._tell("checking", done, total)

        for name, shard in list(journal.shards.items()):
            if name not in checked and not is_intact(self.partial / name, shard.record, hashed):
                journal.lose(name)
                raise ResourceError(
                    f"{name} is not on the disk as it was written: try again, and check the disk if that happens again",
                    code="damaged-write",
                )

    def _sequences(self, text: str | None) -> tuple[list[list[int]], tuple[str, ...]]:
        """The text to check with as token ids, nothing where there is none; why it cannot be used, a sentence."""
        if text is None:
            return [], ()
        try:
            tokenizer = self._tokenizer()
        except CheckpointError as error:
            return [], (f"the perplexity was not measured: {error.message}",)
        return check_sequences(self.checkpoint.config, tokenizer, text), ()

    def _tokenizer(self) -> Tokenizer:
        """The source's. CheckpointError where there is none that fits."""
        tokenizer = load_tokenizer(self.checkpoint.folder)
        require_fit(tokenizer, self.checkpoint.config.vocab_size)
        return tokenizer

    def _finish(self, journal: Journal, made: Conversion) -> Conversion:
        """Write what belongs to the weights, and give the folder its name."""
        shards = {name: journal.shards[name].record for name in self._names()}
        made = furnish(self.partial, self.checkpoint, self.options, self.plan, shards, made)
        journal.complete(made)
        sync_folder(self.partial)
        self.partial.rename(self.target)
        sync_folder(self.target.parent)
        (self.target / JOURNAL).unlink()
        return made

    def _names(self) -> list[str]:
        return [shard_name(number, len(self.plan)) for number in range(1, len(self.plan) + 1)]

    def _tell(self, stage: Stage, done: int, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(ConversionProgress(stage, done, total))


def _require_texts_apart(calibration_text: str, check_text: str | None) -> None:
    if check_text is None:
        return
    one, other = calibration_text.strip(), check_text.strip()
    if not other or other in one or (one and one in other):
        raise UserError("the text to check with must be another than the one to calibrate with: give another")
