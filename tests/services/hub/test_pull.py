"""Downloads from a server that plays the hub: what is asked for, what arrives, what is kept."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.core.errors import GriffinDeskError, ResourceError, UserError
from app.inference.manifest import check_files, read_manifest
from app.services.hub.client import HubClient
from app.services.hub.pull import HubService, Paused, UnfinishedPull
from app.services.model_progress import ModelProgress, Stage
from tests.hub_server import NEEDED, TIMEOUT_S, Fault, HubServer, folder_contents, model_files
from tests.services.hub.conftest import REPOSITORY, TOKEN, MakeService

ROOT = Path(__file__).resolve().parents[3]
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def bytes_of_part(models_dir: Path) -> int:
    """How much came of the file that faults are about."""
    return sum(path.stat().st_size for path in models_dir.rglob(f"{FIRST}.part"))


def test_only_what_is_needed_is_fetched_and_becomes_a_model(
    hub: HubServer, service: HubService, models_dir: Path
) -> None:
    """The folder holds the needed files as published, and a record of them; nothing else was asked for, once each."""
    files = model_files()
    repository = hub.add(REPOSITORY, files)
    folder = service.pull(REPOSITORY)
    assert folder == models_dir / "recurrentgemma-2b-it"
    found = folder_contents(folder)
    manifest = read_manifest(folder)
    assert found.pop("griffin-desk.json")
    assert found == {name: files[name] for name in NEEDED}
    assert manifest is not None and check_files(folder, manifest) == []
    assert (manifest.repository, manifest.revision, manifest.instruction_tuned) == (REPOSITORY, repository.commit, True)
    assert sorted(manifest.files) == NEEDED
    assert [seen.path.split("?")[0] for seen in hub.requests("hub")[:2]] == [
        f"/api/models/{REPOSITORY}",
        f"/{REPOSITORY}/resolve/{repository.commit}/config.json",
    ]
    assert sorted(seen.file for seen in hub.requests("hub")[1:]) == NEEDED
    assert sorted(seen.file for seen in hub.requests("cdn")) == [FIRST, SECOND, "tokenizer.json", "tokenizer.model"]
    assert [path.name for path in models_dir.iterdir() if path.name != ".downloads"] == [folder.name]
    assert list((models_dir / ".downloads").iterdir()) == []


def test_the_token_goes_to_the_hub_and_not_to_the_host_it_redirects_to(
    hub: HubServer, make_service: MakeService, models_dir: Path
) -> None:
    """Each request to the hub has the token, none to the other host; no file of ours has it."""
    hub.add(REPOSITORY, model_files(), gated="manual")
    make_service(TOKEN).pull(REPOSITORY)
    assert {seen.headers.get("authorization") for seen in hub.requests("hub")} == {f"Bearer {TOKEN}"}
    assert hub.requests("cdn")
    assert all(TOKEN not in str(seen) for seen in hub.requests("cdn"))
    assert all(TOKEN.encode() not in path.read_bytes() for path in models_dir.rglob("*") if path.is_file())


def test_nothing_secret_is_logged_and_nothing_is_printed(
    hub: HubServer, make_service: MakeService, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the token, at any level of any library, nor an address's signature in our log; no warning."""
    hub.add(REPOSITORY, model_files(), gated="manual")
    hub.fail(FIRST, Fault(cut_after=10_000), Fault(status=503))
    with caplog.at_level(logging.DEBUG, "app"):
        make_service(TOKEN).pull(REPOSITORY)
    assert "was fetched at" in caplog.text
    assert TOKEN not in caplog.text and "s3cret" not in caplog.text
    assert capfd.readouterr() == ("", "")
    with caplog.at_level(logging.DEBUG), pytest.raises(GriffinDeskError):
        make_service(TOKEN).pull("google/recurrentgemma-9b")
    assert TOKEN not in caplog.text


