"""Load models as the worker does, each in a process of its own: `python -m tests.torture.model_loading FOLDER CORES`.

FOLDER/order.json names the models; a line of JSON in FOLDER/found.jsonl says what came of each. Torch is imported once,
and the processes are forked off it: a model that ends, fills or holds up its process harms none of the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

import torch  # noqa: F401 (before the fork)

from app.core.errors import GriffinDeskError
from app.inference.checkpoints import deepmind, orbax
from app.inference.checkpoints.verify import verify_model
from app.inference.engine import Engine
from app.inference.generator import Message, Sampling
from app.inference.tokenizers import bpe, sentencepiece
from tests.torture.memory_watch import peak_bytes

FOUND, ORDER = "found.jsonl", "order.json"
LOAD, VERIFY = "load", "verify"
MOST_BYTES = 4 << 30
"""Of addresses, more than a process has when it begins: no bomb may take the machine along."""
_TEXT = "The quick brown fox, aaaa and zz, \N{LATIN SMALL LETTER E WITH ACUTE} \N{CJK UNIFIED IDEOGRAPH-65E5}.\n" * 40
_IMPORTED = (bpe, sentencepiece, deepmind, orbax)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one model by one way.

    how: "refused", "loaded", "hung", "crashed" or "traceback". said: its refusal, what a check found, or what it ended
    with. peak_bytes: more than the process had when it began.
    """

    path: str
    way: str
    how: str
    said: str
    kind: str
    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """A model and how it is looked at: LOAD or VERIFY, for so long, with this folder as the working directory."""

    path: str
    way: str
    limit_s: float
    folder: str


class _Child:
    """One model by one way, in a forked process."""

    def __init__(self, job: Job, told: Path) -> None:
        self._job, self._told = job, told
        self._began = time.monotonic()
        self._pid = os.fork()
        if not self._pid:
            _live(job, told)
        self._peak = self._start = _held(self._pid)

    def found(self) -> Found | None:
        """What came of it, once it has ended or has taken too long."""
        done, status = os.waitpid(self._pid, os.WNOHANG)
        seconds = time.monotonic() - self._began
        self._peak = max(self._peak, _held(self._pid))
        if not done and seconds < self._job.limit_s:
            return None
        how, said, kind, grown = "hung", "", "", self._peak - self._start
        if done:
            how, said = "crashed", f"status {status}"
            with contextlib.suppress(OSError, ValueError):
                how, said, kind, grown = json.loads(self._told.read_text(encoding="utf-8"))
        else:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._told.unlink(missing_ok=True)
        return Found(self._job.path, self._job.way, how, said, kind, round(seconds, 2), max(0, grown))


def _held(pid: int) -> int:
    try:
        return peak_bytes(pid)
    except (OSError, ValueError):
        return 0


def _live(job: Job, told: Path) -> None:
    """All of the forked process's life."""
    try:
        os.chdir(job.folder)
        start = _held(os.getpid())
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, size + MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        path = Path(job.path)
        try:
            how, said, kind = ("loaded", _used(path) if job.way == LOAD else _verified(path), "")
        except GriffinDeskError as error:
            how, said, kind = "refused", error.message, type(error).__name__
        except BaseException as error:
            how, said, kind = "traceback", traceback.format_exc()[-1500:], type(error).__name__
        told.write_text(json.dumps([how, said, kind, _held(os.getpid()) - start]), encoding="utf-8")
    finally:
        os._exit(0)


def _used(path: Path) -> str:
    """Load it, read with it and answer; the answer's length in tokens."""
    engine = Engine.load(path, device="cpu", threads=1)
    state = engine.new_state()
    engine.read(state, [*engine.document_prefix(), *engine.tokenize(_TEXT)])
    prompt = engine.chat_prompt([Message("system", "Be brief."), Message("user", "Why?")], fresh=False)
    answer = engine.generate(state, prompt, sampling=Sampling(temperature=0.0), max_new_tokens=4)
    return f"{len(answer.token_ids)} tokens"


def _verified(path: Path) -> str:
    return "\n".join(verify_model(path, lambda done, total: None).problems)


def main(folder: str, cores: str) -> int:
    """Look at all models of the order, so many at once."""
    waiting = deque(Job(**job) for job in json.loads((Path(folder) / ORDER).read_text(encoding="utf-8")))
    running: list[_Child] = []
    number = 0
    with (Path(folder) / FOUND).open("w", encoding="utf-8") as stream:
        while waiting or running:
            while waiting and len(running) < int(cores):
                number += 1
                running.append(_Child(waiting.popleft(), Path(folder) / f"{number}.told"))
            for child in list(running):
                if (found := child.found()) is not None:
                    running.remove(child)
                    stream.write(json.dumps(asdict(found)) + "\n")
                    stream.flush()
            time.sleep(0.005)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
