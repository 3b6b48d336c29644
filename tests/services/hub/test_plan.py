"""What a download is made of, as the hub lists it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from app.core.errors import UserError
from app.services.hub.plan import MAX_BYTES, PullPlan, RemoteFile, check_plan, kept_plan, plan_text
from app.services.hub.pull import HubService
from tests.hub_server import NEEDED, HubServer, git_blob, model_files, sibling
from tests.services.hub.conftest import REPOSITORY, TOKEN, MakeService


def test_sizes_hashes_and_commit_are_those_of_the_hub(hub: HubServer, service: HubService) -> None:
    """The commit is pinned; each file has its size and one hash; the configuration comes first."""
    files = model_files()
    repository = hub.add(REPOSITORY, files, gated="manual", config={"model_type": "recurrent_gemma"})
    plan = service.plan(REPOSITORY)
    found = {file.name: file for file in plan.files}
    assert (plan.repository, plan.revision, plan.is_gated) == (REPOSITORY, repository.commit, True)
    assert sorted(found) == NEEDED and plan.files[0].name == "config.json"
    assert found["config.json"] == RemoteFile(
        "config.json", len(files["config.json"]), None, git_blob(files["config.json"])
    )
    assert found["tokenizer.json"] == RemoteFile(
        "tokenizer.json", len(files["tokenizer.json"]), hashlib.sha256(files["tokenizer.json"]).hexdigest(), None
    )
    assert plan.nbytes == sum(len(files[name]) for name in NEEDED)
    assert len(hub.seen) == 1 and "blobs=true" in hub.seen[0].path.lower()


def test_an_older_commit(hub: HubServer, service: HubService) -> None:
    """It can be asked for; one that there is not is named."""
    first = hub.add(REPOSITORY, model_files()).commit
    newest = hub.commit(REPOSITORY, {"README.md": b"new"})
    assert service.plan(REPOSITORY).revision == newest
    assert service.plan(REPOSITORY, first).revision == first
    with pytest.raises(UserError, match="no revision 'v9'") as raised:
        service.plan(REPOSITORY, "v9")
    assert raised.value.code == "hub-not-found"


def test_a_private_repository_needs_the_token(hub: HubServer, make_service: MakeService) -> None:
    """With it the plan is made; without it there is no such repository, and a token may help."""
    hub.add("ada/own-griffin", model_files(), private=True)
    hub.accounts[TOKEN].accepted.add("ada/own-griffin")
    assert make_service(TOKEN).plan("ada/own-griffin").nbytes > 0
    with pytest.raises(UserError, match="a private one needs a token"):
        make_service().plan("ada/own-griffin")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": -1, "lfs": None}, "-1 bytes"),
        ({"size": None, "lfs": None}, "None bytes"),
        ({"lfs": {"sha256": "0" * 64, "size": 10**18, "pointerSize": 1}}, "bytes"),
        ({"lfs": {"sha256": "0" * 64, "size": MAX_BYTES, "pointerSize": 1}}, "expected 200,000,000,000 at most"),
        ({"lfs": {"sha256": "zz", "size": 3, "pointerSize": 1}}, "SHA-256"),
        ({"lfs": None, "blobId": None}, "no hash"),
        ({"lfs": None, "blobId": "main"}, "git hash"),
    ],
)
def test_a_listing_that_cannot_be_right(hub: HubServer, service: HubService, change: dict[str, Any], said: str) -> None:
    """Sizes and hashes are looked at before anything is fetched."""
    files = model_files()
    listing = [sibling(name, files[name]) for name in NEEDED]
    next(item for item in listing if item["rfilename"].startswith("model-00001")).update(change)
    hub.add(REPOSITORY, files, listing=listing)
    with pytest.raises(UserError, match="cannot be right") as raised:
        service.pull(REPOSITORY)
    assert raised.value.code == "hub-damaged" and said in raised.value.message
    assert len(hub.seen) == 1 and service.unfinished() == []


def test_a_listing_that_names_a_file_outside(hub: HubServer, service: HubService) -> None:
    """It is refused whole."""
    files = model_files()
    listing = [sibling(name, files[name]) for name in NEEDED] + [sibling("../x", b"x")]
    hub.add(REPOSITORY, files, listing=listing)
    with pytest.raises(UserError, match=r"'\.\./x'"):
        service.plan(REPOSITORY)


def test_a_huge_listing(hub: HubServer, service: HubService) -> None:
    """Twenty thousand other files do no harm; too many that would be needed are refused."""
    files = model_files()
    needed = [sibling(name, files[name]) for name in NEEDED]
    others = [{"rfilename": f"data/{i}.bin", "size": 1, "blobId": "0" * 40} for i in range(20_000)]
    hub.add(REPOSITORY, files, listing=needed + others)
    assert len(service.plan(REPOSITORY).files) == len(NEEDED)
    hub.repositories[REPOSITORY].listing = needed + [sibling(f"LICENSE{i}", b"") for i in range(600)]
    with pytest.raises(UserError, match="610 files are needed"):
        service.plan(REPOSITORY)


@pytest.mark.parametrize("listing", [[{"size": 1}], [3], [{"rfilename": None, "size": 1}]])
def test_a_listing_without_sense(hub: HubServer, service: HubService, listing: list[Any]) -> None:
    """It is no bug of ours."""
    hub.add(REPOSITORY, {}, listing=listing)
    with pytest.raises(Exception, match=r"hub|weights") as raised:
        service.plan(REPOSITORY)
    assert getattr(raised.value, "code", "").startswith("hub-")


def test_a_plan_survives_its_file() -> None:
    """What is read back is what was written."""
    files = (RemoteFile("config.json", 3, None, "0" * 40), RemoteFile("m.safetensors", 9, "1" * 64, None))
    plan = PullPlan(REPOSITORY, "a" * 40, files, True)
    kept = kept_plan(json.loads(plan_text(plan, name="mine")))
    assert (kept.plan, kept.name) == (plan, "mine")


def test_names_that_differ_by_case_only() -> None:
    """On some systems they are one file."""
    files = (RemoteFile("LICENSE", 3, None, "0" * 40), RemoteFile("LICENSe", 3, None, "0" * 40))
    with pytest.raises(ValueError, match="same name"):
        check_plan(PullPlan(REPOSITORY, "a" * 40, files, False))
