"""Loaded by every Python process that has this folder in PYTHONPATH: no connection but to this machine's own files.

Python imports a module of this name when it starts, spawned children too. What is asked of the network is refused as a
machine without one refuses it, and noted in the file that GRIFFIN_DESK_NETWORK_NOTES names, one JSON object a line.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import Any

NOTES = os.environ.get("GRIFFIN_DESK_NETWORK_NOTES", "")
REACHING = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind")
NAMING = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
TELLING = ("transformers", "huggingface_hub", "onnxruntime", "torch", "keyring", "requests", "httpx2")
"""Packages of which it is worth knowing whether they were loaded: they can speak to the network, or count use."""


def note(what: str, **more: Any) -> None:
    """One line; written at once and whole, as several processes write to the file."""
    stack: list[str] = []
    frame = sys._getframe(1).f_back
    while frame is not None and len(stack) < 12:
        stack.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        frame = frame.f_back
    line = json.dumps({"what": what, "pid": os.getpid(), "stack": stack, **more}) + "\n"
    descriptor = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Python calls this before it does any of these; an exception keeps it from doing so."""
    if event in REACHING:
        import _socket

        local = arguments[0].family == getattr(_socket, "AF_UNIX", None)
        note(event, local=local, to=repr(arguments[1:])[:200])
        if not local:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    elif event in NAMING:
        import _socket

        note(event, local=False, to=repr(arguments[:2])[:200])
        raise _socket.gaierror(_socket.EAI_AGAIN, "Temporary failure in name resolution")
    elif event == "webbrowser.open":
        note(event, local=False, to=repr(arguments)[:200])
    elif event == "import" and arguments[0] in TELLING and arguments[0] not in sys.modules:
        note("loads", package=arguments[0])


if NOTES:
    note("start", argv=sys.argv[:3] or sys.orig_argv[:3])
    sys.addaudithook(watch)