def test_nothing_about_this_machine_is_told(hub: HubServer, service: HubService) -> None:
    """No request names torch or a program that was looked for, and none asks for a list of such programs."""
    hub.add(REPOSITORY, model_files())
    service.pull(REPOSITORY)
    told = " ".join(f"{seen.path} {dict(seen.headers)}" for seen in hub.seen)
    assert "torch" not in told and "agent/" not in told and "agent-harnesses" not in told
    assert {seen.headers["user-agent"].split("/")[0] for seen in hub.seen} == {"griffin-desk"}


def test_progress_counts_bytes_of_the_whole_download(hub: HubServer, make_service: MakeService) -> None:
    """It begins near nothing, never goes back, ends with all bytes, and is told ten times a second at most."""
    hub.add(REPOSITORY, model_files())
    clock = iter(range(10**9))
    told: list[ModelProgress] = []
    service = make_service(monotonic=lambda: next(clock) * 0.01)
    plan = service.plan(REPOSITORY)
    service.pull(plan, on_progress=told.append)
    done = [progress.done_bytes for progress in told]
    assert {progress.total_bytes for progress in told} == {plan.nbytes}
    assert {progress.stage for progress in told} == {Stage.DOWNLOADING}
    assert done == sorted(done) and done[-1] == plan.nbytes
    assert told[-1].bytes_per_second is not None and told[-1].seconds_left == 0
    # Each look at this clock takes 10 ms.
    assert len(told) <= next(clock) / 10 + 2


@pytest.mark.parametrize("fault", [Fault(cut_after=10_000), Fault(cut_after=10_000, no_length=True)])
def test_a_broken_connection_is_taken_up_where_it_broke(hub: HubServer, service: HubService, fault: Fault) -> None:
    """Only the missing bytes are asked for again, whether the break shows as an error or as an early end."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, fault)
    folder = service.pull(REPOSITORY)
    assert (folder / FIRST).read_bytes() == files[FIRST]
    assert [seen.start for seen in hub.requests("cdn", FIRST)] == [0, 10_000]


def test_breaks_that_bring_something_are_no_reason_to_give_up(hub: HubServer, service: HubService) -> None:
    """Ten breaks in a row, more than tries that bring nothing, each a little further."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, *[Fault(cut_after=5_000)] * 10)
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]
    assert [seen.start for seen in hub.requests("cdn", FIRST)] == [5_000 * i for i in range(11)]


def test_a_network_that_stays_away_ends_the_download_which_goes_on_later(
    hub: HubServer, service: HubService, models_dir: Path
) -> None:
    """What came is kept and told; the next call asks for the rest only, without asking for the listing again."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, *[Fault(cut_after=20_000)] + [Fault(cut_after=0)] * 4)
    with pytest.raises(ResourceError) as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == "hub-network" and "goes on from there" in raised.value.message
    plan = service.plan(REPOSITORY)
    done = plan.nbytes - len(files[FIRST]) - len(files[SECOND]) - len(files["model.safetensors.index.json"])
    done += len(files["model.safetensors.index.json"])
    assert service.unfinished() == [UnfinishedPull(REPOSITORY, "recurrentgemma-2b-it", done + 20_000, plan.nbytes)]
    assert not (models_dir / "recurrentgemma-2b-it").exists()
    hub.seen.clear()
    told: list[ModelProgress] = []
    folder = service.pull(REPOSITORY, on_progress=told.append)
    assert (folder / FIRST).read_bytes() == files[FIRST]
    assert [(seen.file, seen.start) for seen in hub.requests("hub")] == [(FIRST, 20_000), (SECOND, 0)]
    assert [progress.stage for progress in told][:1] == [Stage.CHECKING]
    assert next(p.done_bytes for p in told if p.stage is Stage.DOWNLOADING) >= done + 20_000
    assert service.unfinished() == []


def test_a_server_without_ranges_sends_the_file_from_its_beginning(hub: HubServer, service: HubService) -> None:
    """What came of it is thrown away then, and the file is right."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(cut_after=10_000), Fault(no_range=True))
    folder = service.pull(REPOSITORY)
    assert (folder / FIRST).read_bytes() == files[FIRST]
    assert len(hub.requests("cdn", FIRST)) == 2


