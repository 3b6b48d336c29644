"""The worker behind its client: the same promises as the engine's, and what its death means."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import psutil
import pytest
import torch

from app.core.errors import CheckpointError, InternalError, ResourceError, WorkerLostError
from app.core.threads import BACKGROUND_NICENESS
from app.inference.chat_template import load_chat_template
from app.inference.device_names import CHUNK_TOKENS
from app.inference.engine import Engine
from app.inference.generator import Message, ReadCancelled, Sampling, TextGenerator
from app.inference.tokenizers.base import load_tokenizer
from app.worker import link, process
from app.worker.client import EngineClient, ModelSpec
from app.worker.messages import Done, Failed, Heartbeat
from tests.contracts.text_generator import GREEDY, RANDOM, TEXT, TextGeneratorContract, counted

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_S = 60
NewClient = Callable[..., EngineClient]


class TestEngineClient(TextGeneratorContract):
    """The suite on a worker."""

    @pytest.fixture
    def generator(self, shared_client: EngineClient) -> TextGenerator:
        """Shared: starting a worker takes longer than a test."""
        return shared_client

    @pytest.fixture
    def control_ids(self, tiny_model: Path) -> Collection[int]:
        """The tokenizer's own."""
        return load_tokenizer(tiny_model).control_ids


def _ids(client: TextGenerator, times: int = 1) -> list[int]:
    return [*client.document_prefix(), *client.tokenize(TEXT * times)]


def _write(client: TextGenerator, ids: list[int], tokens: int = 12) -> str:
    state = client.new_state()
    client.read(state, ids)
    text = client.generate(state, [], sampling=RANDOM, max_new_tokens=tokens).text
    client.drop(state)
    return text


def _kill(client: EngineClient) -> None:
    assert client.pid is not None
    os.kill(client.pid, signal.SIGKILL)


def test_it_says_what_the_engine_says(shared_client: EngineClient, tiny_model: Path) -> None:
    """Information, tokens, prompts, saved bytes, vectors and texts are those of an engine in this process."""
    engine = Engine.load(tiny_model, name="tiny", device="cpu")
    assert shared_client.info == engine.info
    assert shared_client.batch_size == engine.batch_size
    messages = [Message("user", "Why?")]
    assert shared_client.chat_prompt(messages, fresh=True) == engine.chat_prompt(messages, fresh=True)
    ids = _ids(shared_client, 3)
    assert ids == _ids(engine, 3)
    states = [generator.new_state() for generator in (shared_client, engine)]
    mine, theirs = (g.read(s, ids, spans=[(0, 5)]) for g, s in zip((shared_client, engine), states, strict=True))
    assert [list(vector) for vector in mine] == [list(vector) for vector in theirs]
    assert shared_client.save_state(states[0]).recurrent == engine.save_state(states[1]).recurrent
    assert _write(shared_client, ids) == _write(engine, ids)


def test_no_torch_on_this_side() -> None:
    """A program that talks to a worker need not load torch: the window starts fast."""
    code = "import sys, app.worker.client; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_killed_worker_is_replaced(new_client: NewClient) -> None:
    """Its states are lost, saved ones come back, and what follows is what would have followed."""
    client = new_client()
    ids = _ids(client, 5)
    state, bystander = client.new_state(), client.new_state()
    client.read(state, ids)
    saved = client.save_state(state)
    expected = client.generate(state, [], sampling=RANDOM, max_new_tokens=12)
    used, first = client.usage, client.pid
    _kill(client)
    with pytest.raises(WorkerLostError, match="killed"):
        for _ in range(100):
            client.read(bystander, ids)
    for call in (client.position, client.fork, client.save_state):
        with pytest.raises(WorkerLostError):
            call(state)
    client.drop(state)
    with pytest.raises(KeyError):
        client.drop(state)
    restored = client.load_state(saved)
    assert client.pid != first
    assert client.generate(restored, [], sampling=RANDOM, max_new_tokens=12) == expected
    # Totals go on: what the first worker read counts.
    assert client.usage.prefill_tokens >= used.prefill_tokens
    assert client.usage.decode_tokens >= used.decode_tokens + len(expected.token_ids)


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of threads is Linux's")
def test_a_worker_in_the_background(tiny_model: Path) -> None:
    """It goes behind others with the threads that read, and so does the one that takes its place."""
    client = EngineClient(ModelSpec(tiny_model, "tiny", device="cpu", background=True))
    try:
        for _ in range(2):
            client.read(client.new_state(), _ids(client, 20))
            assert client.pid is not None
            worker = psutil.Process(client.pid)
            behind = max(BACKGROUND_NICENESS, psutil.Process().nice())
            assert worker.nice() == behind
            # Those that only pass messages on were there before.
            threads = [os.getpriority(os.PRIO_PROCESS, thread.id) for thread in worker.threads()]
            assert threads.count(behind) >= torch.get_num_threads()
            _kill(client)
            with pytest.raises(WorkerLostError):
                for _ in range(100):
                    client.new_state()
    finally:
        client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of threads is Linux's")
