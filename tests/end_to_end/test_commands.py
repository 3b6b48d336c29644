"""Every command once, with the real model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def data_dir(finished):
    """These commands look at the shared finished run."""
    return finished.data_dir


def test_summary_as_json(finished, chapters) -> None:
    """The keys the README promises; every token was read; every line is cited and word for word."""
    printed = finished.printed
    document = printed["document"]
    assert (document["title"], document["pages"], document["pages_without_text"]) == ("Water and stone", 4, [])
    assert document["content_hash"] == hashlib.sha256(chapters.read_bytes()).hexdigest()
    assert [(s["title"], s["page_from"], s["page_to"]) for s in printed["sections"]] == [
        ("About rivers", 1, 1),
        ("About dams", 2, 2),
        ("About bridges", 3, 3),
        ("About canals", 4, 4),
    ]
    lines = [*printed["summary"], *(line for s in printed["sections"] for line in s["notes"])]
    assert len(lines) >= 5
    for line in lines:
        assert line["supported"]
        for citation in line["citations"]:
            assert citation["end"] - citation["start"] == len(citation["quote"])
    stats = printed["stats"]
    assert stats["prefill_tokens"] > 2000
    assert stats["peak_rss_bytes"] > 200 * 2**20
    assert stats["state_bytes"] > 2**20
    assert (stats["model"], stats["device"], stats["weight_format"], stats["parts"]) == ("starter", "cpu", "int8", 4)


def test_stored_summary_is_shown_at_once(desk, finished, chapters, tmp_path) -> None:
    """A copy of the same bytes finds the stored summary, says so, keeps its figures; --out writes Markdown."""
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(chapters.read_bytes())
    done = desk("summarize", copy, "--json", "--out", tmp_path / "out.md")
    assert done.returncode == 0
    assert "this summary was stored" in done.stderr
    printed = json.loads(done.stdout)
    assert printed.pop("stored") is True
    assert printed == {k: v for k, v in finished.printed.items() if k != "stored"}
    text = (tmp_path / "out.md").read_text()
    assert text.startswith("# Water and stone\n")
    assert "[p. 4]" in text
    assert "4 of 4 pages gave text" in text


def test_stored_summary_by_its_id(desk, finished) -> None:
    """`sessions list` gives the id, `sessions show` the summary."""
    (job,) = json.loads(desk("sessions", "list", "--json").stdout)["summaries"]
    assert (job["title"], job["state"], job["sections_written"]) == ("Water and stone", "finished", 4)
    shown = json.loads(desk("sessions", "show", job["id"][:6], "--json").stdout)
    assert shown["finished"] is True
    assert shown["summary"] == finished.printed["summary"]
    assert desk("sessions", "show", job["id"]).stdout.startswith("# Water and stone\n")


def test_ask(desk, chapters) -> None:
    """The sentence that tells it, word for word and with its page, in extract, answer and evidence."""
    done = desk("ask", chapters, "Which canals were built in 1845?", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert set(printed) == {"document", "question", "style", "answer", "extract", "evidence", "reason", "stats"}
    assert (printed["document"]["title"], printed["style"], printed["reason"]) == ("Water and stone", "quoted", "")
    assert any(item["page"] <= 4 <= item["page_to"] and "1845" in item["text"] for item in printed["evidence"])
    for line in [*printed["extract"], *printed["answer"]]:
        assert set(line) == {"text", "supported", "unknown", "citations"}
        assert all(set(citation) == {"page", "quote", "start", "end"} for citation in line["citations"])
    (answer,) = printed["answer"]
    assert "In the year 1845" in answer["text"]
    assert [citation["page"] for citation in answer["citations"]] == [4]
    shown = desk("ask", chapters, "--style", "written", "Which canals were built in 1845?")
    assert shown.returncode == 0, shown.stderr
    marks = [shown.stdout.index(mark) for mark in ("From the text,", "Answer (written by starter", "Evidence:\n[p. ")]
    assert marks == sorted(marks)


def test_ask_for_words_that_are_not_there(desk, chapters) -> None:
    """Nothing found, nothing made up: the reason instead."""
    done = desk("ask", chapters, "zyzzyva?", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["answer"], printed["extract"], printed["evidence"]) == ([], [], [])
    assert printed["reason"].startswith("Nothing in the document holds enough")


def test_chat_through_a_pipe_and_again(desk) -> None:
    """`echo hi | griffin-desk chat --json` is one object; the session goes on by its id; /quit ends."""
    done = desk("chat", "--json", stdin="Say hello.\n/quit\nnever read\n")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert [turn["role"] for turn in printed["turns"]] == ["user", "assistant"]
    again = desk("chat", "--session", printed["session"], stdin="And bye.\n")
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip()
    shown = json.loads(desk("sessions", "show", printed["session"], "--json").stdout)
    assert [turn["text"] for turn in shown["turns"]][::2] == ["Say hello.", "And bye."]
    assert shown["turns"][1]["text"] == printed["turns"][1]["text"]
    assert shown["turns"][3]["text"].split() == again.stdout.split()


def test_conversation_about_a_document(desk, tmp_path) -> None:
    """Begun in one process, gone on with in another that reads only the new turn; then every way to handle it."""
    library = tmp_path / "library"

    def run(*arguments: str | Path, stdin: str = "") -> str:
        done = desk(*arguments, "--data-dir", library, stdin=stdin)
        assert done.returncode == 0, done.stderr
        errors.append(done.stderr)
        return done.stdout

    def run_json(*arguments: str | Path, stdin: str = "") -> dict[str, Any]:
        return json.loads(run(*arguments, "--json", stdin=stdin))

    errors: list[str] = []
    document = tmp_path / "rivers.txt"
    document.write_text("Rivers carry water from the mountains to the sea. " * 20)
    begun = run_json("chat", "--document", document, stdin="What do rivers carry?\n/quit\n")
    assert errors[-1].startswith("the document is read first: ")
    session = begun["session"]
    log = library / "logs" / "griffin-desk.log"
    before = len(log.read_text())
    again = run_json("chat", "--session", session, stdin="From where?\n/turns\n")
    assert [turn["role"] for turn in again["turns"]] == ["user", "assistant"] * 2
    assert again["turns"][1]["text"] == begun["turns"][1]["text"]
    assert errors[-1].startswith('"What do rivers carry?", 2 turns: goes on at once\n  1  you: What do rivers carry?\n')
    assert "state restored at token" in log.read_text()[before:]
    assert "read again" not in log.read_text()[before:]

    assert run_json("sessions", "list")["conversations"][0]["turns"] == 4
    assert session in {hit["id"] for hit in run_json("sessions", "search", "rivers")["hits"]}
    run("sessions", "export", session, "--to", tmp_path / "a.json")
    assert run_json("sessions", "import", tmp_path / "a.json")["turns"] == 4
    assert run_json("sessions", "fork", session, "--turn", "2")["forked_from"] == session
    assert f"undelete {session}" in run("sessions", "delete", session)
    assert run_json("sessions", "list", "--deleted")["deleted"][0]["id"] == session
    run("sessions", "undelete", session)
    assert len(run_json("sessions", "show", session)["turns"]) == 4
    assert run_json("sessions", "gc")["kept_bytes"] > 2**20


def test_models(desk) -> None:
    """The starter is listed and described, beside what can be fetched."""
    listed = json.loads(desk("models", "list", "--json").stdout)
    assert [model["name"] for model in listed["models"] if model["status"] == "bundled"] == ["starter"]
    assert {model["status"] for model in listed["models"]} == {"bundled", "available"}
    assert json.loads(desk("models", "info", "--json").stdout)["model"]["layers"] == 30


def test_doctor(desk) -> None:
    """All is well here, and the engine was really tried."""
    done = desk("doctor", "--json")
    printed = json.loads(done.stdout)
    assert printed["problems"] == []
    assert done.returncode == 0
    assert printed["engine"]["saved_state_goes_on_alike"] is True
    assert printed["engine"]["decode_tokens_per_second"] > 0
    assert (printed["data folder"]["library"], printed["sqlite"]["fts5"]) == ("ok", "yes")


def test_closed_pipe_is_no_traceback(start, chapters) -> None:
    """A reader that goes away (`| head -1`) ends the program quietly."""
    process = start("summarize", chapters)
    process.stdout.close()
    err = process.stderr.read()
    process.wait(timeout=60)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert process.returncode == 141
