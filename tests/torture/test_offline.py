"""The trial without a network: what it takes for held, and what it does not."""

from __future__ import annotations

from pathlib import Path

from tests.torture import offline
from tests.torture.network_watch import Seen, Watch
from tests.torture.programs import Ended
from tests.torture.trial import Ground

HUB = "socket.getaddrinfo('huggingface.co', 443) by app/x.py:1"
SENTENCE = "griffin-desk: error: huggingface.co was not found: there is no network; try again once there is\n"


def test_a_download_that_ends_in_one_sentence() -> None:
    """One sentence that names the network; neither a traceback, a second sentence, silence nor success."""
    outcomes = {
        "well": Ended(2, "", SENTENCE),
        "silent": Ended(2, "", ""),
        "twice": Ended(2, "", SENTENCE * 2),
        "traceback": Ended(1, "", "Traceback (most recent call last)\n" + SENTENCE),
        "succeeds": Ended(0, "", SENTENCE),
        "hangs": Ended(None, "", SENTENCE),
    }
    problems = {name: offline.refusal_problem(offline.Tried("pull", ended)) for name, ended in outcomes.items()}
    assert [name for name, problem in problems.items() if not problem] == ["well"]


def test_an_attempt_breaks_a_row() -> None:
    """Whatever else went well."""
    quiet = offline._row("window", "all done", Seen(processes=3), [])
    loud = offline._row("window", "all done", Seen(attempts=("connect(1.2.3.4)",), processes=3), [])
    assert (quiet.held, loud.held) == (True, False)
    assert "connect(1.2.3.4)" in loud.found


def test_only_the_hubs_name_belongs_to_a_download() -> None:
    """Another host is an attempt, also while a download is asked for."""
    both = Seen(attempts=(HUB, "socket.getaddrinfo('example.invalid', 443) by app/x.py:1"))
    assert offline._without_downloads(both).attempts == both.attempts[1:]


def test_downloads_for_real(tmp_path: Path) -> None:
    """The real program, watched by the guard alone: a download is one sentence, and asks for the hub's name only."""
    row = offline.downloads(Ground(tmp_path, None), Watch(namespace=False, strace=False))
    assert row.held, row.found
    assert all(offline.is_for_the_hub(attempt) for attempt in row.figures["attempts"])