def test_a_worker_is_not_in_the_background_unasked(shared_client: EngineClient) -> None:
    """A command waits for nothing but its worker."""
    shared_client.wait()
    assert shared_client.pid is not None
    assert psutil.Process(shared_client.pid).nice() == psutil.Process().nice()


@pytest.mark.parametrize("calls", [1, 2, 4])
def test_a_read_cancelled_at_any_moment(shared_client: EngineClient, calls: int) -> None:
    """Within a chunk or between two: the state holds whole chunks, and writes what one that read just those does."""
    ids = _ids(shared_client, 1000)
    state, alone = shared_client.new_state(), shared_client.new_state()
    seen: list[int] = [0]
    with pytest.raises(ReadCancelled):
        shared_client.read(state, ids, on_progress=seen.append, cancelled=counted(calls))
    position = shared_client.position(state)
    assert seen[-1] <= position < len(ids) and position % CHUNK_TOKENS["cpu"] == 0
    shared_client.read(alone, ids[:position])
    written = []
    for one in (state, alone):
        shared_client.read(one, ids[:7])
        written.append(shared_client.generate(one, [], sampling=RANDOM, max_new_tokens=12))
        shared_client.drop(one)
    assert written[0] == written[1]


def test_killed_at_any_moment_of_a_job(new_client: NewClient) -> None:
    """While it reads, writes or saves: WorkerLostError, and the next call works."""
    client = new_client()
    ids = _ids(client, 200)

    def while_reading() -> None:
        client.read(client.new_state(), ids, on_progress=lambda done: _kill(client))

    def while_writing() -> None:
        state = client.new_state()
        client.read(state, ids[:50])
        client.generate(state, [], sampling=RANDOM, max_new_tokens=5000, on_text=lambda text: _kill(client))

    def while_saving() -> None:
        state = client.new_state()
        client.read(state, ids)
        wait = client.begin_save(state)
        _kill(client)
        client.position(state)
        wait()

    for job in (while_reading, while_writing, while_saving):
        with pytest.raises(WorkerLostError):
            job()
        assert client.position(client.new_state()) == 0


