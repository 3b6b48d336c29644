from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.documents.model import Document, Page, PageKind, Section
from app.inference.generator import (
    FinishReason,
    Generation,
    Message,
    ModelInfo,
    StateRef,
    Usage,
)
from app.storage.database import Database

INFO = ModelInfo(
    name="fake",
    path="/models/fake",
    fingerprint="f1",
    tokenizer_hash="t1",
    device="cpu",
    weight_format="float32",
    parameters=1,
    vocab_size=256,
    window_tokens=64,
    state_nbytes=1000,
    is_chat=True,
)


class FakeGenerator:
    """States are lists of token ids, ids are code points, an answer says how long its prompt was."""

    def __init__(self, info: ModelInfo = INFO) -> None:
        self.info = info
        self.usage = Usage()
        self.states: dict[StateRef, list[int]] = {}
        self.prompts: list[tuple[list[Message], bool]] = []
        self._next = 0

    def tokenize(self, text: str) -> list[int]:
        return [ord(c) for c in text]

    def document_prefix(self) -> list[int]:
        return []

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        self.prompts.append((list(messages), fresh))
        return self.tokenize("".join(message.text for message in messages))

    def new_state(self) -> StateRef:
        return self._keep([])

    def fork(self, state: StateRef) -> StateRef:
        return self._keep(list(self.states[state]))

    def drop(self, state: StateRef) -> None:
        del self.states[state]

    def position(self, state: StateRef) -> int:
        return len(self.states[state])

    def read(self, state: StateRef, token_ids: Sequence[int], **_: object) -> list[Sequence[float]]:
        self.states[state] += token_ids
        self.usage = replace(
            self.usage,
            prefill_tokens=self.usage.prefill_tokens + len(token_ids),
            prefill_seconds=self.usage.prefill_seconds + 1.0,
        )
        return []

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        return -1.0 * len(token_ids)

    def generate(self, state: StateRef, prompt_ids: Sequence[int], *, on_text=None, **_: object) -> Generation:
        self.states[state] += prompt_ids
        text = f"read {len(self.states[state])}"
        if on_text is not None:
            on_text(text)
        return Generation(text, tuple(self.tokenize(text)), FinishReason.STOP)

    def save_state(self, state: StateRef) -> bytes:
        return json.dumps([self.info.fingerprint, self.states[state]]).encode()

    def load_state(self, data: bytes) -> StateRef:
        fingerprint, ids = json.loads(data)
        if fingerprint != self.info.fingerprint:
            raise CheckpointError("the saved state belongs to another model")
        return self._keep(ids)

    def _keep(self, ids: list[int]) -> StateRef:
        self._next += 1
        self.states[StateRef(self._next)] = ids
        return StateRef(self._next)


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh library."""
    with Database.open(tmp_path / "library.sqlite") as opened:
        yield opened


@pytest.fixture
def document() -> Document:
    """Three pages, of which the second has no text; three sections."""
    return Document(
        title="Rivers",
        format="pdf",
        content_hash="d1",
        page_kind=PageKind.PAGE,
        pages=(Page(1, "The Elbe floods in April."), Page(2, "", "no text on the page"), Page(3, "Dams hold water.")),
        sections=(
            Section(0, "One", 1, 0, 10, 1, 1),
            Section(1, "Two", 1, 10, 27, 1, 2),
            Section(2, "Three", 1, 27, 43, 3, 3),
        ),
        warnings=("the outline is damaged",),
    )
