"""A local HTTP server that plays the Hugging Face hub and, on another port, the host that serves its large files.

It answers the requests that a download makes as the hub does, and misbehaves on demand.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_S = 60
"""No test waits longer for the server, nor the server for a test."""

_LARGE = (".safetensors", ".pt", "tokenizer.json", "tokenizer.model")
_BLOCK = 4096


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    host: str
    """hub or cdn."""
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def start(self) -> int:
        """The first byte asked for."""
        return int(self.headers.get("range", "bytes=0-")[6:].split("-")[0])

    @property
    def file(self) -> str:
        """The name of the file asked for."""
        return unquote(self.path.split("?")[0].rsplit("/", 1)[-1])


@dataclass
class Repository:
    """A repository with its newest files, and those of its older commits."""

    name: str
    files: dict[str, bytes]
    gated: str | bool = False
    """False, "auto" or "manual"."""
    private: bool = False
    config: dict[str, Any] | None = None
    listing: list[dict[str, Any]] | None = None
    """What is listed instead of the files."""
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        """Of the newest files."""
        digest = hashlib.sha1(self.name.encode())
        for name, content in sorted(self.files.items()):
            digest.update(name.encode() + b"\0" + content)
        return digest.hexdigest()

    def siblings(self, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
        """The files as the hub lists them."""
        return [sibling(name, content) for name, content in sorted(files.items())]


@dataclass
class Account:
    """A user with a token."""

    name: str
    accepted: set[str] = field(default_factory=set)
    """Gated repositories whose licence was accepted, and private ones of the user's own."""
    refusals: dict[str, str] = field(default_factory=dict)
    """What the hub says of a gated repository instead."""


@dataclass
class Fault:
    """What goes wrong with one answer."""

    status: int = 0
    """Answered instead, with headers."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent in the place of the right one."""
    cut_after: int | None = None
    """The connection ends after so many bytes of the body."""
    hold_after: int | None = None
    """After so many bytes nothing comes any more until `release` is called."""
    no_range: bool = False
    no_length: bool = False
    """The end of the connection is the end of the body."""


def sibling(name: str, content: bytes) -> dict[str, Any]:
    """A file as the hub lists it: large ones by SHA-256, others by git's hash."""
    listed: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": git_blob(content)}
    if name.endswith(_LARGE):
        pointer = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
        listed |= {"blobId": "0" * 40, "lfs": pointer}
    return listed


def git_blob(content: bytes) -> str:
    """What `git hash-object` says."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


class HubServer:
    """The two servers, each in threads of its own."""

    def __init__(self, tls: Any = None) -> None:
        """tls: an SSLContext that the hub speaks through."""
        self.repositories: dict[str, Repository] = {}
        self.accounts: dict[str, Account] = {}
        self.seen: list[Seen] = []
        self.held = threading.Event()
        """Set once an answer is held."""
        self.whoami_faults: list[Fault] = []
        self.info_faults: list[Fault] = []
        self._file_faults: dict[str, list[Fault]] = {}
        self._release = threading.Event()
        self._hub = _server(self, "hub")
        self._cdn = _server(self, "cdn")
        if tls is not None:
            self._hub.socket = tls.wrap_socket(self._hub.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"

    def __enter__(self) -> Self:
        for server in (self._hub, self._cdn):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.server_close()

    @property
    def endpoint(self) -> str:
        """The hub's address, for HF_ENDPOINT."""
        return f"{self._scheme}://127.0.0.1:{self._hub.server_port}"

    @property
    def cdn(self) -> str:
        """The address of the host of large files."""
        return f"http://127.0.0.1:{self._cdn.server_port}"

    def add(self, name: str, files: dict[str, bytes], **facts: Any) -> Repository:
        """Publish a repository."""
        repository = Repository(name, files, **facts)
        repository.commits[repository.commit] = dict(files)
        self.repositories[name] = repository
        return repository

    def commit(self, name: str, files: dict[str, bytes]) -> str:
        """Change a repository; its older commits stay."""
        repository = self.repositories[name]
        repository.files = {**repository.files, **files}
        repository.commits[repository.commit] = dict(repository.files)
        return repository.commit

    def fail(self, file: str, *faults: Fault) -> None:
        """What the next answers with the file do wrong, one after the other."""
        self._file_faults.setdefault(file, []).extend(faults)

    def next_fault(self, file: str) -> Fault:
        """Of the next answer with the file."""
        faults = self._file_faults.get(file)
        return faults.pop(0) if faults else Fault()

    def release(self) -> None:
        """Let answers that are held go on."""
        self._release.set()

    def hold(self) -> None:
        """Wait for `release`."""
        self.held.set()
        self._release.wait(TIMEOUT_S)

    def requests(self, host: str, file: str = "") -> list[Seen]:
        """Those that a host saw, of one file."""
        return [seen for seen in self.seen if seen.host == host and (not file or seen.file == file)]