def test_a_hung_worker_is_ended(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is stopped says nothing: after some ticks it is killed, and the call that waited hears why."""
    client = new_client()
    state = client.new_state()
    monkeypatch.setattr(process, "TICK_S", 0.1)
    monkeypatch.setattr(process, "HANG_TICKS", 30)  # three seconds: three beats of the heart
    pid = client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(WorkerLostError, match="did not answer"):
        client.read(state, _ids(client))
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert client.position(client.new_state()) == 0


def test_workers_that_keep_dying(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some losses without a job done in between no other is started: it would die of the same cause."""
    monkeypatch.setattr(link, "MOST_LOSSES", 2)
    client = new_client()
    for _ in range(2):
        state = client.new_state()
        _kill(client)
        with pytest.raises(WorkerLostError):
            while True:
                client.position(state)
    with pytest.raises(WorkerLostError, match="2 times in a row") as caught:
        client.new_state()
    assert caught.value.code == "worker-keeps-stopping"
    # Asked again, once that was told, it is tried again: what took the memory may be gone.
    assert client.position(client.new_state()) == 0


def test_a_worker_that_dies_while_loading(new_client: NewClient) -> None:
    """The call that waits for the model hears of it; asked again, another one loads it."""
    client = new_client()
    client.start()
    _kill(client)
    with pytest.raises(WorkerLostError):
        client.wait()
    assert client.wait().name == "tiny"


def test_a_model_that_cannot_be_loaded(new_client: NewClient, tmp_path: Path) -> None:
    """The engine's own error arrives, class, code and message; no process stays behind."""
    client = new_client(tmp_path)
    with pytest.raises(CheckpointError) as there:
        client.wait()
    with pytest.raises(CheckpointError) as here:
        Engine.load(tmp_path)
    assert (there.value.message, there.value.code) == (here.value.message, here.value.code)
    assert not [child for child in psutil.Process().children() if child.pid == client.pid]


def test_waiting_for_the_program_is_no_standstill(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of the progress that takes its time, such as a full pipe behind it, costs no worker."""
    client = new_client()
    client.wait()
    monkeypatch.setattr(process, "HANG_TICKS", 5)
    first, told = client.pid, threading.Event()

    def take(done: int) -> None:
        if not told.is_set():
            told.set()
            time.sleep(7.5)

    client.read(client.new_state(), _ids(client, 400), on_progress=take)
    assert told.is_set() and client.pid == first


def test_cancelled_within_a_chunk(shared_client: EngineClient) -> None:
    """However fast the model reads, it is never more than one chunk past the one that was last heard of."""
    ids = _ids(shared_client, 400)
    done = [0]
    state = shared_client.new_state()
    with pytest.raises(ReadCancelled):
        shared_client.read(state, ids, on_progress=done.append, cancelled=lambda: done[-1] > 0)
    assert done[-1] == shared_client.position(state) <= 2 * 512


def test_cancelled_while_it_writes(shared_client: EngineClient) -> None:
    """What was shown is what was written, and the state goes on."""
    state = shared_client.new_state()
    shared_client.read(state, _ids(shared_client))
    pieces: list[str] = []
    generation = shared_client.generate(
        state, [], sampling=RANDOM, max_new_tokens=100_000, on_text=pieces.append, cancelled=lambda: len(pieces) > 2
    )
    assert 0 < len(generation.token_ids) < 100_000
    assert "".join(pieces) == generation.text
    assert shared_client.generate(state, [], sampling=GREEDY, max_new_tokens=2).token_ids


def test_an_interrupt_ends_the_job_over_there(shared_client: EngineClient) -> None:
    """An exception in the caller's own code leaves no job running that nobody waits for."""
    state = shared_client.new_state()
    shared_client.read(state, _ids(shared_client))

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared_client.generate(state, [], sampling=RANDOM, max_new_tokens=10**6, on_text=interrupt)
    assert shared_client.position(shared_client.new_state()) == 0


def test_a_state_goes_on_while_it_is_saved(shared_client: EngineClient) -> None:
    """What is saved is what the state was when saving began, whatever was asked for afterwards."""
    ids = _ids(shared_client, 20)
    state = shared_client.new_state()
    shared_client.read(state, ids)
    expected = shared_client.save_state(state)
    wait = shared_client.begin_save(state)
    shared_client.read(state, ids)
    shared_client.drop(state)
    assert wait() == expected


def test_several_threads_may_call(shared_client: EngineClient) -> None:
    """Each gets its own answers."""
    texts = [TEXT * n for n in range(1, 7)]
    expected = [_write(shared_client, _ids(shared_client, n)) for n in range(1, 7)]
    results: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=lambda n=n: results.put((n, _write(shared_client, _ids(shared_client, n + 1)))))
        for n in range(len(texts))
    ]
    for thread in threads:
        thread.start()
    found = dict(results.get(timeout=WAIT_S) for _ in threads)
    assert [found[n] for n in range(len(texts))] == expected


def test_the_heart_beats(new_client: NewClient) -> None:
    """Memory, states and rates, from the worker itself."""
    beats: queue.SimpleQueue[Heartbeat] = queue.SimpleQueue()
    client = new_client(on_heartbeat=beats.put)
    states = [client.new_state() for _ in range(3)]
    client.read(states[0], _ids(client, 300))

    def fits(beat: Heartbeat) -> bool:
        return beat.states == 3 and beat.usage.prefill_tokens > 0

    beat = next(b for b in iter(lambda: beats.get(timeout=WAIT_S), None) if fits(b))
    assert beat.state_bytes == 3 * client.info.state_nbytes
    assert beat.rss_bytes > 50 << 20
    assert beat.gpu_bytes == 0


