"""The tensors of one conversion: read, rounded and written, file after file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from app.core.errors import UserError
from app.core.whole_file import sync_folder
from app.inference.checkpoints.conversion_journal import Journal, Shard
from app.inference.checkpoints.conversion_pieces import pieces
from app.inference.checkpoints.conversion_plan import Planned, Way, shard_name, source_bytes
from app.inference.checkpoints.conversion_report import MatrixReport, Stage
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.quantized import stored_groups
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.shard_file import ShardFile
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig
from app.inference.int4_groups import Int4Groups
from app.inference.ops import Ops
from app.inference.quantize.calibrate import Known, Rounded, calibrated_groups, calibration_sequences
from app.inference.tokenizers.base import Tokenizer

_FORMS = {Way.BFLOAT16: "bfloat16", Way.INT8: "int8", Way.INT8_KEPT: "int8", Way.INT4: "int4"}
_PIECES_AHEAD = 2
"""Pieces that are made beside those that the threads are at."""

Told = Callable[[Stage, int, int], None]
"""Is told of progress: the stage, how much of it is done, and how much there is in all."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What int4 is fitted to."""

    config: GriffinConfig
    sequences: Sequence[Sequence[int]]
    group: int
    ops: Ops

    @classmethod
    def of(cls, config: GriffinConfig, tokenizer: Tokenizer, text: str, group: int, ops: Ops) -> Calibration:
        """From a text; UserError where it is too short."""
        sequences = calibration_sequences(config, tokenizer.encode(text), tokenizer.document_prefix)
        if not sequences:
            raise UserError("the calibration text is too short: give one of a few thousand words")
        return cls(config, sequences, group, ops)

    @property
    def tokens(self) -> int:
        """How many the text has in all."""
        return sum(map(len, self.sequences))


class RenewedSource:
    """A TensorSource that opens its files anew when asked to: pages that were mapped are let go of."""

    def __init__(self, path: Path, source: TensorSource) -> None:
        self._path = path
        self._source = source

    def renew(self) -> None:
        """Open the files anew. CheckpointError where they are not as they were."""
        self._source = open_checkpoint(self._path).source

    def names(self) -> list[str]:
        """See TensorSource."""
        return list(self._source.names())

    def shape(self, name: str) -> tuple[int, ...]:
        """See TensorSource."""
        return self._source.shape(name)

    def dtype(self, name: str) -> str:
        """See TensorSource."""
        return self._source.dtype(name)

    def tensor(self, name: str) -> Tensor:
        """See TensorSource."""
        return self._source.tensor(name)


@dataclass(slots=True)
class Work:
    """Writes the files that a journal lacks."""

    source: RenewedSource
    journal: Journal
    plan: Sequence[tuple[Planned, ...]]
    pool: ThreadPoolExecutor
    threads: int
    calibration: Calibration | None
    told: Told
    _done: int = 0
    _groups: Iterator[Rounded] | None = None
    _found: dict[str, Rounded] = field(default_factory=dict)

    def write_missing(self) -> None:
        """Everything that is not in the journal. See convert_checkpoint for what it raises."""
        total = len(self.plan)
        try:
            for number, shard in enumerate(self.plan, start=1):
                name = shard_name(number, total)
                if name in self.journal.shards:
                    self._count(source_bytes([shard]))
                    continue
                self.source.renew()
                self.journal.keep(name, self._write(shard, self.journal.folder / name))
        finally:
            # It holds a block in float32, and maps files of a folder that Windows would not rename then.
            self._groups = None

    def _write(self, shard: Sequence[Planned], path: Path) -> Shard:
        temporary = path.with_name(path.name + ".part")
        reports: list[MatrixReport] = []
        file = ShardFile(temporary, [entry for one in shard for entry in one.entries])
        with closing(file):
            for one in shard:
                reports += self._tensor(file, one)
            record = file.finish()
        temporary.replace(path)
        sync_folder(path.parent)
        return Shard(record, tuple(reports))

    def _tensor(self, file: ShardFile, planned: Planned) -> Iterator[MatrixReport]:
        if planned.way in (Way.INT4, Way.MOVED):
            yield from self._calibrated(file, planned)
            return
        change, magnitude = 0.0, 0.0
        for piece in pieces(self.source, planned, self.pool, self.threads + _PIECES_AHEAD):
            for name, tensor in piece.written:
                file.write(name, tensor)
            change, magnitude = max(change, piece.change), max(magnitude, piece.magnitude)
            self._count(piece.source_bytes)
        if planned.way in _FORMS:
            error = change / magnitude if magnitude > 0 else 0.0
            yield MatrixReport(planned.name, _FORMS[planned.way], error)

    def _calibrated(self, file: ShardFile, planned: Planned) -> Iterator[MatrixReport]:
        stem = planned.name.rpartition(".")[0]
        found = self._rounded(stem)
        if planned.way is Way.MOVED:
            assert found.bias is not None
            file.write(planned.name, found.bias)
            # The bias follows its matrix: nothing else of it is needed.
            del self._found[stem]
        else:
            parts = found.groups.codes, found.groups.scale, found.groups.offset
            for entry, part in zip(planned.entries, parts, strict=True):
                file.write(entry.name, part)
            yield MatrixReport(planned.name, "int4", found.largest_error, found.output_error)
        self._count(planned.source_bytes)

    def _rounded(self, stem: str) -> Rounded:
        """What calibration makes of a matrix; it goes through the model as far as that takes."""
        calibration = self.calibration
        assert calibration is not None
        if self._groups is None:
            self._groups = calibrated_groups(
                calibration.config,
                self.source,
                calibration.sequences,
                calibration.group,
                calibration.ops,
                known=self._known(),
                on_pass=lambda: self._count(0),
            )
        while stem not in self._found:
            found = next(self._groups)
            self._found[found.stem] = found
        return self._found[stem]

    def _known(self) -> Known:
        """What an earlier run wrote: calibration goes through it once more without making it anew."""
        written = SafetensorsSource([self.journal.folder / name for name in self.journal.shards])
        present = set(written.names())

        def known(stem: str) -> tuple[Int4Groups, Tensor | None] | None:
            weight, bias = f"{stem}.weight", f"{stem}.bias"
            if weight not in present:
                return None
            return stored_groups(written, weight), written.tensor(bias) if bias in present else None

        return known

    def _count(self, nbytes: int) -> None:
        self._done += nbytes
        self.told("converting", self._done, source_bytes(self.plan))
