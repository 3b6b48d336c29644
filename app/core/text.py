"""Text made fit for one line of a terminal, a file or the window; sizes in words; objects as JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_TURNING = "\u202a-\u202e\u2066-\u2069"
"""They turn the direction of what follows, to the end of the line: a name can be made to look like another one."""
_UNFIT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}]")
_LATER = re.compile(f"[\x7f-\x9f{_TURNING}]")


def clean(text: str) -> str:
    """Text without control characters: a document must not steer the terminal it is shown on."""
    return _UNFIT.sub("", text)


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(clean(text).split())


def folded(text: str) -> str:
    """A text without case and accents, as words are compared; ß is ss."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def capitalised(text: str) -> str:
    """Beginning with a capital; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def begun_as_sentence(text: str) -> str:
    """With a capital; the name of a file, a tensor or a repository stays as it is."""
    first = text.split(" ", 1)[0].rstrip(".:,;")
    return text if any(mark in first for mark in "._/") else capitalised(text)


def mebibytes(nbytes: int) -> str:
    """`12.3 MiB`."""
    return f"{nbytes / 2**20:,.1f} MiB"


def size_text(nbytes: int) -> str:
    """`310.5 MiB`, and from 1,024 of them on `2.7 GiB`."""
    return f"{nbytes / 2**30:,.1f} GiB" if nbytes >= 2**30 else mebibytes(nbytes)


def clock_text(seconds: float) -> str:
    """`2:05`, and from an hour on `1:02:05`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def json_text(value: dict[str, Any]) -> str:
    """One JSON object, as plain text: JSON leaves the later control characters alone, terminals do not."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _LATER.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