def test_a_server_without_ranges_that_breaks_each_time_does_not_go_on_for_ever(
    hub: HubServer, service: HubService
) -> None:
    """Bytes that had come before are nothing new."""
    hub.add(REPOSITORY, model_files())
    hub.fail(FIRST, *[Fault(cut_after=10_000, no_range=True)] * 20)
    with pytest.raises(ResourceError, match="breaks again and again"):
        service.pull(REPOSITORY)
    assert len(hub.requests("cdn", FIRST)) == 5


@pytest.mark.parametrize("file", [FIRST, "config.json", "tokenizer_config.json"])
def test_wrong_bytes_are_fetched_once_more(hub: HubServer, service: HubService, file: str) -> None:
    """Of a large file by its SHA-256, of a small one by git's hash."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(file, Fault(body=files[file][:-1] + b"?"))
    assert (service.pull(REPOSITORY) / file).read_bytes() == files[file]
    assert len(hub.requests("hub", file)) == 2


@pytest.mark.parametrize("wrong", [b"?" * 60_000, b"?" * 61_000, b""])
def test_wrong_bytes_twice_are_refused(hub: HubServer, service: HubService, models_dir: Path, wrong: bytes) -> None:
    """Too many, none at all, or others: nothing of them stays, what was right does, and no model appears."""
    hub.add(REPOSITORY, model_files())
    hub.fail(FIRST, *[Fault(body=wrong)] * 9)
    with pytest.raises(GriffinDeskError) as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == ("hub-damaged" if wrong else "hub-network")
    assert FIRST in raised.value.message or not wrong
    assert not (models_dir / "recurrentgemma-2b-it").exists()
    kept = {path.name: path.stat().st_size for path in models_dir.rglob("model-00001*")}
    assert kept == {f"{FIRST}.part": 0}
    assert list(models_dir.rglob("config.json"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=206, headers={"Content-Range": "bytes 0-59999/60000"}, body=b"?" * 60_000),
        Fault(status=206, headers={"Content-Range": "bytes 10000-59999/99999"}, body=b"?" * 50_000),
        Fault(status=206, body=b"?" * 50_000),
        Fault(status=416),
    ],
)
def test_a_range_that_was_not_asked_for_is_not_taken(hub: HubServer, service: HubService, fault: Fault) -> None:
    """The file is begun anew, and is right."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(cut_after=10_000), fault)
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]
    assert [seen.start for seen in hub.requests("cdn", FIRST)] == [0, 10_000, 0]


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_hub_that_is_overloaded_is_asked_again(hub: HubServer, service: HubService, status: int) -> None:
    """Two refusals of each file are no end."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(status=status), Fault(status=status))
    hub.fail("config.json", Fault(status=status, headers={"Retry-After": "0"}))
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]


def test_pause_while_nothing_comes(hub: HubServer, service: HubService, models_dir: Path) -> None:
    """A silent connection does not keep a pause waiting; what came before it is gone on with."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=lambda: bytes_of_part(models_dir) == 12_000)
    assert hub.held.wait(TIMEOUT_S)
    hub.release()
    hub.seen.clear()
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]
    assert [seen.start for seen in hub.requests("cdn", FIRST)] == [12_000]


def test_pause_while_bytes_come(hub: HubServer, make_service: MakeService) -> None:
    """It takes effect within a block, and what came is counted."""
    hub.add(REPOSITORY, model_files(2_000_000))
    clock = itertools.count()
    service = make_service(monotonic=lambda: next(clock))
    told: list[ModelProgress] = []
    with pytest.raises(Paused):
        service.pull(REPOSITORY, on_progress=told.append, cancelled=lambda: bool(told) and told[-1].file == FIRST)
    assert service.unfinished()[0].done_bytes < 2_000_000


