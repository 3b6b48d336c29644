"""A document's tokens reach the state once each, in order, however they are cut into reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.documents.model import Document
from app.inference.engine import Engine
from app.inference.generator import Span
from app.tasks.budget import Budget
from app.tasks.feeds import feeds, reading_plan, stream
from app.tasks.model import Style
from app.tasks.parts import MAX_PIECE, pieces, plan_parts
from tests.checkpoints import random_tensors, raw_config, write_chat_model
from tests.fakes import FakeGenerator
from tests.properties.profile import examples
from tests.properties.texts import documents

TOLERANCE = 2e-4
"""Of states and scores: sums in another order differ in the last bits of float32, and a recurrence carries them on."""
RAW = raw_config("recurrentgemma", vocab_size=49_152, attention_window_size=24)


@pytest.fixture(scope="module")
def engine(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A tiny model with a window of 24 tokens."""
    folder = write_chat_model(tmp_path_factory.mktemp("tiny"), starter_model_path, RAW, random_tensors(RAW))
    return Engine.load(folder, device="cpu", weight_format="float32")


def _cut(ids: Sequence[int], cuts: Sequence[int]) -> list[list[int]]:
    places = sorted({0, len(ids), *(cut for cut in cuts if cut <= len(ids))})
    return [list(ids[a:b]) for a, b in pairwise(places)]


@examples(30, share=0.2)
@given(
    ids=st.lists(st.integers(0, 49_151), min_size=1, max_size=700),
    cuts=st.lists(st.integers(1, 700), max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_cuts_give_the_same_state(engine: Engine, ids: list[int], cuts: list[int], seed: int) -> None:
    """Position and hash of the tokens are equal; logits, recurrent states and scores agree within rounding."""
    whole, split = engine.new_state(), engine.new_state()
    try:
        engine.read(whole, ids)
        for piece in _cut(ids, cuts):
            engine.read(split, piece)
        one, other = engine.save_state(whole), engine.save_state(split)
        assert (one.position, one.token_hash) == (other.position, other.token_hash) == (len(ids), one.token_hash)
        assert [(page.start, page.end) for page in one.pages] == [(page.start, page.end) for page in other.pages]
        tensors = safetensors.torch.load(other.recurrent)
        for name, tensor in safetensors.torch.load(one.recurrent).items():
            torch.testing.assert_close(tensors[name], tensor, rtol=TOLERANCE, atol=TOLERANCE)
        probe = torch.randint(0, 49_152, (8,), generator=torch.Generator().manual_seed(seed)).tolist()
        assert engine.score(split, probe) == pytest.approx(engine.score(whole, probe), rel=TOLERANCE, abs=0.01)
    finally:
        engine.drop(whole)
        engine.drop(split)


@examples(30, share=0.2)
@given(data=st.data(), count=st.integers(1, 600))
def test_spans_do_not_depend_on_chunks(engine: Engine, data: st.DataObject, count: int) -> None:
    """The mean of a stretch is that of a read which ends with it, wherever chunks of 512 tokens end."""
    ids = [(7 * n + count) % 49_152 for n in range(count)]
    ends = sorted(data.draw(st.sets(st.integers(1, count), min_size=1, max_size=4)))
    spans: list[Span] = [(start, end) for start, end in zip([0, *ends], ends, strict=False) if start < end]
    state = engine.new_state()
    found = engine.read(state, ids, spans=spans)
    engine.drop(state)
    state = engine.new_state()
    for (start, end), vector in zip(spans, found, strict=True):
        (alone,) = engine.read(state, ids[start:end], spans=[(0, end - start)])
        torch.testing.assert_close(torch.tensor(vector), torch.tensor(alone), rtol=1e-3, atol=1e-3)
    engine.drop(state)


@examples(150)
@given(documents(), st.sampled_from((64, 128, 256, 2048)))
def test_the_stream_is_the_document_once(document: Document, window: int) -> None:
    """Parts tile the sections, pieces tile the parts, feeds tile the pieces: joined they are the text itself."""
    generator = FakeGenerator(window_tokens=window)
    parts, budget = reading_plan(document, generator)
    read = [token for feed in stream(document, parts, generator, budget) for token in feed]
    assert generator.text(read) == "<0>" + document.text
    assert [part.start for part in parts] == [0, *(part.end for part in parts)][: len(parts)]
    assert parts[-1].end == len(document.text) if parts else not document.sections
    for part in parts:
        cut = list(pieces(document, part.start, part.end))
        assert "".join(document.text[piece.start : piece.end] for piece in cut) == document.text[part.start : part.end]
        assert all(piece.sentence[1] - piece.sentence[0] <= MAX_PIECE for piece in cut)
        fed = list(feeds(document, part, generator.tokenize, budget.feed))
        assert [feed.end for feed in fed] == sorted(feed.end for feed in fed)
        assert all(len(feed.ids) >= budget.feed for feed in fed[:-1])


@examples(150)
@given(documents(), st.sampled_from((64, 128, 256, 2048)))
def test_no_part_goes_past_its_budget(document: Document, window: int) -> None:
    """Unless it is a single piece, which is never cut; and its notes still fit the window beside it."""
    generator = FakeGenerator(window_tokens=window)
    budget = Budget.for_model(generator.info, Style.DETAILED)
    for part in plan_parts(document, generator.tokenize, budget):
        written = [piece for piece in pieces(document, part.start, part.end) if piece.sentence[0] < piece.sentence[1]]
        assert part.tokens <= budget.part or len(written) == 1
        assert budget.part + budget.note <= window or window <= 128
