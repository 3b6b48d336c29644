"""A conversion at work: from what is there of the new folder to the whole of it, checked and under its own name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from app.core.errors import CheckpointError, ResourceError, lacks_disk
from app.core.whole_file import sync_folder
from app.inference.checkpoints.conversion_folder import Options, furnish
from app.inference.checkpoints.conversion_journal import JOURNAL, Journal, is_intact, read_journal
from app.inference.checkpoints.conversion_plan import Planned, shard_name, source_bytes
from app.inference.checkpoints.conversion_report import Conversion, ConversionProgress, OnProgress, Stage
from app.inference.checkpoints.conversion_work import Calibration, RenewedSource, Work
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.partial import partial_folder
from app.inference.checkpoints.registry import Checkpoint
from app.inference.checkpoints.tied_head import differing_head
from app.inference.manifest import Hashed
from app.inference.ops import Ops
from app.inference.perplexity import check_sequences, compare_perplexity
from app.inference.tokenizers.base import Tokenizer, load_tokenizer, require_fit
from app.inference.weight_format import WeightFormat

_SMALL_FILES_BYTES = 64 << 20
"""Room for what is written beside the weights."""


@dataclass(slots=True)
class ConversionRun:
    """One call of convert_checkpoint (convert.py), once it is clear that it can be. The target is held by it alone."""

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

    @contextmanager
    def interrupted_in_words(self) -> Iterator[None]:
        """Remove what was begun where the source is damaged; say what is kept where the disk refuses."""
        try:
            yield
        except CheckpointError:
            # A disk that was unplugged may come back: then the work goes on.
            if all(file.exists() for file in self.checkpoint.files):
                shutil.rmtree(self.partial, ignore_errors=True)
            raise
        except OSError as error:
            full = lacks_disk(error)
            kept = "what is finished is kept, and the same conversion goes on from there"
            raise ResourceError(
                f"{self.target} cannot be written ({'the disk is full' if full else error.strerror or error}): "
                f"{kept if self.partial.is_dir() else 'choose another folder'}",
                code="disk-full" if full else "out",
            ) from error

    def run(self, identity: str, ops: Ops, calibration_text: str, check_text: str | None) -> Conversion:
        """Go on from what is there to the finished folder."""
        calibration = self._calibration(calibration_text, ops)
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

    def _calibration(self, text: str, ops: Ops) -> Calibration | None:
        """What int4 is fitted to; the other formats need none."""
        if self.options.form is not WeightFormat.INT4:
            return None
        return Calibration.of(self.checkpoint.config, self._tokenizer(), text, self.options.group, ops)

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
        hashed = self._count_hashed(sum(shard.record.nbytes for shard in journal.shards.values()))
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
        hashed = self._count_hashed(total)
        for name, shard in list(journal.shards.items()):
            if name not in checked and not is_intact(self.partial / name, shard.record, hashed):
                journal.lose(name)
                raise ResourceError(
                    f"{name} is not on the disk as it was written: try again, and check the disk if that happens again",
                    code="damaged-write",
                )

    def _count_hashed(self, total: int) -> Hashed:
        """Tells how many of `total` bytes have been checked, from the next that are."""
        done = 0

        def hashed(nbytes: int) -> None:
            nonlocal done
            done += nbytes
            self._tell("checking", done, total)

        return hashed

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
