"""Every error that reaches a user, one tree.

    GriffinDeskError
    |-- UserError            the user can mend it: the message says what to do
    |   |-- DocumentError    a file that cannot be read (missing, empty, damaged, encrypted, no text)
    |   `-- CheckpointError  a model that cannot be loaded (unknown, damaged, misshapen)
    |-- ResourceError        disk, memory or device gave out; nothing is lost
    |   |-- StorageError     the library database cannot be opened or written
    |   `-- WorkerLostError  the model's process ended; what it held is gone, what was kept goes on
    `-- InternalError        a bug of ours

Each error has a `code`, a short stable word that survives a process boundary, and a message of one
sentence that names the thing, the value found and, where it helps, the value expected.
"""

from __future__ import annotations

import errno


class GriffinDeskError(Exception):
    """Base of all errors that carry a message for the user."""

    default_code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


class UserError(GriffinDeskError):
    """The user can mend it; the message says how."""

    default_code = "user"


class DocumentError(UserError):
    """A document cannot be read."""

    default_code = "document"


class CheckpointError(UserError):
    """A model cannot be loaded."""

    default_code = "checkpoint"


class ResourceError(GriffinDeskError):
    """Disk, memory or a device gave out."""

    default_code = "resource"


class StorageError(ResourceError):
    """The library database cannot be opened or written."""

    default_code = "storage"


class WorkerLostError(ResourceError):
    """The model's process ended, and its live states with it. Another one is started by the next call."""

    default_code = "worker-lost"


def error_named(name: str, message: str, *, code: str) -> GriffinDeskError:
    """The error that another process raised, by its class's name; one that is not known here is a bug of ours."""
    kind = globals().get(name)
    if not (isinstance(kind, type) and issubclass(kind, GriffinDeskError)):
        kind = InternalError
    return kind(message, code=code)


def lacks_memory(error: BaseException) -> bool:
    """Whether an exception, Python's own or one of torch's, says that there is not enough memory.

    torch has a class of its own for CUDA only. Its CPU allocator says "can't allocate memory" or, on Windows, "not
    enough memory", other devices "out of memory"; an illegal memory access is a bug.
    """
    words = str(error)
    return isinstance(error, MemoryError) or any(
        phrase in words for phrase in ("not enough memory", "out of memory", "allocate memory")
    )


def lacks_disk(error: OSError) -> bool:
    """Whether an exception of the system says that the disk, or this user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class InternalError(GriffinDeskError):
    """A bug in Griffin Desk."""

    default_code = "internal"
