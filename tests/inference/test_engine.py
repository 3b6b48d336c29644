"""The engine: the generators' contract on a tiny model, what it computes, loading and its errors, the starter."""

import json
import os
import re
import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from app.core.errors import CheckpointError, InternalError, ResourceError, UserError
from app.core.threads import UsableCores
from app.inference import decoding as decoding_module
from app.inference import engine as engine_module
from app.inference import free_memory, loading
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.decoding import Decoder, Decoding, PlainDecoder
from app.inference.device_names import CHUNK_TOKENS as CHUNK_TOKENS_OF
from app.inference.engine import Engine
from app.inference.fit import DeviceRoom
from app.inference.generator import FinishReason, Message, ReadCancelled, Sampling, StateRef, TextGenerator
from app.inference.griffin import Griffin
from app.inference.memory import estimate_memory
from app.inference.ops import TorchOps
from app.inference.state import ModelState
from app.inference.state_container import guards_of, load_state
from app.inference.token_history import TokenHistory
from app.inference.tokenizers.base import Tokenizer
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_chat_model, write_checkpoint
from tests.contracts.text_generator import GREEDY, LOOK_ALIKES, RANDOM, TEXT, TextGeneratorContract, counted

RAW = raw_config("starter", vocab_size=49_152, attention_window_size=64)
CHUNK_TOKENS = CHUNK_TOKENS_OF["cpu"]


