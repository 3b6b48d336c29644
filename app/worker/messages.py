"""What the program and its inference worker say to each other.

A request that has a `job_id` is answered by exactly one event with the same number that is not a progress event
(ReadProgress, TextChunk); Failed is such an answer to any of them. Handles of states are chosen by the asking side.
Units: bytes, tokens, tokens per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.inference.generator import Generation, ModelInfo, Sampling, SavedState, Span, StateRef, Usage

# -- requests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a model folder; answered by ModelReady. None: see Engine.load. The first request of every worker.

    background: the process yields to others that want the processor.
    """

    job_id: int
    path: str
    name: str
    device: str
    weight_format: str | None
    threads: int | None
    cache_dir: str | None
    background: bool = False


@dataclass(frozen=True, slots=True)
class NewState:
    """Make a fresh state under the handle `state`; answered by Done."""

    job_id: int
    state: StateRef


@dataclass(frozen=True, slots=True)
class Fork:
    """Copy a state to the handle `copy`; answered by Done."""

    job_id: int
    state: StateRef
    copy: StateRef


@dataclass(frozen=True, slots=True)
class Drop:
    """Free a state. Not answered."""

    state: StateRef


@dataclass(frozen=True, slots=True)
class Position:
    """Answered by PositionIs."""

    job_id: int
    state: StateRef


@dataclass(frozen=True, slots=True)
class Read:
    """Stream tokens through a state; answered by ReadDone, after ReadProgress for each chunk."""

    job_id: int
    state: StateRef
    token_ids: tuple[int, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ProgressSeen:
    """One ReadProgress was taken in. The worker is never more than one chunk ahead, so that Cancel comes in time."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Score:
    """Answered by Scored."""

    job_id: int
    state: StateRef
    token_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Generate:
    """Read a prompt into each state and write after it, all in step; answered by Generated, after TextChunks."""

    job_id: int
    states: tuple[StateRef, ...]
    prompts: tuple[tuple[int, ...], ...]
    samplings: tuple[Sampling, ...]
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class SaveState:
    """Answered by StateSaved; the state may go on meanwhile. Pages whose digest is in `known` come without bytes."""

    job_id: int
    state: StateRef
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadState:
    """Make a saved state a live one under the handle `state`; answered by Done."""

    job_id: int
    state: StateRef
    saved: SavedState


@dataclass(frozen=True, slots=True)
class Inspect:
    """Answered by Inspected."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a job within one chunk of reading or one token of writing. The job's own answer comes, none to this."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process. Not answered."""


# -- events ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The answer to LoadModel."""

    job_id: int
    info: ModelInfo
    batch_size: int


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""

    job_id: int


@dataclass(frozen=True, slots=True)
class PositionIs:
    """Tokens that the state has taken in."""

    job_id: int
    position: int


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """Tokens of this job read so far."""

    job_id: int
    done: int


@dataclass(frozen=True, slots=True)
class ReadDone:
    """Reading ended, by Cancel where `cancelled`. vectors: one per span, float32, side by side; each `width` long."""

    job_id: int
    cancelled: bool
    width: int
    vectors: bytes
    usage: Usage


@dataclass(frozen=True, slots=True)
class Scored:
    """Sum of log-probabilities in nats."""

    job_id: int
    score: float


@dataclass(frozen=True, slots=True)
class TextChunk:
    """More text of the sequence `index` of a job; several tokens at once where they come quickly."""

    job_id: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Generated:
    """Every sequence of a job has ended."""

    job_id: int
    generations: tuple[Generation, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class StateSaved:
    """The state as it was when the request's turn came."""

    job_id: int
    saved: SavedState


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the worker runs on: areas, and facts of each by name, for `doctor`."""

    job_id: int
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A job could not be done. error: name of a class of core/errors.py; detail: the traceback, for the log."""

    job_id: int
    error: str
    code: str
    message: str
    detail: str = ""
    digests: tuple[str, ...] = ()
    """Of a damaged state: the pages whose bytes do not fit."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Each second: what the worker uses, and how fast it has been going in that second (0 where it did not)."""

    rss_bytes: int
    gpu_bytes: int
    state_bytes: int
    states: int
    read_tokens_per_second: float
    written_tokens_per_second: float
    usage: Usage
    busy: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line for the program's log: the worker writes no file."""

    level: int
    logger: str
    message: str


Request = (
    LoadModel
    | NewState
    | Fork
    | Drop
    | Position
    | Read
    | ProgressSeen
    | Score
    | Generate
    | SaveState
    | LoadState
    | Inspect
    | Cancel
    | Shutdown
)
Event = (
    ModelReady
    | Done
    | PositionIs
    | ReadProgress
    | ReadDone
    | Scored
    | TextChunk
    | Generated
    | StateSaved
    | Inspected
    | Failed
    | Heartbeat
    | LogLine
)