def test_pause_before_the_listing_came(hub: HubServer, make_service: MakeService) -> None:
    """Nothing is kept of a download that had not begun."""
    service = make_service()
    hub.add(REPOSITORY, model_files())
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=lambda: True)
    assert service.unfinished() == []


def test_pause_while_it_waits_for_the_next_try(hub: HubServer, make_service: MakeService) -> None:
    """The wait after a refusal ends at once."""
    hub.add(REPOSITORY, model_files())
    hub.fail("config.json", Fault(status=429, headers={"Retry-After": "100"}))
    with pytest.raises(Paused):
        make_service().pull(REPOSITORY, cancelled=lambda: len(hub.requests("hub", "config.json")) == 1)


def test_a_repository_that_changes_meanwhile_is_fetched_as_it_was(hub: HubServer, service: HubService) -> None:
    """The commit the download began with goes on to its end."""
    files = model_files()
    first = hub.add(REPOSITORY, files).commit
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=hub.held.is_set)
    hub.release()
    later = hub.commit(REPOSITORY, {FIRST: b"other weights", SECOND: b"other weights too"})
    assert later != first and service.plan(REPOSITORY).revision == first
    folder = service.pull(REPOSITORY)
    assert (folder / SECOND).read_bytes() == files[SECOND]
    manifest = read_manifest(folder)
    assert manifest is not None and manifest.revision == first


def test_a_commit_that_is_gone_says_so(hub: HubServer, service: HubService) -> None:
    """A download that cannot go on says how to begin anew, and discarding it does."""
    hub.add(REPOSITORY, model_files())
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=hub.held.is_set)
    hub.release()
    hub.repositories[REPOSITORY].commits.clear()
    hub.commit(REPOSITORY, {"README.md": b"new"})
    with pytest.raises(UserError, match="discard the download") as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == "hub-not-found"
    service.discard(REPOSITORY)
    assert service.unfinished() == []
    assert (service.pull(REPOSITORY) / "README.md").read_bytes() == b"new"


def test_a_second_download_of_the_same_is_refused(hub: HubServer, make_service: MakeService) -> None:
    """While one is running, another one and discarding are refused; one of another repository is not."""
    hub.add(REPOSITORY, model_files())
    hub.add("google/recurrentgemma-2b", model_files())
    hub.fail(FIRST, Fault(hold_after=12_000))
    running = threading.Thread(target=make_service().pull, args=(REPOSITORY,))
    running.start()
    try:
        assert hub.held.wait(TIMEOUT_S)
        second = make_service()
        for act in (lambda: second.pull(REPOSITORY), lambda: second.discard(REPOSITORY)):
            with pytest.raises(UserError) as raised:
                act()
            assert raised.value.code == "hub-running"
        assert second.pull("google/recurrentgemma-2b").is_dir()
    finally:
        hub.release()
        running.join(TIMEOUT_S)
    assert [pull.repository for pull in second.unfinished()] == []


def test_bytes_that_an_earlier_run_left_damaged_are_found(
    hub: HubServer, service: HubService, models_dir: Path
) -> None:
    """A power cut can leave zeros at the end of a file: the file is fetched anew."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=hub.held.is_set)
    hub.release()
    part = next(models_dir.rglob(f"{FIRST}.part"))
    part.write_bytes(part.read_bytes()[:-100] + bytes(100))
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]


@pytest.mark.parametrize("left", [b"?" * 60_000, b"?" * 70_000])
def test_a_part_as_long_as_the_file_or_longer(
    hub: HubServer, service: HubService, models_dir: Path, left: bytes
) -> None:
    """It is no longer trusted than a short one."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=hub.held.is_set)
    hub.release()
    next(models_dir.rglob(f"{FIRST}.part")).write_bytes(left)
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]