def _server(hub: HubServer, host: str) -> ThreadingHTTPServer:
    class Handler(_Handler):
        pass

    Handler.hub, Handler.host = hub, host
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub: HubServer
    host: str

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests' output is theirs."""

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path
        if "://" in path:  # as a proxy is asked
            path = path.split("/", 3)[3].join(("/", ""))
        self.hub.seen.append(Seen(self.host, self.command, self.path, headers))
        with suppress(ConnectionError):
            parts = urlsplit(path)
            if self.host == "cdn":
                self._large(parts.path, parse_qs(parts.query))
            elif parts.path == "/api/whoami-v2":
                self._whoami()
            elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", parts.path):
                self._info(match[1], unquote(match[2] or "main"))
            elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", parts.path):
                self._resolve(match[1], unquote(match[2]), unquote(match[3]))
            else:
                self._refuse(404, "", "Not found")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_CONNECT(self) -> None:
        """A proxy that wants a password."""
        self.hub.seen.append(Seen(self.host, "CONNECT", self.path, {}))
        self._send(407, {"Proxy-Authenticate": "Basic"}, b"")
        self.close_connection = True

    def _account(self) -> Account | None:
        """The request's account; None without a token. KeyError for a token that nobody has."""
        sent = self.headers.get("Authorization", "")
        return self.hub.accounts[sent.removeprefix("Bearer ")] if sent else None

    def _whoami(self) -> None:
        fault = self.hub.whoami_faults.pop(0) if self.hub.whoami_faults else Fault()
        try:
            account = self._account()
        except KeyError:
            account = None
        if account is None and not fault.status:
            self._refuse(401, "", "Invalid username or password.")
            return
        self._body(json.dumps({"type": "user", "name": account.name if account else ""}).encode(), fault, {})

    def _info(self, name: str, revision: str) -> None:
        fault = self.hub.info_faults.pop(0) if self.hub.info_faults else Fault()
        if fault.status:
            self._body(b"", fault, {})
            return
        repository = self._open(name, metadata=True)
        if repository is None:
            return
        commit = repository.commit if revision == "main" else revision
        if commit not in repository.commits:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return
        siblings = repository.siblings(repository.commits[commit]) if repository.listing is None else repository.listing
        info: dict[str, Any] = {
            "id": name,
            "sha": commit,
            "gated": repository.gated,
            "private": repository.private,
            "siblings": siblings,
        }
        if repository.config is not None:
            info["config"] = repository.config
        warning = "unauthenticated; You are sending unauthenticated requests"
        self._body(json.dumps(info).encode(), fault, {"Content-Type": "application/json", "X-HF-Warning": warning})

    def _resolve(self, name: str, revision: str, file: str) -> None:
        repository = self._open(name, metadata=False)
        if repository is None:
            return
        commit = repository.commit if revision == "main" else revision
        files = repository.commits.get(commit)
        if files is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return
        content = files.get(file)
        if content is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        headers = {"X-Repo-Commit": commit}
        if file.endswith(_LARGE):
            digest = hashlib.sha256(content).hexdigest()
            headers |= {
                "X-Linked-Size": str(len(content)),
                "X-Linked-ETag": f'"{digest}"',
                "Location": f"{self.hub.cdn}/{digest}/{file}?commit={commit}&repository={name}&Signature=s3cret",
            }
            self._send(302, headers, b"")
            return
        self._body(content, self.hub.next_fault(file), headers | {"ETag": f'"{git_blob(content)}"'})

    def _large(self, path: str, query: Mapping[str, list[str]]) -> None:
        file = unquote(path.rsplit("/", 1)[-1])
        content = self.hub.repositories[query["repository"][0]].commits[query["commit"][0]][file]
        self._body(content, self.hub.next_fault(file), {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'})

    def _open(self, name: str, *, metadata: bool) -> Repository | None:
        """The repository, if the request may read it; otherwise it is refused. Anyone may list a gated one's files."""
        try:
            account = self._account()
        except KeyError:
            self._refuse(401, "", "Invalid credentials in Authorization header")
            return None
        repository = self.hub.repositories.get(name)
        granted = account is not None and name in account.accepted
        if repository is None or (repository.private and not granted):
            # The hub does not tell strangers which private repositories there are.
            status, message = (
                (401, "Invalid username or password.") if account is None else (404, "Repository not found")
            )
            self._refuse(status, "RepoNotFound", message)
            return None
        if not repository.gated or granted or metadata:
            return repository
        if account is None:
            said = "is restricted. You must have access to it and be authenticated to access it. Please log in."
            self._refuse(401, "GatedRepo", f"Access to model {name} {said}")
        else:
            said = f"Access to model {name} is restricted and you are not in the authorized list."
            self._refuse(403, "GatedRepo", account.refusals.get(name, said))
        return None

    def _refuse(self, status: int, code: str, message: str) -> None:
        headers = {"X-Error-Message": message, "Content-Type": "application/json"}
        if code:
            headers["X-Error-Code"] = code
        self._send(status, headers, json.dumps({"error": message}).encode())

    def _body(self, content: bytes, fault: Fault, headers: dict[str, str]) -> None:
        if fault.status:
            self._send(fault.status, headers | fault.headers, fault.body or b"")
            return
        content = content if fault.body is None else fault.body
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        status, start = 200, 0
        if wanted and not fault.no_range:
            status, start = 206, int(wanted[1])
            if start >= len(content):
                self._send(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
                return
            headers = headers | {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        self._send(status, headers | fault.headers, content[start:], fault)

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, fault: Fault | None = None) -> None:
        fault = fault or Fault()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if fault.no_length:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        end = len(body) if fault.cut_after is None else fault.cut_after
        sent = 0
        while sent < min(end, len(body)):
            step = _BLOCK
            if fault.hold_after is not None:
                if sent == fault.hold_after:
                    self.hub.hold()
                else:
                    step = min(step, max(fault.hold_after - sent, 0) or step)
            block = body[sent : min(end, sent + step)]
            self.wfile.write(block)
            self.wfile.flush()
            sent += len(block)
        if fault.hold_after is not None and fault.hold_after >= len(body):
            self.hub.hold()
        if fault.cut_after is not None or fault.no_length:
            self.close_connection = True


def model_files(weights: int = 60_000) -> dict[str, bytes]:
    """The files of a small repository like those that Google publishes; nothing that could be loaded."""
    shard = bytes(range(256)) * (weights // 256 + 1)
    return {
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "README.md": b"# A model\n",
        "config.json": json.dumps({"model_type": "recurrent_gemma", "hidden_size": 8}).encode(),
        "generation_config.json": b'{"eos_token_id": 1}',
        "model-00001-of-00002.safetensors": shard[:weights],
        "model-00002-of-00002.safetensors": shard[7 : 7 + weights // 2],
        "model.safetensors.index.json": b'{"weight_map": {}}',
        "special_tokens_map.json": b"{}",
        "tokenizer.json": b'{"model": {}}' * 50,
        "tokenizer.model": b"\x0a\x0e" * 100,
        "tokenizer_config.json": b"{}",
        "recurrentgemma-2b.gguf": b"GGUF" * 20,
        "pytorch_model.bin": b"PK" * 20,
        "original/2b-it.pt": b"PK" * 20,
    }


NEEDED = [
    "README.md",
    "config.json",
    "generation_config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
]
"""Of `model_files`, in order of name."""


def folder_contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
