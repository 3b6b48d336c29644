"""Texts to vectors whose products say how near two texts are in meaning, by a small ONNX model on the CPU.

Most tokens per second come from as many single-threaded runs at a time as there are threads, each over few tokens:
6,500 on two cores, where one run of 16 texts on both threads made 3,800, and 2,000 instead of 1,000 while other
programs kept both cores busy. A run that is spread over threads waits for the slowest one at every layer, and a large
batch no longer fits the cores' caches.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from app.core.errors import ResourceError, UserError, lacks_memory
from app.retrieval.encoder_files import EncoderFiles, Pooling

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_BATCH_TOKENS = 256
"""Padded tokens in one run: short texts share the reading of the weights, a long one runs alone."""
_BLOCK_TEXTS = 512
"""Texts that are held as tokens at a time."""
_CHARS_PER_TOKEN = 20
"""More of a text is not given to the tokenizer: it takes a second for a million characters before it truncates."""
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Texts to unit vectors."""

    @property
    def name(self) -> str:
        """What vectors are filed under; those of two names cannot be compared."""

    @property
    def languages(self) -> frozenset[str]:
        """Languages that it knows, named as in documents/words.py; empty for any."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, d), rows of unit length, in the order of `texts`; (0, d) for none."""


class OnnxEncoder:
    """An encoder whose session is opened by the first `encode`; later ones may come from several threads."""

    def __init__(self, files: EncoderFiles, *, threads: int = 0) -> None:
        """`threads` is the number of texts (or batches of short ones) at work at a time; 0 for one per CPU."""
        self._files = files
        self._threads = threads or _usable_cpus()
        self._opening = threading.Lock()
        self._opened: _Model | None = None

    @property
    def name(self) -> str:
        """The files' name."""
        return self._files.name

    @property
    def languages(self) -> frozenset[str]:
        """The files' languages."""
        return self._files.languages

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector per text: (n, d).

        A text's first tokens count, up to the model's limit. The other texts of a call do not matter: they move a
        vector by float32's rounding only.

        Raises:
            UserError: the model's files cannot be used.
            ResourceError: there is not enough memory.
        """
        vectors = np.zeros((len(texts), self._files.dimension), dtype=np.float32)
        if not texts:
            return vectors
        model = self._model()
        for start in range(0, len(texts), _BLOCK_TEXTS):
            tokens = [model.tokens(text) for text in texts[start : start + _BLOCK_TEXTS]]
            batches = list(_batches([len(ids) for ids in tokens]))
            inputs = [[tokens[index] for index in batch] for batch in batches]
            for batch, rows in zip(batches, self._run(model, inputs), strict=True):
                vectors[[start + index for index in batch]] = rows
        return vectors

    def _run(self, model: _Model, inputs: list[list[list[int]]]) -> Iterator[Vectors]:
        workers = min(self._threads, len(inputs))
        if workers == 1:
            yield from map(model.vectors, inputs)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="encoder") as pool:
            yield from pool.map(model.vectors, inputs)

    def _model(self) -> _Model:
        with self._opening:
            if self._opened is None:
                self._opened = _Model(self._files)
            return self._opened


class _Model:
    """An open session and its tokenizer."""

    def __init__(self, files: EncoderFiles) -> None:
        self._files = files
        self._tokenizer = _open_tokenizer(files)
        self._session = _open_session(files)
        self._inputs = tuple(item.name for item in self._session.get_inputs())
        if "input_ids" not in self._inputs or not set(self._inputs) <= _INPUTS:
            raise _unusable(files, f"its inputs are {', '.join(self._inputs)}, expected {', '.join(sorted(_INPUTS))}")
        outputs = {item.name: item.shape for item in self._session.get_outputs()}
        self._output = next((name for name, shape in outputs.items() if len(shape) == 3), "")
        if not self._output:
            raise _unusable(files, f"none of its outputs {', '.join(outputs)} is a vector for each token")

    def tokens(self, text: str) -> list[int]:
        """The ids of a text's first tokens."""
        text = text[: _CHARS_PER_TOKEN * self._files.max_tokens]
        # Half of a surrogate pair, as it comes from a command line, is no text to the tokenizer.
        text = text.encode("utf-8", "replace").decode("utf-8")
        # One at a time: encode_batch starts threads of its own, and a process that forks after that is warned about.
        # A tokenizer that adds no tokens of its own makes none of an empty text; a run needs one.
        return list(self._tokenizer.encode(text).ids) or [0]

    def vectors(self, texts: list[list[int]]) -> Vectors:
        """Unit vectors of a batch: (n, d)."""
        ids: Ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            found = self._session.run([self._output], {name: given[name] for name in self._inputs})[0]
        except Exception as error:  # each of the library's kinds is a bare Exception
            raise _failed(self._files, error) from error
        hidden = np.asarray(found, dtype=np.float32)
        if hidden.shape != (*ids.shape, self._files.dimension):
            raise _unusable(
                self._files, f"its output has shape {hidden.shape}, expected {(*ids.shape, self._files.dimension)}"
            )
        if self._files.pooling is Pooling.CLS:
            sums = hidden[:, 0]
        else:
            # The mean's divisor goes with the length. einsum, not @: a BLAS would bring its own threads into ours.
            sums = np.einsum("btd,bt->bd", hidden, mask.astype(np.float32))
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise _unusable(self._files, "it gave a vector without a length")
        unit: Vectors = sums / lengths
        return unit


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts of like length, the longest first so that no thread ends with a long one alone."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _open_tokenizer(files: EncoderFiles) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(files.tokenizer))
        tokenizer.no_padding()
        tokenizer.enable_truncation(files.max_tokens)
    except Exception as error:  # the library raises bare Exception
        raise UserError(
            f"the encoder's tokenizer {files.tokenizer} cannot be read ({error}): fetch the model's files again",
            code="encoder",
        ) from error
    # "[SEP]" in a document is five characters, not the end of the text.
    tokenizer.encode_special_tokens = True
    return tokenizer


def _open_session(files: EncoderFiles) -> InferenceSession:
    # Its official builds report to their maker and keep an identifier of the machine in the user's cache folder. The
    # variable must be set before the import; the call is for Windows' own tracing, which does not ask the variable.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Every length of text is a shape of its own: patterns and arena would keep memory for each, and win no time.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(
            str(files.model),
            options,
            providers=["CPUExecutionProvider"],
            # The fused operation takes eight times as long as the two that it replaces.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
    except Exception as error:  # each of the library's kinds is a bare Exception
        raise _failed(files, error) from error


def _failed(files: EncoderFiles, error: Exception) -> ResourceError | UserError:
    if lacks_memory(error) or "bad allocation" in str(error):
        return ResourceError(f"there is not enough memory for the encoder {files.model}", code="out-of-memory")
    return _unusable(files, f"onnxruntime says: {error}")


def _unusable(files: EncoderFiles, reason: str) -> UserError:
    return UserError(
        f"the encoder {files.model} cannot be used, {reason}: fetch the model's files again, choose another model or "
        "set encoder = 'off'",
        code="encoder",
    )


def _usable_cpus() -> int:
    """CPUs that this process may run on; containers and batch systems often allow fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