@pytest.mark.parametrize("plan", ["{", '{"version": 1}', '{"version": 2}', "[]"])
def test_a_damaged_plan_is_begun_anew(hub: HubServer, service: HubService, models_dir: Path, plan: str) -> None:
    """Nobody knows what the files beside it are."""
    hub.add(REPOSITORY, model_files())
    folder = models_dir / ".downloads" / "google--recurrentgemma-2b-it"
    (folder / "files").mkdir(parents=True)
    (folder / "plan.json").write_text(plan)
    (folder / "files" / "config.json").write_text("other")
    assert service.unfinished() == []
    assert json.loads((service.pull(REPOSITORY) / "config.json").read_text())["model_type"] == "recurrent_gemma"


def test_a_kept_plan_names_no_file_outside(hub: HubServer, service: HubService, models_dir: Path) -> None:
    """A plan that was tampered with is none."""
    repository = hub.add(REPOSITORY, model_files())
    folder = models_dir / ".downloads" / "google--recurrentgemma-2b-it"
    (folder / "files").mkdir(parents=True)
    bad = {"name": "../../x", "nbytes": 2, "sha256": hashlib.sha256(b"hi").hexdigest(), "git_blob": None}
    plan = {"version": 1, "name": "m", "repository": REPOSITORY, "revision": repository.commit, "is_gated": False}
    (folder / "plan.json").write_text(json.dumps({**plan, "files": [bad]}))
    assert service.unfinished() == []
    (folder / "plan.json").write_text(json.dumps({**plan, "files": [], "repository": "other/model"}))
    assert service.unfinished() == []
    (folder / "plan.json").write_text(json.dumps({**plan, "files": [], "name": "../x"}))
    assert service.unfinished() == []
    assert service.pull(REPOSITORY).name == "recurrentgemma-2b-it"


def test_a_model_that_is_there_is_not_fetched_again(hub: HubServer, service: HubService) -> None:
    """Its folder comes back without a request; another commit of it, or another model in its place, is refused."""
    hub.add(REPOSITORY, model_files())
    plan = service.plan(REPOSITORY)
    folder = service.pull(plan)
    hub.seen.clear()
    assert service.pull(REPOSITORY) == folder and service.pull(plan) == folder
    assert hub.seen == []
    hub.commit(REPOSITORY, {"README.md": b"new"})
    with pytest.raises(UserError, match="another commit") as raised:
        service.pull(service.plan(REPOSITORY))
    assert raised.value.code == "model-exists"
    assert service.pull(service.plan(REPOSITORY), name="newer").name == "newer"
    (folder / SECOND).write_bytes(b"")
    with pytest.raises(UserError, match=f"{SECOND} is not whole") as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == "model-exists"
    hub.add("other/recurrentgemma-2b-it", model_files())
    with pytest.raises(UserError, match="another model") as raised:
        service.pull("other/recurrentgemma-2b-it")
    assert raised.value.code == "model-exists"


def test_a_crash_between_the_last_two_steps_leaves_a_finished_model(
    hub: HubServer, service: HubService, models_dir: Path
) -> None:
    """The model has its place, the plan is still there: it is no unfinished download, and goes at the next call."""
    hub.add(REPOSITORY, model_files())
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=hub.held.is_set)
    hub.release()
    download = models_dir / ".downloads" / "google--recurrentgemma-2b-it"
    plan = (download / "plan.json").read_bytes()
    folder = service.pull(REPOSITORY)
    download.mkdir()
    (download / "plan.json").write_bytes(plan)
    assert service.unfinished() == []
    assert service.pull(REPOSITORY) == folder
    assert not download.exists()


def test_the_name_is_taken_meanwhile(hub: HubServer, service: HubService, models_dir: Path) -> None:
    """By an import that ended first: what came is kept, and becomes a model under another name."""
    hub.add(REPOSITORY, model_files())
    mine = models_dir / "recurrentgemma-2b-it"

    def take(progress: ModelProgress) -> None:
        mine.mkdir(exist_ok=True)

    with pytest.raises(UserError, match="there is another model named") as raised:
        service.pull(REPOSITORY, on_progress=take)
    assert raised.value.code == "model-exists" and list(mine.iterdir()) == []
    hub.seen.clear()
    assert (service.pull(REPOSITORY, name="other") / FIRST).is_file()
    assert hub.seen == []


