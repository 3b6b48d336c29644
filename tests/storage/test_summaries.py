from __future__ import annotations

from dataclasses import replace

import pytest

from app.storage.database import Database
from app.storage.summaries import SummaryKey, SummaryStore

KEY = SummaryKey("d1", "f1", "brief", "", "1")


@pytest.fixture
def store(with_document: Database) -> SummaryStore:
    return SummaryStore(with_document)


def test_parts_come_back_in_order(store: SummaryStore) -> None:
    """Each part is found again, in order of position, with the totals of the last one."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.add_part("j1", 0, "[0]", parts_total=3, usage="u0", now=2.0)
    store.add_part("j1", 1, "[1]", parts_total=3, usage="u1", now=3.0)
    found = store.newest(KEY)
    assert found is not None
    assert (found.parts, found.parts_total, found.usage, found.finished) == (("[0]", "[1]"), 3, "u1", False)
    assert (found.started_at, found.updated_at, found.runs) == (1.0, 3.0, 1)


@pytest.mark.parametrize("field", ["model_fingerprint", "style", "page_range", "options"])
def test_any_other_key_is_another_job(store: SummaryStore, field: str) -> None:
    """A summary is never shown for another model, style, page range or version."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    assert store.newest(replace(KEY, **{field: "other"})) is None


def test_finish_keeps_the_result(store: SummaryStore) -> None:
    """A finished job holds its lines, sections and statistics."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.finish("j1", lines="L", sections="S", usage="U", stats="T", now=9.0)
    found = store.get("j1")
    assert found is not None
    assert (found.finished, found.lines, found.sections, found.usage, found.stats) == (True, "L", "S", "U", "T")


def test_a_new_run_replaces_the_old_result_only_when_finished(store: SummaryStore) -> None:
    """Made anew and interrupted, the finished summary is still there; finished, only the new one is."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.finish("j1", lines="old", sections="", usage="", stats="", now=2.0)
    store.begin("j2", KEY, model_name="m", now=3.0)
    assert store.get("j1") is not None
    newest = store.newest(KEY)
    assert newest is not None and newest.id == "j2"
    store.finish("j2", lines="new", sections="", usage="", stats="", now=4.0)
    assert store.get("j1") is None
    assert [row["id"] for row in store.overview()] == ["j2"]


def test_begin_drops_an_unfinished_older_job(store: SummaryStore, with_document: Database) -> None:
    """Begun anew, the interrupted job and its parts are gone."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.add_part("j1", 0, "[0]", parts_total=3, usage="", now=2.0)
    store.begin("j2", KEY, model_name="m", now=3.0)
    assert store.get("j1") is None
    assert with_document.rows("SELECT * FROM summary_parts") == []


def test_found_by_the_beginning_of_its_id(store: SummaryStore) -> None:
    """A beginning that fits one job finds it, one that fits two finds both, a whole id always wins."""
    store.begin("ab", KEY, model_name="m", now=1.0)
    store.begin("abc", replace(KEY, style="detailed"), model_name="m", now=1.0)
    ids = [[record.id for record in store.find(wanted)] for wanted in ("ab", "abc", "a", "x")]
    assert ids == [["ab"], ["abc"], ["ab", "abc"], []]


def test_reopen_counts_runs(store: SummaryStore) -> None:
    """Each resumption is counted."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.reopen("j1", now=2.0)
    found = store.get("j1")
    assert found is not None and found.runs == 2


def test_overview_counts_parts(store: SummaryStore) -> None:
    """The list shows done and total parts."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.add_part("j1", 0, "[0]", parts_total=4, usage="", now=2.0)
    (row,) = store.overview()
    assert (row["parts_done"], row["parts_total"], row["state"], row["path"]) == (1, 4, "running", "/a.txt")


def test_the_job_of_a_document(store: SummaryStore) -> None:
    """That which was changed last, whatever its model and style; another page range has its own, or none."""
    assert store.of_document("d1", "") is None
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.begin("j2", replace(KEY, style="detailed", model_fingerprint="f2"), model_name="n", now=2.0)
    store.begin("j3", replace(KEY, page_range="2-3"), model_name="m", now=3.0)
    assert [record and record.id for record in map(store.of_document, ["d1"] * 2, ["", "2-3"])] == ["j2", "j3"]
    store.add_part("j1", 0, "[0]", parts_total=4, usage="", now=4.0)
    found = store.of_document("d1", "")
    assert found is not None and (found.id, found.parts) == ("j1", ("[0]",))
    assert store.of_document("d2", "") is None


def test_the_job_of_a_document_is_one_that_has_come_to_something(store: SummaryStore) -> None:
    """An empty one hides neither a finished one nor one with parts; finished ones can be asked for alone."""
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.finish("j1", lines="L", sections="S", usage="", stats="", now=2.0)
    store.begin("j2", KEY, model_name="m", now=3.0)
    store.begin("j3", replace(KEY, style="detailed"), model_name="m", now=4.0)
    found = store.of_document("d1", "")
    assert found is not None and found.id == "j1"
    store.add_part("j2", 0, "[0]", parts_total=4, usage="", now=5.0)
    store.reopen("j3", now=6.0)
    found = store.of_document("d1", "")
    assert found is not None and found.id == "j2"
    found = store.of_document("d1", "", finished=True)
    assert found is not None and found.id == "j1"
    assert store.of_document("d1", "2-3", finished=True) is None


def test_progress_is_that_of_the_job_furthest_on(store: SummaryStore) -> None:
    """The share of its parts; all of them without a final summary are not all of the work; finished is 1."""
    assert store.progress() == {}
    store.begin("j1", KEY, model_name="m", now=1.0)
    store.begin("j2", replace(KEY, page_range="2-3"), model_name="m", now=1.0)
    assert store.progress() == {("d1", ""): 0.0, ("d1", "2-3"): 0.0}
    store.add_part("j1", 0, "[0]", parts_total=4, usage="", now=2.0)
    store.begin("j3", replace(KEY, style="detailed"), model_name="m", now=3.0)
    for position in range(3):
        store.add_part("j3", position, "[]", parts_total=4, usage="", now=4.0)
    assert store.progress() == {("d1", ""): 0.75, ("d1", "2-3"): 0.0}
    store.add_part("j3", 3, "[]", parts_total=4, usage="", now=5.0)
    assert store.progress()["d1", ""] == 0.99
    store.finish("j1", lines="", sections="", usage="", stats="", now=6.0)
    assert store.progress() == {("d1", ""): 1.0, ("d1", "2-3"): 0.0}