@pytest.fixture(scope="module")
def tiny(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model with the starter's tokenizer and template."""
    return write_chat_model(tmp_path_factory.mktemp("tiny"), starter_model_path, RAW, random_tensors(RAW))


@pytest.fixture
def broken(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be broken."""
    return Path(shutil.copytree(tiny, tmp_path / "model"))


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Engine:
    """The tiny model in the engine."""
    return Engine.load(tiny, device="cpu")


@pytest.fixture(scope="module")
def model(tiny: Path) -> Griffin:
    """The same weights without the engine."""
    checkpoint = open_checkpoint(tiny)
    with torch.inference_mode():
        return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)


class TestEngine(TextGeneratorContract):
    """The suite on the engine."""

    @pytest.fixture
    def generator(self, engine: Engine) -> TextGenerator:
        """Shared: loading takes longer than a test."""
        return engine

    @pytest.fixture
    def control_ids(self, starter_tokenizer: Tokenizer) -> Collection[int]:
        """The tokenizer's own."""
        return starter_tokenizer.control_ids


def _ids(count: int) -> list[int]:
    return torch.randint(100, 40_000, (count,), generator=torch.Generator().manual_seed(0)).tolist()


@torch.inference_mode()
def _direct(model: Griffin, ids: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Last hidden layer (t, d) and logits (t, v) of one pass."""
    hidden = model.hidden(torch.tensor([ids]), model.fresh_state())
    return hidden[0], model.logits(hidden)[0]


@torch.inference_mode()
def _next_logits(engine: Engine, model: Griffin, state: StateRef) -> Tensor:
    """The logits that a saved state carries."""
    guards = guards_of(model, engine.info.fingerprint, engine.info.tokenizer_hash)
    logits = load_state(engine.save_state(state), model, guards).logits
    assert logits is not None
    return logits[0]


def _read(engine: Engine, ids: Sequence[int]) -> StateRef:
    state = engine.new_state()
    engine.read(state, ids)
    return state


@pytest.mark.parametrize("count", [1, 511, 512, 513, 1100])
def test_reading_equals_one_pass(count: int, engine: Engine, model: Griffin) -> None:
    """Around the chunk's edge: the logits after the last token, and the spans' means, some across chunks."""
    ids = _ids(count)
    hidden, logits = _direct(model, ids)
    spans = [(0, count), (count - 1, count), (count // 3, (count + 2) // 2), (0, 0)]
    state = engine.new_state()
    means = engine.read(state, ids, spans=spans)
    assert torch.allclose(_next_logits(engine, model, state), logits[-1], atol=1e-3)
    for (low, high), mean in zip(spans, means, strict=True):
        expected = hidden[low:high].mean(0) if high > low else torch.zeros(hidden.shape[1])
        assert torch.allclose(torch.tensor(mean), expected, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 32, 33, 34, 512, 513, 514])
def test_score_equals_the_logits(count: int, engine: Engine, model: Griffin) -> None:
    """Sum of log-softmax at each token, from one pass over all; around the edges of pieces and chunks."""
    ids = _ids(7 + count)
    _, logits = _direct(model, ids)
    log_probs = logits[6:-1].log_softmax(-1).gather(1, torch.tensor(ids[7:])[:, None])
    assert engine.score(_read(engine, ids[:7]), ids[7:]) == pytest.approx(float(log_probs.sum()), rel=1e-5)


def test_greedy_equals_argmax(engine: Engine, model: Griffin) -> None:
    """Each token is the likeliest after all before it, by one pass over prompt and answer."""
    prompt = _ids(20)
    generation = engine.generate(engine.new_state(), prompt, sampling=GREEDY, max_new_tokens=8)
    _, logits = _direct(model, [*prompt, *generation.token_ids])
    assert tuple(logits[19:27].argmax(-1).tolist()) == generation.token_ids


class _Template:
    """Ends where the test says."""

    is_chat = True

    def __init__(self, stop_ids: Collection[int], turn_end: tuple[int, ...]) -> None:
        self.stop_ids = frozenset(stop_ids)
        self.turn_end = turn_end

    def render(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        raise AssertionError("not used")


def _with_template(
    engine: Engine, model: Griffin, tokenizer: Tokenizer, stop_ids: Collection[int] = (), turn_end: tuple[int, ...] = ()
) -> Engine:
    return Engine(model, tokenizer, _Template(stop_ids, turn_end), engine.info, None)


def test_seeds_differ(engine: Engine) -> None:
    """Another seed, another answer."""
    runs = {
        engine.generate(engine.new_state(), _ids(20), sampling=replace(RANDOM, seed=seed), max_new_tokens=5).token_ids
        for seed in range(4)
    }
    assert len(runs) == 4


def test_a_stop_token_ends(engine: Engine, model: Griffin, starter_tokenizer: Tokenizer) -> None:
    """It is the last token, no part of the text, and in the state; nothing is added after it."""
    free = _with_template(engine, model, starter_tokenizer)
    expected = free.generate(free.new_state(), _ids(20), sampling=RANDOM, max_new_tokens=8).token_ids
    assert len(set(expected)) == 8
    stopping = _with_template(engine, model, starter_tokenizer, {expected[5]}, (3, 4))
    state = stopping.new_state()
    generation = stopping.generate(state, _ids(20), sampling=RANDOM, max_new_tokens=8)
    assert generation.token_ids == expected[:6]
    assert generation.text == starter_tokenizer.decode(expected[:5])
    assert generation.finish_reason is FinishReason.STOP
    assert stopping.position(state) == 26
    logits = _next_logits(stopping, model, state)
    assert torch.allclose(logits, _direct(model, [*_ids(20), *expected[:6]])[1][-1], atol=1e-3)


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_length_closes_the_turn(limit: int, engine: Engine, model: Griffin, starter_tokenizer: Tokenizer) -> None:
    """The state gets the template's turn end, which is no part of the answer; the count is right."""
    closing = _with_template(engine, model, starter_tokenizer, (), (3, 4))
    state = closing.new_state()
    generation = closing.generate(state, _ids(20), sampling=RANDOM, max_new_tokens=limit)
    assert generation.finish_reason is FinishReason.LENGTH
    assert closing.position(state) == 20 + limit + 2
    logits = _next_logits(closing, model, state)
    assert torch.allclose(logits, _direct(model, [*_ids(20), *generation.token_ids, 3, 4])[1][-1], atol=1e-3)
    assert (closing.usage.prefill_tokens, closing.usage.decode_tokens) == (22, limit)


def test_cancelled_while_writing(engine: Engine, model: Griffin, starter_tokenizer: Tokenizer) -> None:
    """Within one token: what was written stays, and the turn is closed."""
    closing = _with_template(engine, model, starter_tokenizer, (), (3,))
    state = closing.new_state()
    # One call before the prompt's only chunk and one before each of its layers, then one before each token.
    calls = counted(4 + len(model.blocks))
    generation = closing.generate(state, _ids(20), sampling=RANDOM, max_new_tokens=50, cancelled=calls)
    assert (len(generation.token_ids), generation.finish_reason) == (3, FinishReason.CANCELLED)
    assert generation.text == starter_tokenizer.decode(generation.token_ids)
    assert closing.position(state) == 24


def test_a_cancelled_read_is_a_read_of_whole_chunks(engine: Engine, model: Griffin) -> None:
    """The state equals one that read these chunks alone, the next token's logits included."""
    ids = _ids(3 * CHUNK_TOKENS)
    state = engine.new_state()
    with pytest.raises(ReadCancelled):
        engine.read(state, ids, cancelled=counted(2))
    expected = _read(engine, ids[: 2 * CHUNK_TOKENS])
    assert engine.save_state(state) == engine.save_state(expected)


def test_a_saved_state_goes_on_in_another_process(tiny: Path, engine: Engine) -> None:
    """Another engine of the same files continues bit for bit."""
    state = _read(engine, _ids(600))
    other = Engine.load(tiny, device="cpu")
    restored = other.load_state(engine.save_state(state))
    expected = engine.generate(state, _ids(3), sampling=RANDOM, max_new_tokens=10)
    assert other.generate(restored, _ids(3), sampling=RANDOM, max_new_tokens=10) == expected
    assert other.save_state(restored) == engine.save_state(state)


def test_a_state_of_another_format_is_refused(tiny: Path, engine: Engine) -> None:
    """The same files in another weight format are another model."""
    other = Engine.load(tiny, device="cpu", weight_format="bfloat16")
    with pytest.raises(CheckpointError, match="belongs to another model or weight format"):
        other.load_state(engine.save_state(_read(engine, _ids(5))))


@pytest.mark.parametrize("sampling", [GREEDY, RANDOM], ids=["greedy", "random"])
def test_the_token_hash_of_answers(
    sampling: Sampling, engine: Engine, model: Griffin, starter_tokenizer: Tokenizer
) -> None:
    """Prompt, every token written and what closes the turn, alone and in a batch; none for a state made elsewhere."""
    closing = _with_template(engine, model, starter_tokenizer, (), (3, 4))
    alone, *others = (closing.new_state() for _ in range(3))
    prompts = [_ids(200), _ids(9)]
    done = [closing.generate(alone, prompts[0], sampling=sampling, max_new_tokens=5)]
    done += closing.generate_batch(others, prompts, sampling=sampling, max_new_tokens=5)
    for state, prompt, generation in zip((alone, *others), [prompts[0], *prompts], done, strict=True):
        expected = TokenHistory().after([*prompt, *generation.token_ids, 3, 4])
        saved = closing.save_state(state)
        assert (saved.position, saved.token_hash) == (expected.count, expected.digest)
    foreign = model.fresh_state()
    foreign.position = 5
    adopted = closing.adopt(foreign)
    closing.read(adopted, _ids(5))
    assert closing.save_state(adopted).token_hash == ""


def test_nothing_to_go_on_from(engine: Engine) -> None:
    """A fresh state has no next token, and no score."""
    with pytest.raises(UserError, match="the state is fresh and the prompt is empty"):
        engine.generate(engine.new_state(), [], sampling=GREEDY, max_new_tokens=3)
    with pytest.raises(UserError, match="the state is fresh"):
        engine.score(engine.new_state(), [5])


def test_an_empty_prompt_goes_on_from_what_was_read(engine: Engine) -> None:
    """The same as a prompt that was read before."""
    expected = engine.generate(engine.new_state(), _ids(20), sampling=GREEDY, max_new_tokens=4)
    assert engine.generate(_read(engine, _ids(20)), [], sampling=GREEDY, max_new_tokens=4) == expected


@pytest.mark.parametrize("bad", [-1, 49_152, 2**40])
def test_impossible_token_ids(bad: int, engine: Engine) -> None:
    """They would wrap around, or end in torch's own words; the state is left as it was."""
    state = _read(engine, _ids(5))
    for call in (engine.read, engine.score):
        with pytest.raises(InternalError, match="expected 0 to 49151"):
            call(state, [5, bad])
    assert engine.position(state) == 5


def test_repetition_penalty_counts_written_tokens_only(engine: Engine) -> None:
    """The prompt's own words are no repetition: a penalty changes nothing on the first token."""
    runs = [
        engine.generate(engine.new_state(), _ids(20), sampling=sampling, max_new_tokens=1).token_ids
        for sampling in (GREEDY, Sampling(repetition_penalty=50.0))
    ]
    assert runs[0] == runs[1]
    assert (
        len(
            set(
                engine.generate(
                    engine.new_state(), _ids(20), sampling=Sampling(repetition_penalty=50.0), max_new_tokens=12
                ).token_ids
            )
        )
        == 12
    )


class _CountingDecoder:
    """Notes how many sequences are begun together."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.groups: list[int] = []

    def begin(self, states: Sequence[ModelState]) -> Decoding:
        self.groups.append(len(states))
        return self._decoder.begin(states)


@pytest.mark.parametrize(("free_states", "groups"), [(100, [4, 3]), (2, [2, 2, 2, 1]), (0, [1] * 7)])
def test_batches_stay_within_memory(
    free_states: int, groups: list[int], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most batch_size together, fewer where their copies would not fit; the answers are the same."""
    prompts = [_ids(length) for length in range(3, 10)]
    expected = [engine.generate(engine.new_state(), ids, sampling=GREEDY, max_new_tokens=3) for ids in prompts]
    decoder = _CountingDecoder(PlainDecoder(engine.model, None))
    monkeypatch.setattr(engine, "_decoder", decoder)
    monkeypatch.setattr(engine, "_batch_size", 4)
    monkeypatch.setattr(decoding_module, "free_bytes", lambda device: free_states * engine.info.state_nbytes)
    states = [engine.new_state() for _ in prompts]
    assert engine.generate_batch(states, prompts, sampling=GREEDY, max_new_tokens=3) == expected
    assert decoder.groups == groups


def test_a_batch_closes_cut_turns(engine: Engine, model: Griffin, starter_tokenizer: Tokenizer) -> None:
    """Each answer that the limit cut is closed as the template closes a turn; its logits are those of the whole."""
    closing = _with_template(engine, model, starter_tokenizer, (), (3, 4))
    states = [closing.new_state(), closing.new_state()]
    prompts = [_ids(20), _ids(9)]
    done = closing.generate_batch(states, prompts, sampling=RANDOM, max_new_tokens=5)
    for state, prompt, generation in zip(states, prompts, done, strict=True):
        assert closing.position(state) == len(prompt) + 5 + 2
        logits = _next_logits(closing, model, state)
        assert torch.allclose(logits, _direct(model, [*prompt, *generation.token_ids, 3, 4])[1][-1], atol=1e-3)


def test_a_batch_cancelled_while_prompts_are_read(engine: Engine, model: Griffin, starter_tokenizer: Tokenizer) -> None:
    """Nobody writes; the prompt that was read has its turn closed, the others are left where the reading stopped."""
    closing = _with_template(engine, model, starter_tokenizer, (), (3,))
    states = [closing.new_state() for _ in range(3)]
    prompts = [_ids(20), _ids(2 * CHUNK_TOKENS), _ids(20)]
    # One call before each chunk, and one before each layer of it.
    calls = counted(2 * (1 + len(model.blocks)))
    done = closing.generate_batch(states, prompts, sampling=RANDOM, max_new_tokens=5, cancelled=calls)
    assert {generation.finish_reason for generation in done} == {FinishReason.CANCELLED}
    assert [closing.position(state) for state in states] == [21, CHUNK_TOKENS, 0]


def test_info(tiny: Path, engine: Engine, starter_tokenizer: Tokenizer) -> None:
    """What is loaded; the state's size worked out by hand."""
    info = engine.info
    assert (info.name, info.path, info.device, info.weight_format) == (tiny.name, str(tiny), "cpu", "float32")
    assert (info.vocab_size, info.window_tokens, info.is_chat) == (49_152, 64, True)
    assert info.tokenizer_hash == starter_tokenizer.content_hash and len(info.fingerprint) == 64
    assert info.parameters == sum(tensor.numel() for tensor in random_tensors(RAW).values())
    # Two recurrent blocks of 48 * 4 + 3 * 48 * 4 bytes, a window of 2 * 2 * 64 * 8 * 4.
    assert info.state_nbytes == 2 * (192 + 576) + 8192


# Loading


def _refused(folder: Path, **options: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        Engine.load(folder, device="cpu", **options)
    assert "\n" not in caught.value.message and len(caught.value.message) < 400
    return caught.value.message


def test_folder_without_a_tokenizer(broken: Path) -> None:
    """It is named as missing."""
    (broken / "tokenizer.json").unlink()
    assert "has no tokenizer" in _refused(broken)


def test_tokenizer_of_another_model(broken: Path) -> None:
    """One with more tokens than the embedding has rows."""
    raw = RAW | {"vocab_size": 97}
    write_checkpoint(broken, raw, random_tensors(raw))
    assert "the tokenizer belongs to another model" in _refused(broken)


def test_bos_beyond_the_embedding(broken: Path) -> None:
    """A bos_token_id that no row stands for would end every read in an error of torch's."""
    (broken / "config.json").write_text(json.dumps(RAW | {"bos_token_id": 10**9}))
    config = json.loads((broken / "tokenizer_config.json").read_text())
    (broken / "tokenizer_config.json").write_text(
        json.dumps({key: value for key, value in config.items() if key != "bos_token"} | {"add_bos_token": True})
    )
    assert "begin a text with token 1000000000" in _refused(broken)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "config.json", "generation_config.json"])
def test_pipes_are_not_waited_for(name: str, broken: Path) -> None:
    """A named pipe in place of a small file ends in an error, not in a wait."""
    (broken / name).unlink(missing_ok=True)
    os.mkfifo(broken / name)
    assert f"{name} cannot be read" in _refused(broken)


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer.json", "tokenizer.model"])
def test_neither_pipes_nor_gigabytes_are_read(name: str, broken: Path) -> None:
    """Of the files that are no JSON objects either."""
    (broken / name).unlink(missing_ok=True)
    if name == "tokenizer.model":
        (broken / "tokenizer.json").unlink()
    elif name == "chat_template.jinja":
        os.mkfifo(broken / name)
        assert f"{name} in {broken} cannot be read (it is not a file)" in _refused(broken)
        (broken / name).unlink()
    with (broken / name).open("wb") as stream:
        stream.truncate(40 << 30)
    assert "it has 42,949,672,960 bytes" in _refused(broken)


@pytest.mark.parametrize("use", ["write", "score"])
def test_numbers_that_run_away_are_the_models_fault(use: str, broken: Path) -> None:
    """Weights that are finite, each for itself, and what is computed with them is not."""
    raw = RAW | {"logits_soft_cap": 0.0}
    tensors = {
        name: torch.full_like(tensor, 3e38) if "final_norm" in name else tensor
        for name, tensor in random_tensors(raw).items()
    }
    write_checkpoint(broken, raw, tensors)
    engine = Engine.load(broken, device="cpu", weight_format="float32")
    state = _read(engine, [5, 6, 7])
    with pytest.raises(CheckpointError, match="computes numbers that are not finite") as caught:
        if use == "score":
            engine.score(state, [8, 9])
        else:
            engine.generate(state, [], sampling=GREEDY, max_new_tokens=3)
    assert caught.value.code == "not-finite"


def test_int8_with_enormous_claims_allocates_nothing(broken: Path) -> None:
    """The kernels' self-test is for the config's sizes: the tensors' headers are looked at first."""
    huge = RAW | {"hidden_size": 1 << 24, "intermediate_size": 1 << 24}
    (broken / "config.json").write_text(json.dumps(huge))
    assert "hidden_size is 16777216, expected 32" in _refused(broken, weight_format="int8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_format": "int5"}, "unknown weight format 'int5'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"threads": 0}, "threads is 0, expected 1 or more"),
    ],
)
def test_unknown_options(options: dict[str, Any], message: str, tiny: Path) -> None:
    """Each is named with what could be given instead."""
    with pytest.raises(UserError, match=message):
        Engine.load(tiny, **options)