def test_killed_just_behind_the_end(hub: HubServer, service: HubService, models_dir: Path) -> None:
    """A plan without its folder of files, of a model that was removed since, is no obstacle."""
    hub.add(REPOSITORY, model_files())
    hub.fail(FIRST, Fault(hold_after=40_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=lambda: bytes_of_part(models_dir) > 0)
    (files,) = (models_dir / ".downloads").glob("*/files")
    shutil.rmtree(files)
    assert (service.pull(REPOSITORY) / FIRST).is_file()


def test_the_disk_must_have_room(hub: HubServer, make_service: MakeService, models_dir: Path) -> None:
    """Five percent more than what is still to come, asked before the first byte and again when it goes on."""
    hub.add(REPOSITORY, model_files())
    free = [0]
    service = make_service(free_bytes=lambda folder: free[0])
    total = service.plan(REPOSITORY).nbytes
    free[0] = int(total * 1.05) - 1
    with pytest.raises(ResourceError, match="make room") as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == "disk-full"
    assert hub.requests("hub", "config.json") == []
    free[0] += 2
    hub.fail(FIRST, Fault(hold_after=40_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, cancelled=hub.held.is_set)
    hub.release()
    # What came needs no room a second time.
    free[0] = int((total - service.unfinished()[0].done_bytes) * 1.05) + 1
    assert service.pull(REPOSITORY).is_dir()


@pytest.mark.parametrize("path", ["models", "models/.downloads"])
def test_a_folder_that_cannot_be_written(hub: HubServer, service: HubService, tmp_path: Path, path: str) -> None:
    """A file stands where a folder should be: which, and what to do."""
    hub.add(REPOSITORY, model_files())
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).touch()
    with pytest.raises(ResourceError, match="models_dir") as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == "models-dir"


def test_another_kind_of_model_is_refused_by_the_listing(hub: HubServer, service: HubService) -> None:
    """Nothing is fetched, where the hub says the kind itself."""
    hub.add("google/gemma-2b", model_files(), config={"model_type": "gemma"})
    with pytest.raises(UserError, match="'gemma', expected 'recurrent_gemma'") as raised:
        service.pull("google/gemma-2b")
    assert raised.value.code == "hub-model"
    assert len(hub.seen) == 1


def test_another_kind_of_model_is_refused_by_its_config(hub: HubServer, service: HubService) -> None:
    """Of a listing that does not say the kind only config.json is fetched, and nothing is kept."""
    hub.add("google/gemma-2b", model_files() | {"config.json": b'{"model_type": "gemma"}'})
    with pytest.raises(UserError, match="'gemma', expected 'recurrent_gemma'"):
        service.pull("google/gemma-2b")
    assert [seen.file for seen in hub.seen] == ["gemma-2b", "config.json"]
    assert service.unfinished() == []


@pytest.mark.parametrize("config", [b"{}", None, b'{"model_type": "recurrent_gemma"}'])
def test_deepminds_own_files(hub: HubServer, service: HubService, config: bytes | None) -> None:
    """A repository without safetensors gives its .pt file; its config.json need not say what its name does."""
    files = {"2b.pt": b"PK" * 5000, "tokenizer.model": b"x", "README.md": b"x"}
    if config is not None:
        files["config.json"] = config
    hub.add("google/recurrentgemma-2b-pytorch", files)
    found = folder_contents(service.pull("google/recurrentgemma-2b-pytorch"))
    del found["griffin-desk.json"]
    assert found == files
    assert hub.requests("cdn", "2b.pt")


def test_another_models_pt_file(hub: HubServer, service: HubService) -> None:
    """A config.json that names no kind does not make it one of ours."""
    hub.add("someone/yolo", {"best.pt": b"PK", "config.json": b"{}"})
    with pytest.raises(UserError, match="names no kind"):
        service.pull("someone/yolo")
    assert hub.requests("cdn") == []


def test_ctrl_c_keeps_what_came(hub: HubServer, make_service: MakeService, models_dir: Path) -> None:
    """An interruption by the keyboard is a pause too."""

    def interrupted(progress: ModelProgress) -> None:
        if bytes_of_part(models_dir) >= 8_000:
            raise KeyboardInterrupt

    hub.add(REPOSITORY, model_files())
    hub.fail(FIRST, Fault(hold_after=12_000))
    clock = itertools.count()
    with pytest.raises(KeyboardInterrupt):
        make_service(monotonic=lambda: next(clock)).pull(REPOSITORY, on_progress=interrupted)
    hub.release()
    hub.seen.clear()
    assert make_service().pull(REPOSITORY).is_dir()
    assert hub.requests("cdn", FIRST)[0].start >= 8_000


def test_a_name_of_ones_own(hub: HubServer, service: HubService, models_dir: Path) -> None:
    """It holds for the unfinished download too; one that is no folder's is refused before anything is asked."""
    hub.add(REPOSITORY, model_files())
    for bad in ("../x", ".hidden", "", "a/b", "nul", "starter", "x."):
        with pytest.raises(UserError) as raised:
            service.pull(REPOSITORY, name=bad)
        assert raised.value.code == "model-name"
    assert hub.seen == []
    hub.fail(FIRST, Fault(hold_after=12_000))
    with pytest.raises(Paused):
        service.pull(REPOSITORY, name="mine", cancelled=hub.held.is_set)
    hub.release()
    assert [pull.name for pull in service.unfinished()] == ["mine"]
    assert service.pull(REPOSITORY) == models_dir / "mine"


def test_empty_files_need_no_request(hub: HubServer, service: HubService) -> None:
    """A file without bytes is made."""
    hub.add(REPOSITORY, model_files() | {"NOTICE": b""})
    assert (service.pull(REPOSITORY) / "NOTICE").read_bytes() == b""
    assert hub.requests("hub", "NOTICE") == []


def test_discarding_what_is_not_there(service: HubService, models_dir: Path) -> None:
    """Nothing happens, and nothing is made."""
    service.discard(REPOSITORY)
    assert not models_dir.exists()


PULL = """
import sys
from pathlib import Path
from app.services.hub.client import HubClient
from app.services.hub.pull import HubService
from app.services.tokens import TokenStore
tokens = TokenStore(environment={}, keyring=None)
tokens.find = lambda: None
print(HubService(models_dir=Path(sys.argv[2]), tokens=tokens, client=HubClient(sys.argv[1])).pull(sys.argv[3]))
"""


def test_a_process_that_was_killed_is_gone_on_with(hub: HubServer, service: HubService, models_dir: Path) -> None:
    """After an end by force in the middle of a file another process asks for the rest of it only."""
    files = model_files()
    hub.add(REPOSITORY, files)
    hub.fail(FIRST, Fault(hold_after=40_960))
    command = [sys.executable, "-c", PULL, hub.endpoint, str(models_dir), REPOSITORY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as killed:
        assert hub.held.wait(TIMEOUT_S)
        # The server has sent them; the other process has them once it wrote them.
        while bytes_of_part(models_dir) < 40_960:
            assert killed.poll() is None
        killed.kill()
    hub.release()
    hub.seen.clear()
    assert (service.pull(REPOSITORY) / FIRST).read_bytes() == files[FIRST]
    assert [(seen.file, seen.start) for seen in hub.requests("hub")] == [(FIRST, 40_960), (SECOND, 0)]


def test_an_endpoint_with_a_slash_at_its_end(hub: HubServer, make_service: MakeService) -> None:
    """It is the same endpoint."""
    hub.add(REPOSITORY, model_files())
    assert make_service(client=HubClient(hub.endpoint + "/")).pull(REPOSITORY).is_dir()