def test_the_log_reaches_the_program(new_client: NewClient, tiny_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The worker writes no log file: its lines come into this process's log, under their own loggers."""
    with caplog.at_level("INFO", logger="app"):
        client = new_client()
        state = client.new_state()
        client.read(state, _ids(client))
        client.load_state(client.save_state(state))
        with pytest.raises(InternalError):
            client.read(state, [10**6])
    assert any("token ids" in record.message for record in caplog.records)


def test_the_worker_ends_with_its_program(tiny_model: Path, tmp_path: Path) -> None:
    """Killed without a chance to say anything, the program leaves no worker behind."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom app.worker.client import EngineClient, ModelSpec\n"
        "if __name__ == '__main__':\n"
        f"    client = EngineClient(ModelSpec(Path({str(tiny_model)!r}), 'tiny'))\n"
        "    client.wait()\n    print(client.pid, flush=True)\n    time.sleep(7.5)\n"
    )
    script = tmp_path / "program.py"
    script.write_text(code)
    program = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert program.stdout is not None
    worker = psutil.Process(int(program.stdout.readline()))
    program.kill()
    program.wait()
    program.stdout.close()
    psutil.wait_procs([worker], timeout=WAIT_S)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


def test_closing(new_client: NewClient) -> None:
    """The process is gone, calls say so, closing again does nothing."""
    client = new_client()
    client.wait()
    pid = client.pid
    client.close()
    client.close()
    assert pid is not None and not psutil.pid_exists(pid)
    with pytest.raises(InternalError, match="closed"):
        client.new_state()


def test_a_chat_template_and_a_prompt_need_no_worker(new_client: NewClient, tiny_model: Path) -> None:
    """The text side works before the model is there."""
    client = new_client()
    tokenizer = load_tokenizer(tiny_model)
    assert client.tokenize(TEXT) == tokenizer.encode(TEXT)
    template = load_chat_template(tiny_model, tokenizer)
    messages = [Message("user", "Why?")]
    assert client.chat_prompt(messages, fresh=True) == template.render(messages, fresh=True)
    assert client.pid is None


def test_inspection(shared_client: EngineClient) -> None:
    """What doctor shows comes from the worker."""
    facts = shared_client.inspect()
    assert facts["torch"]["threads"] >= 1
    assert facts["memory"]["free_for_models_bytes"] > 0
    assert "passes between products" in facts["kernels"]


def test_errors_keep_their_class() -> None:
    """A lack of memory over there is a ResourceError here, with its code; an unknown class is a bug."""
    for name, code, kind in (("ResourceError", "out-of-memory", ResourceError), ("Unheard", "x", InternalError)):
        error = link._error(Failed(1, name, code, "no room", "traceback"))
        assert type(error) is kind
        assert (error.message, error.code) == ("no room", code)  # type: ignore[attr-defined]


def test_sampling_settings_arrive(shared_client: EngineClient) -> None:
    """Each of a batch its own."""
    ids = _ids(shared_client)
    states = [shared_client.new_state() for _ in range(2)]
    for state in states:
        shared_client.read(state, ids)
    samplings = [Sampling(temperature=20.0, seed=1), Sampling(temperature=20.0, seed=2)]
    first, second = shared_client.generate_batch(states, [[], []], sampling=samplings, max_new_tokens=12)
    assert first.token_ids != second.token_ids


def test_what_a_lost_worker_was_is_known(new_client: NewClient) -> None:
    """Asking what the model is starts no other worker: an answer that is finished can be stored with it."""
    client = new_client()
    info = client.wait()
    _kill(client)
    while client.pid is not None:
        time.sleep(0.01)
    assert client.info == info
    assert client.pid is None


def test_a_model_that_cannot_be_loaded_is_no_lost_worker(new_client: NewClient, tmp_path: Path) -> None:
    """Asked again at once and again after that, each call hears the engine's own error."""
    client = new_client(tmp_path)
    for _ in range(link.MOST_LOSSES + 1):
        with pytest.raises(CheckpointError):
            client.wait()
        assert client.pid is None


def test_an_interrupt_while_it_loads(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits again hears of a model, not nothing for ever."""
    client = new_client()
    answer = link.WorkerLink.answer

    def interrupted(self, *arguments, **options):
        monkeypatch.setattr(link.WorkerLink, "answer", answer)
        with pytest.raises(KeyboardInterrupt):
            answer(self, *arguments, **options, cancelled=_interrupt)
        raise KeyboardInterrupt

    monkeypatch.setattr(link.WorkerLink, "answer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.wait()
    assert client.wait().name == "tiny"


def _interrupt() -> bool:
    raise KeyboardInterrupt


def test_ctrl_c_before_its_first_line(new_client: NewClient, capfd: pytest.CaptureFixture[str]) -> None:
    """The whole group hears it; a worker that has not begun yet neither dies of it nor prints a traceback."""
    client = new_client()
    client.start()
    assert client.pid is not None
    os.kill(client.pid, signal.SIGINT)
    assert client.wait().name == "tiny"
    assert capfd.readouterr().err == ""


def test_a_wait_without_an_end_can_be_interrupted(tiny_model: Path) -> None:
    """On Windows a queue that is waited for without a limit does not let Ctrl-C in."""
    worker_link = link.WorkerLink(link.ModelSpec(tiny_model, "tiny"), on_lost=lambda: None, on_heartbeat=None)
    limits: list[float | None] = []

    class Events:
        def get(self, timeout: float | None = None) -> Done:
            limits.append(timeout)
            if len(limits) == 1:
                raise queue.Empty
            return Done(1)

    job = link.Job(1, None, Events())  # type: ignore[arg-type]
    assert worker_link.answer(Done, job) == Done(1)
    assert limits == [link.POLL_S, link.POLL_S]
