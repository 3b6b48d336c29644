"""Names of repositories on the hub: how they are written, which one was meant, where their pages are."""

from __future__ import annotations

import difflib
import re
import unicodedata

from app.core.errors import UserError
from app.core.text import one_line
from app.services.catalogue import PUBLISHED
from app.services.models import STARTER_NAME

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_repository(written: str) -> str:
    """`owner/name` as the user wrote it, or from its page's address; UserError (hub-not-found) for anything else."""
    name = re.sub(r"^https?://[^/]+/", "", written.strip())
    name = re.sub(r"/(tree|blob|resolve)/.*$", "", name).strip("/")
    # Hugging Face has no names with two dashes or dots in a row, and folders of downloads are named owner--name.
    if not _NAME.fullmatch(name) or len(name) > 96 or "--" in name or ".." in name or name.endswith((".git", "-", ".")):
        raise UserError(
            f"{one_line(written)[:120]!r} is no repository's name, expected owner/name"
            f"{did_you_mean(written) or f', such as {PUBLISHED[0].repository}'}",
            code="hub-not-found",
        )
    return name


def check_folder_name(name: str) -> str:
    """A model's name as a folder's; UserError (model-name) where it is none that every system takes."""
    if not _FOLDER.fullmatch(name) or name.endswith(".") or _RESERVED.fullmatch(name) or name == STARTER_NAME:
        raise UserError(
            f"{one_line(name)[:120]!r} cannot be a model's name, expected letters, digits, dots, dashes and underscores"
            f", and not {STARTER_NAME!r}",
            code="model-name",
        )
    return name


def plain_folder_name(wanted: str) -> str:
    """The nearest name that a folder may have on every system; the starter's is left to the caller."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", wanted) if not unicodedata.combining(char))
    plain = re.sub(r"-*([^A-Za-z0-9._-]+-*)+", "-", bare).strip("-._")[:80].rstrip(".") or "model"
    return f"model-{plain}" if _RESERVED.fullmatch(plain) else plain


def did_you_mean(written: str) -> str:
    """`; did you mean google/recurrentgemma-2b-it?` for a name close to a published model's; else nothing."""
    wanted = written.strip().lower()
    known = [model.repository for model in PUBLISHED]
    close = difflib.get_close_matches(wanted, [name for name in known if name != wanted], n=1, cutoff=0.75)
    if not close:
        # Only the owner may be missing, or be another one.
        bare = {name.split("/")[1]: name for name in known if name != wanted}
        close = [bare[name] for name in difflib.get_close_matches(wanted.rsplit("/", 1)[-1], bare, n=1, cutoff=0.8)]
    return f"; did you mean {close[0]}?" if close else ""


def tuned_by_name(repository: str) -> bool | None:
    """By the `-it` in its name; None where neither that nor its publisher says it."""
    if re.search(r"-it($|-)", repository.lower()):
        return True
    return False if repository.lower().startswith("google/recurrentgemma-") else None
