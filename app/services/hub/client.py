"""Requests to the hub, by huggingface-hub's own session: its endpoint, proxies, certificates and offline mode hold.

The token goes to the endpoint only. A redirect to another host, such as the one that serves large files, is followed
without it: the session's HTTP library drops it there.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from app.core.errors import UserError
from app.core.version import program_version

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_PROGRAM = "griffin-desk"
_NO_SENSE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that was not made by a hub."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def error_code(self) -> str:
        """The hub's own word for what is wrong, such as GatedRepo."""
        return self.headers.get("x-error-code", "")

    @property
    def error_message(self) -> str:
        """The hub's own sentence."""
        return self.headers.get("x-error-message", "")

    @property
    def retry_after_s(self) -> float | None:
        """How long the hub asks to wait, where it does."""
        if (seconds := self.headers.get("retry-after", "").strip()).isdigit():
            return float(seconds)
        limit = re.search(r";\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)", self.headers.get("ratelimit", ""))
        return float(limit[1]) if limit else None


class Refused(Exception):  # noqa: N818 -- becomes one of the user's errors in failures.py
    """The hub answered, and not with what was asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


class Nonsense(Exception):  # noqa: N818 -- becomes one of the user's errors in failures.py
    """Something answered that is no hub."""


class HubClient:
    """The few requests that there are. They may raise Refused, Nonsense, and whatever the HTTP library raises."""

    def __init__(self, endpoint: str | None = None, *, timeout_s: float | None = None) -> None:
        """endpoint and timeout_s, that of a silent connection: None is what huggingface-hub has been told."""
        self._endpoint = endpoint
        self._timeout_s = timeout_s

    @property
    def endpoint(self) -> str:
        """The hub's address, without a slash at its end."""
        return (self._endpoint or _constants().ENDPOINT).rstrip("/")

    @property
    def host(self) -> str:
        """The hub's name, for messages."""
        try:
            return urlsplit(self.endpoint).hostname or self.endpoint
        except ValueError:
            return self.endpoint

    def page(self, repository: str) -> str:
        """The address of a repository's page, where its licence is accepted."""
        return f"{self.endpoint}/{repository}"

    @property
    def tokens_page(self) -> str:
        """The address of the page on which tokens are made."""
        return f"{self.endpoint}/settings/tokens"

    @property
    def is_behind_proxy(self) -> bool:
        """Whether the environment names a proxy for the hub."""
        proxies = getproxies()
        named = proxies.get(urlsplit(self.endpoint).scheme) or proxies.get("all")
        return bool(named) and not proxy_bypass(self.host)

    @property
    def timeout_s(self) -> float:
        """After so long a silence a connection counts as broken."""
        return self._timeout_s or float(_constants().HF_HUB_DOWNLOAD_TIMEOUT)

    def model_info(self, repository: str, revision: str | None, token: str | None) -> ModelInfo:
        """A repository's commit and files, with sizes and hashes."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        _session()
        sent = check_written(token) if token else False
        api = HfApi(endpoint=self.endpoint, library_name=_PROGRAM, library_version=program_version())
        try:
            return api.model_info(
                repository, revision=revision, files_metadata=True, timeout=self.timeout_s, token=sent
            )
        except HfHubHTTPError as error:
            raise Refused(_answer(error.response)) from None
        except _NO_SENSE as error:
            raise Nonsense(type(error).__name__) from None

    def account(self, token: str) -> str:
        """The name of the account that a token belongs to."""
        # Not HfApi.whoami: it waits without end for a silent hub, and looks for tokens in other places.
        response = _session().get(
            f"{self.endpoint}/api/whoami-v2", headers=_headers(token), timeout=self.timeout_s, follow_redirects=False
        )
        if response.status_code != 200:
            raise Refused(_answer(response))
        try:
            return str(response.json()["name"])
        except _NO_SENSE as error:
            raise Nonsense(type(error).__name__) from None

    def read(
        self, repository: str, revision: str, file: str, *, start: int, token: str | None
    ) -> Iterator[Answer | bytes]:
        """A file from a byte on: first the head of the answer (200: from its beginning, or 206), then blocks of bytes.

        huggingface-hub's own `hf_hub_download` (2.4) begins a file anew in each run, and `http_get` hands over 10 MiB
        at a time and cannot be stopped while it waits: this is what they do, without those two.
        """
        from huggingface_hub import hf_hub_url

        url = hf_hub_url(repository, file, revision=revision, endpoint=self.endpoint)
        headers = _headers(token) | {"accept-encoding": "identity"}
        if start:
            headers["range"] = f"bytes={start}-"
        with _session().stream("GET", url, headers=headers, timeout=self.timeout_s) as response:
            answer = _answer(response)
            if answer.status not in (200, 206):
                raise Refused(answer)
            yield answer
            yield from response.iter_bytes()


def is_offline() -> bool:
    """Whether huggingface-hub was told, by HF_HUB_OFFLINE, to ask nothing of the network."""
    return bool(_constants().HF_HUB_OFFLINE)


def _constants() -> Any:
    """huggingface-hub's settings, read from the environment when it was first imported, with its telemetry off.

    Its telemetry would name torch's version in each request, and fetch a list of programs to look for once a day.
    """
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    if not {"HF_HUB_VERBOSITY", "HF_DEBUG"} & os.environ.keys():
        # It prints what a hub likes to warn of, such as that a token would be welcome, on the user's terminal.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return constants


def _session() -> Any:
    _constants()
    from huggingface_hub import get_session

    # Not their messages: a proxy's address may hold a password.
    try:
        return get_session()
    except ImportError:
        raise UserError(
            "a SOCKS proxy is set, for which the package socksio is missing: `pip install socksio`, or name an HTTP "
            "proxy in HTTPS_PROXY and unset ALL_PROXY",
            code="hub-network",
        ) from None
    except OSError as error:
        raise UserError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read ({error.strerror or 'damaged'}"
            "): correct it, or unset it",
            code="hub-network",
        ) from None
    except Exception as error:
        if not {"ValueError", "InvalidURL"} & {kind.__name__ for kind in type(error).__mro__}:
            raise
        raise UserError(
            "the address of a proxy, in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, is none that can be used, expected such "
            "as http://proxy:8080",
            code="hub-network",
        ) from None


def check_written(token: str) -> str:
    """The token itself, without spaces around it; UserError (hub-token) where it can be none.

    An HTTP header takes nothing else, and the HTTP library's message would show what it was given.
    """
    token = token.strip()
    if not token or not token.isascii() or any(c.isspace() or not c.isprintable() for c in token):
        raise UserError(
            "that is no token: expected one word that begins with hf_, as the hub's page of tokens shows it once",
            code="hub-token",
        )
    return token


def _headers(token: str | None) -> dict[str, str]:
    named = {"user-agent": f"{_PROGRAM}/{program_version()}"}
    return named | {"authorization": f"Bearer {check_written(token)}"} if token else named


def _answer(response: Any) -> Answer:
    return Answer(int(response.status_code), {name.lower(): value for name, value in response.headers.items()})
