"""What tasks may ask of a language model: the seam between tasks and inference.

The in-process Engine, the worker's client and the tests' fake all satisfy `TextGenerator`; one
contract suite runs against each. No torch here: tasks, services and the window import this file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NewType, Protocol

from app.core.errors import CheckpointError

StateRef = NewType("StateRef", int)
"""Live handle of a model state that the generator owns; valid until dropped."""

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. `text` is data: it can never act as control tokens."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is loaded, as shown to the user and recorded beside every result."""

    name: str
    path: str
    fingerprint: str
    """SHA-256 (hex) over config, tensor bytes' identity and weight format."""
    tokenizer_hash: str
    device: str
    weight_format: str
    parameters: int
    vocab_size: int
    window_tokens: int
    state_nbytes: int
    """Size of one full state in bytes: fixed, however long the input."""
    is_chat: bool
    """False for base models, which complete text instead of answering turns."""
    notes: tuple[str, ...] = ()
    """One sentence each on what is other than asked for or slower than it could be, for the user to see."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Decoding settings; temperature 0 is greedy. `repetition_penalty` as in CTRL (arXiv:1909.05858)."""

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Generation:
    """A finished generation: text without control tokens, its token ids, why it ended."""

    text: str
    token_ids: tuple[int, ...]
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True)
class Usage:
    """Running totals of a generator since it was loaded."""

    prefill_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_tokens: int = 0
    decode_seconds: float = 0.0

    def __add__(self, more: Usage) -> Usage:
        """The totals after some more work."""
        return Usage(
            self.prefill_tokens + more.prefill_tokens,
            self.prefill_seconds + more.prefill_seconds,
            self.decode_tokens + more.decode_tokens,
            self.decode_seconds + more.decode_seconds,
        )


@dataclass(frozen=True, slots=True)
class StatePage:
    """Keys and values of the tokens [start, end) in every attention layer.

    digest: SHA-256 (hex) of the bytes. data: None where the receiver has them already.
    """

    start: int
    end: int
    digest: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class SavedState:
    """A complete state in parts that can be stored on their own and shared between states.

    header: one line of JSON with all that has to agree when it is loaded, see state_header.py. position: tokens taken
    in. token_hash: of all of them (see token_history.py), '' where it is not known. recurrent: what is not shared,
    a safetensors container. pages: the attention window in order, cut by absolute position.
    """

    header: str
    position: int
    token_hash: str
    recurrent: bytes
    pages: tuple[StatePage, ...]


class DamagedStateError(CheckpointError):
    """Pages of a saved state whose bytes are missing or do not fit their digests; `digests` names them."""

    default_code = "snapshot-damaged"

    def __init__(self, message: str, *, digests: tuple[str, ...], code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.digests = digests


Span = tuple[int, int]
"""Half-open range of indices into the token ids of one read."""

Vector = Sequence[float]

TokenProgress = Callable[[int], None]
"""Called with the number of tokens of the current read done so far."""

Cancelled = Callable[[], bool]


def never() -> bool:
    """The default `Cancelled`."""
    return False


class ReadCancelled(Exception):  # noqa: N818 (an event, not an error)
    """A read stopped because `cancelled` said so; the state holds what was read up to the last whole chunk."""


class TextGenerator(Protocol):
    """A loaded model with any number of live states.

    Reading and generating advance the state they are given, in place; `fork` first to keep the old one.
    """

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        ...

    @property
    def usage(self) -> Usage:
        """Running totals of tokens and seconds."""
        ...

    @property
    def batch_size(self) -> int:
        """Answers that `generate_batch` best writes together, 1 where one at a time is as fast.

        Each takes `info.state_nbytes` while it is written, beside the state that the caller has made.
        """
        ...

    def tokenize(self, text: str) -> list[int]:
        """Token ids of plain text: never a control token, whatever the text says; no BOS."""
        ...

    def document_prefix(self) -> list[int]:
        """Token ids that begin a stream of raw document text (BOS where the model was trained with one)."""
        ...

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """Token ids of turns in the model's own template, ending where the assistant's answer begins.

        With fresh=False the turns follow on text already in the state: no BOS, and the turn that the
        state ends in (raw document text or an assistant's answer) is closed first.
        A base model gets the texts joined by blank lines.
        """
        ...

    def new_state(self) -> StateRef:
        """A fresh state at position 0."""
        ...

    def fork(self, state: StateRef) -> StateRef:
        """An independent copy."""
        ...

    def drop(self, state: StateRef) -> None:
        """Free a state; dropping twice is an error of the caller (KeyError)."""
        ...

    def position(self, state: StateRef) -> int:
        """Number of tokens the state has taken in."""
        ...

    def read(
        self,
        state: StateRef,
        token_ids: Sequence[int],
        *,
        spans: Sequence[Span] = (),
        on_progress: TokenProgress | None = None,
        cancelled: Cancelled = never,
    ) -> list[Vector]:
        """Stream tokens through the state in chunks.

        Returns for each span the mean of the last hidden layer over it (d floats). Raises ReadCancelled.
        """
        ...

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        """Sum of log-probabilities (nats) of a continuation; the state is left as it was."""
        ...

    def generate(
        self,
        state: StateRef,
        prompt_ids: Sequence[int],
        *,
        sampling: Sampling,
        max_new_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Cancelled = never,
    ) -> Generation:
        """Read the prompt, then write until a stop token, the length limit or cancellation.

        Afterwards the state holds the prompt and every token written (a stop token too), so a
        conversation goes on from it. `on_text` gets whole characters only.
        """
        ...

    def generate_batch(
        self,
        states: Sequence[StateRef],
        prompts: Sequence[Sequence[int]],
        *,
        sampling: Sampling | Sequence[Sampling],
        max_new_tokens: int,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """What `generate` does for each state and prompt, with the answers written side by side.

        Each sequence is on its own: its prompt, its settings (one for all, or one each), its end, and afterwards
        its state. At most `batch_size` are written together, one group after the other, so that memory stays within
        bounds; a group's prompts are read before its first word is written. `on_text` gets the index of the sequence
        too. Once `cancelled` says so, every answer without an end is CANCELLED as it stands. InternalError when a
        state is given twice or the numbers differ.
        """
        ...

    def begin_save(self, state: StateRef, *, known: Collection[str] = ()) -> Callable[[], SavedState]:
        """As `save_state`, but only the copy is made before it returns: the state may go on at once.

        What it returns waits for the rest; any thread may call it, once.
        """
        ...

    def save_state(self, state: StateRef, *, known: Collection[str] = ()) -> SavedState:
        """The complete state: `load_state` then continues bit for bit.

        known: digests of pages that the receiver has; these come without data.
        """
        ...

    def load_state(self, saved: SavedState) -> StateRef:
        """A saved state, every page with its data, as a live one.

        CheckpointError by `code`: "snapshot-newer" (a newer Griffin Desk made it), "snapshot-other" (it belongs to
        another model, weight format or tokenizer) or "snapshot-damaged"; of that, DamagedStateError where it is pages.
        """
        ...
