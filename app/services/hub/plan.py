"""What a download is made of: one commit of a repository, and the files of it that this program needs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_VERSION = 1
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")

MAX_BYTES = 200 * 10**9
"""Of a whole download: five times the largest model of this family in float32."""
MAX_FILES = 500


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file, and what it must turn out to be: at least one of the two hashes is known."""

    name: str
    nbytes: int
    sha256: str | None
    """In hexadecimal digits, of files that the hub keeps in its large file storage."""
    git_blob: str | None
    """git's own SHA-1 of the file, of all others."""


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What will be fetched."""

    repository: str
    revision: str
    """The commit. A download that was paused goes on with it, whatever happens to the repository."""
    files: tuple[RemoteFile, ...]
    """Small ones first, so that a refusal costs nothing."""
    is_gated: bool
    """Whether the hub wants the licence accepted, and a token."""

    @property
    def nbytes(self) -> int:
        """Of all files."""
        return sum(file.nbytes for file in self.files)


def is_commit(text: object) -> bool:
    """Whether it is a whole git commit."""
    return isinstance(text, str) and _COMMIT.fullmatch(text) is not None


def remote_file(name: object, nbytes: object, sha256: object, git_blob: object) -> RemoteFile:
    """A file as a listing names it; ValueError with the reason where that cannot be right."""
    if not isinstance(name, str) or not _FILE.fullmatch(name):
        raise ValueError(f"a file has the name {name!r:.80}")
    if type(nbytes) is not int or not 0 <= nbytes <= MAX_BYTES:
        raise ValueError(f"{name} has {nbytes!r:.40} bytes")
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise ValueError(f"{name} has the SHA-256 {sha256!r:.80}")
    if git_blob is not None and not is_commit(git_blob):
        raise ValueError(f"{name} has the git hash {git_blob!r:.80}")
    if sha256 is None and git_blob is None:
        raise ValueError(f"{name} has no hash to check it by")
    return RemoteFile(name, nbytes, sha256, git_blob if isinstance(git_blob, str) else None)


def check_plan(plan: PullPlan) -> PullPlan:
    """The plan itself; ValueError with the reason where its files together cannot be right."""
    if not is_commit(plan.revision):
        raise ValueError(f"the commit is {plan.revision!r:.80}")
    if len(plan.files) > MAX_FILES:
        raise ValueError(f"{len(plan.files):,} files are needed, expected {MAX_FILES} at most")
    if plan.nbytes > MAX_BYTES:
        raise ValueError(f"the files have {plan.nbytes:,} bytes, expected {MAX_BYTES:,} at most")
    if len({file.name.lower() for file in plan.files}) < len(plan.files):
        raise ValueError("two files have the same name")
    return plan


def plan_text(plan: PullPlan, *, name: str) -> str:
    """A plan as JSON, with the model's name."""
    return json.dumps({"version": _VERSION, "name": name, **asdict(plan)}, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """The plan of a download that was begun."""

    plan: PullPlan
    name: str
    """The model's, once it is there."""


def kept_plan(raw: Mapping[str, Any]) -> KeptPlan:
    """A plan from its JSON; ValueError, KeyError or TypeError where that is damaged."""
    if raw["version"] != _VERSION:
        raise ValueError(f"version {raw['version']!r:.40}, expected {_VERSION}")
    plan = PullPlan(
        repository=str(raw["repository"]),
        revision=str(raw["revision"]),
        files=tuple(
            remote_file(file["name"], file["nbytes"], file["sha256"], file["git_blob"]) for file in raw["files"]
        ),
        is_gated=bool(raw["is_gated"]),
    )
    return KeptPlan(check_plan(plan), str(raw["name"]))