def test_lack_of_memory(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as such, while the model is built."""

    def fail(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.")

    monkeypatch.setattr(loading, "build_griffin", fail)
    with pytest.raises(ResourceError, match="not enough memory for the model"):
        Engine.load(tiny, device="cpu")


def test_lack_of_memory_is_known_before_anything_is_built(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Need and free amount are named; no weight is touched."""
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 2**20)
    monkeypatch.setattr(loading, "build_griffin", lambda *_: pytest.fail("built all the same"))
    with pytest.raises(
        ResourceError, match=r"for the model: it needs \d+ MiB, 1 MiB are free on this machine"
    ) as caught:
        Engine.load(tiny, device="cpu", weight_format="int8")
    assert caught.value.code == "out-of-memory"


def test_no_room_for_another_state(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one, a copy, a saved one: an error in words, and the states there are go on."""
    state = _read(engine, _ids(5))
    saved = engine.save_state(state)
    with monkeypatch.context() as patch:
        patch.setattr(free_memory, "free_bytes", lambda device: engine.info.state_nbytes - 1)
        for call in (engine.new_state, lambda: engine.fork(state), lambda: engine.load_state(saved)):
            with pytest.raises(ResourceError, match="not enough memory for another state: it needs"):
                call()
    engine.read(state, _ids(5))
    assert engine.position(state) == 10


def test_a_format_that_does_not_run_is_refused(tiny: Path) -> None:
    """What is asked for is never changed: the user hears why it cannot be had."""
    with pytest.raises(UserError, match="float16 weights do not run on cpu: choose another weight format"):
        Engine.load(tiny, device="cpu", weight_format="float16")


def test_a_format_without_room_gives_way(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The choice left open: a smaller format runs, and the reason is in the information and in the log."""
    checkpoint = open_checkpoint(tiny)
    need = estimate_memory(checkpoint.config, WeightFormat.FLOAT32, chunk_tokens=CHUNK_TOKENS, stored=checkpoint.stored)
    room = DeviceRoom("cpu", 2 * need.total, need.total - 1)
    monkeypatch.setattr(loading, "room_of", lambda device: room)
    loaded = Engine.load(tiny, device="cpu")
    assert loaded.info.weight_format == "int8"
    (note,) = loaded.info.notes
    assert re.fullmatch(r"float32 needs .* and .* are free: int8 is used instead, which needs .*", note)
    assert note in caplog.messages
    asked = Engine.load(tiny, device="cpu", weight_format="float32")
    assert (asked.info.weight_format, asked.info.notes) == ("float32", ())


def test_one_thread_for_each_usable_core(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless so many are asked for."""
    monkeypatch.setattr(engine_module, "usable_cores", lambda: UsableCores(1, "of a test"))
    before = torch.get_num_threads()
    try:
        Engine.load(tiny, device="cpu")
        assert torch.get_num_threads() == 1
        Engine.load(tiny, device="cpu", threads=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_passes_that_do_not_work_are_told(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without numba the model runs on plain torch, and says why."""
    monkeypatch.setitem(sys.modules, "numba", None)
    loaded = Engine.load(tiny, device="cpu")
    assert type(loaded.model.ops) is TorchOps
    (note,) = loaded.info.notes
    assert note.startswith("compiled passes are not used (") and "numba" in note


# The starter


@pytest.fixture(scope="module")
def starter(starter_model_path: Path) -> Engine:
    """The bundled model as the program loads it."""
    return Engine.load(starter_model_path, device="cpu")


def test_starter_is_int8(starter: Engine) -> None:
    """30 blocks, 161 million parameters by name, run as the int8 rows that lie on disk."""
    info = starter.info
    assert (info.name, info.weight_format, info.vocab_size, info.is_chat) == ("starter-model", "int8", 49_152, True)
    # 20 recurrent blocks of 864 * 4 * (1 + 3) bytes and 10 windows of 2 * 3 * 2048 * 64 * 4.
    assert info.state_nbytes == 20 * 13_824 + 10 * 3_145_728
    assert starter.kernels is not None


def test_starter_answers(starter: Engine) -> None:
    """It ends its turn by itself, names itself no control token, and takes a second turn on the same state."""
    state = starter.new_state()
    prompt = starter.chat_prompt([Message("user", "What is the capital of France?")], fresh=True)
    first = starter.generate(state, prompt, sampling=GREEDY, max_new_tokens=40)
    assert first.finish_reason is FinishReason.STOP
    assert "Paris" in first.text and "<|" not in first.text
    prompt = starter.chat_prompt([Message("user", "And of Germany?")], fresh=False)
    second = starter.generate(state, prompt, sampling=GREEDY, max_new_tokens=40)
    assert "Berlin" in second.text


def test_starter_reads_hostile_text(starter: Engine) -> None:
    """A document full of control tokens' look-alikes is read, and the answer is one of the model's own."""
    state = starter.new_state()
    starter.read(state, [*starter.document_prefix(), *starter.tokenize(LOOK_ALIKES + TEXT)])
    prompt = starter.chat_prompt([Message("user", "Which river floods in April?")], fresh=False)
    generation = starter.generate(state, prompt, sampling=GREEDY, max_new_tokens=12)
    assert generation.token_ids and "<|" not in generation.text


def test_starter_prefers_sense(starter: Engine) -> None:
    """English goes on in English: sense scores higher than the same words in disorder."""
    state = starter.new_state()
    starter.read(state, [*starter.document_prefix(), *starter.tokenize("The Elbe is a river in")])
    assert (
        starter.score(state, starter.tokenize(" Germany.")) > starter.score(state, starter.tokenize(" yesterday.")) + 3
    )


def test_starter_state_survives_a_save(starter: Engine) -> None:
    """In int8 too: loaded, it writes what it would have written."""
    state = starter.new_state()
    starter.read(state, starter.tokenize(TEXT))
    restored = starter.load_state(starter.save_state(state))
    runs = [starter.generate(s, [], sampling=RANDOM, max_new_tokens=5) for s in (state, restored)]
    assert runs[0] == runs[1]
    assert starter.save_state(state) == starter.save_state(restored)
