"""docs/privacy.md against the sources: who in the program could reach a network at all."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REACHING = (
    *("asyncio", "ftplib", "http", "imaplib", "poplib", "smtplib", "socketserver", "ssl", "telnetlib", "xmlrpc"),
    *("urllib.request", "webbrowser", "aiohttp", "httpcore", "httpcore2", "httpx", "httpx2", "requests", "urllib3"),
    *("huggingface_hub", "hf_xet", "socket", "PySide6.QtNetwork", "PySide6.QtWebSockets", "PySide6.QtWebEngineCore"),
)
"""Packages and modules that can speak to another machine."""
BROWSER = "QDesktopServices"
"""Hands an address to the system's browser."""


def reaching(source: str) -> set[str]:
    """What a source imports of these, at any depth."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    found = {name for name in REACHING for seen in names if seen == name or seen.startswith(f"{name}.")}
    return found | ({BROWSER} if any(name.endswith(BROWSER) for name in names) else set())


def test_what_counts_as_reaching() -> None:
    """Imports inside functions and of parts of a package are seen; a module of a like name is none."""
    assert reaching("def f():\n    from urllib.request import urlopen\n") == {"urllib.request"}
    assert reaching("import http.client, urllib.parse, httpd\nfrom PySide6 import QtNetwork\n") == {
        "http",
        "PySide6.QtNetwork",
    }
    assert reaching("from PySide6.QtGui import QDesktopServices\n") == {BROWSER}


def test_the_program_reaches_out_in_few_places() -> None:
    """Downloads and the token (the hub's package), the one instance's socket in the file system, the browser."""
    found = {}
    for file in sorted((ROOT / "app").rglob("*.py")):
        if names := reaching(file.read_text(encoding="utf-8")):
            found[file.relative_to(ROOT).as_posix()] = names
    assert found == {
        "app/services/hub/client.py": {"huggingface_hub", "urllib.request"},
        "app/services/hub/failures.py": {"socket", "ssl"},
        "app/services/hub/pull.py": {"huggingface_hub"},
        "app/services/tokens.py": {"huggingface_hub"},
        "app/ui/controllers/models_in_window.py": {BROWSER},
        "app/ui/controllers/window.py": {BROWSER},
        "app/ui/single_instance.py": {"PySide6.QtNetwork"},
    }
