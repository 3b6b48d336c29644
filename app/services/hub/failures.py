"""What went wrong with the hub, in words for the user, with the next step."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import GriffinDeskError, ResourceError, UserError, lacks_disk
from app.services.hub.client import Answer, HubClient, Nonsense, Refused
from app.services.hub.repository import did_you_mean

_WAITED_FOR = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, as far as a message needs it."""

    client: HubClient
    repository: str = ""
    """"" for a question about the token."""
    revision: str | None = None
    file: str = ""
    token_place: str = ""
    """Where the token comes from that was sent, in words; "" without one."""
    kept: bool = False
    """Whether something came already that is kept."""


class CutShort(Exception):  # noqa: N818 -- becomes one of the user's errors below
    """The connection ended without an error before all had come."""


def is_passing(error: BaseException) -> bool:
    """Whether the same request may well succeed a little later: the connection broke, or the hub is overloaded."""
    if isinstance(error, Refused):
        return error.answer.status in _WAITED_FOR
    if isinstance(error, CutShort):
        return True
    kinds = _kinds(error)
    lasting = {"ProxyError", "UnsupportedProtocol", "LocalProtocolError"}
    return "TransportError" in kinds and not kinds & lasting and _cause(error, ssl.SSLCertVerificationError) is None


def described(error: Exception, request: Request) -> Exception:
    """The error for the user; one that has nothing to do with the hub comes back as it was."""
    if isinstance(error, Refused):
        return _refused(error.answer, request)
    kinds = _kinds(error)
    if "OfflineModeIsEnabled" in kinds:
        return offline_error()
    if kinds & {"HTTPError", "InvalidURL", "StreamError"} or isinstance(error, CutShort):
        return _unreached(error, kinds, request)
    if isinstance(error, Nonsense):
        return _network(
            f"{request.client.endpoint} does not answer as a hub does ({error}); a network with a login page answers "
            "so until you are logged in; where HF_ENDPOINT is set, see whether it names a hub",
            request,
        )
    return error


def offline_error() -> UserError:
    """Nothing may be asked of the network."""
    return UserError(
        "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set, so nothing is asked of the network; start the program "
        "without it to download a model",
        code="hub-offline",
    )


def disk_error(error: OSError, path: Path) -> ResourceError:
    """What came cannot be written."""
    if lacks_disk(error):
        return ResourceError(
            f"the disk of {path} is full; what came is kept: make room and start the download again", code="disk-full"
        )
    return ResourceError(
        f"{path} cannot be written ({error.strerror or error}); make that folder writable, or choose another one for "
        "models in the settings (models_dir)",
        code="models-dir",
    )


def _refused(answer: Answer, request: Request) -> GriffinDeskError:
    said = answer.error_message.lower()
    if answer.status == 401 and (not request.repository or "invalid credentials" in said or "expired" in said):
        return _bad_token(request)
    if answer.error_code == "GatedRepo" or (answer.status in (401, 403) and "gated" in said):
        return _gated(said, request)
    if answer.error_code == "RevisionNotFound":
        return _not_found(
            f"{request.repository} has no revision {request.revision or 'main'!r:.80}"
            f"{'; discard the download and begin it anew' if request.kept else ''}"
        )
    if answer.error_code == "EntryNotFound":
        return _not_found(
            f"{request.repository} has no file {request.file} at the commit {(request.revision or '')[:12]} any more; "
            "discard the download and begin it anew"
        )
    if "disabled" in said:
        return _not_found(f"{request.client.host} has closed {request.repository} to everybody")
    if answer.status in (401, 404):
        return _unknown(request)
    if answer.status == 403:
        return UserError(
            f"{request.client.host} refuses {request.repository or 'the request'} (HTTP 403)"
            + (
                f": the token from {request.token_place} may not read it; give it the right to at "
                f"{request.client.tokens_page}"
                if request.token_place
                else ": a firewall or proxy may answer in its place, or it is closed to your address"
            ),
            code="hub-token" if request.token_place else "hub-network",
        )
    return _unwilling(answer, request)


def _bad_token(request: Request) -> UserError:
    place = request.token_place or "your entry"
    return UserError(
        f"{request.client.host} does not accept the token from {place}: it is mistyped, expired or was withdrawn; "
        f"make a new one with the right to read at {request.client.tokens_page} and give it to "
        "`griffin-desk models login`",
        code="hub-token",
    )


def _gated(said: str, request: Request) -> UserError:
    repository, page = request.repository, request.client.page(request.repository)
    tokens = request.client.tokens_page
    if not request.token_place:
        return UserError(
            f"{repository} is only given to those who accepted its licence: accept it at {page}, make a token with "
            f"the right to read at {tokens}, give it to `griffin-desk models login`, and start the download again",
            code="hub-gated",
        )
    if "fine-grained" in said:
        return UserError(
            f"the token from {request.token_place} may not read gated repositories, as {repository} is: switch on "
            f"“Read access to contents of all public gated repos you can access” for it at {tokens}",
            code="hub-token",
        )
    if "await" in said or "pending" in said:
        return UserError(
            f"your request to use {repository} is still waiting for its owner's answer; {page} says when it is "
            "granted, start the download again then",
            code="hub-gated",
        )
    if "rejected" in said:
        return UserError(f"its owner has refused you {repository}; see {page}", code="hub-gated")
    return UserError(
        f"the account of the token from {request.token_place} has not accepted the licence of {repository}: accept "
        f"it at {page}, and start the download again",
        code="hub-gated",
    )


def _unknown(request: Request) -> UserError:
    hint = did_you_mean(request.repository)
    private = "" if request.token_place else "; a private one needs a token: give one to `griffin-desk models login`"
    return _not_found(f"{request.client.host} has no repository {request.repository}{hint or private}")


def _not_found(message: str) -> UserError:
    return UserError(message, code="hub-not-found")


def _unwilling(answer: Answer, request: Request) -> ResourceError:
    host = request.client.host
    if answer.status == 429:
        wait = answer.retry_after_s
        when = "some minutes" if wait is None else f"{wait:.0f} seconds" if wait < 120 else f"{wait / 60:.0f} minutes"
        known = "" if request.token_place else "; with a token it allows more"
        return _network(f"{host} has had too many requests from your address; try again in {when}{known}", request)
    if answer.status == 407:
        return _network(
            "the proxy wants a user name and password: put them into HTTPS_PROXY, as in http://user:password@proxy:8080",
            request,
        )
    if answer.status >= 500:
        return _network(
            f"{host} cannot answer at present (HTTP {answer.status}): the fault is on its side; try again later",
            request,
        )
    return _network(f"{host} answers with HTTP {answer.status}, which was not expected; try again later", request)


def _unreached(error: Exception, kinds: set[str], request: Request) -> ResourceError:
    host = request.client.host
    if "ProxyError" in kinds:
        return _network(
            "the proxy refuses the connection: see whether HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) is right and holds "
            "the user name and password that it wants",
            request,
        )
    if (refused := _cause(error, ssl.SSLCertVerificationError)) is not None:
        why = getattr(refused, "verify_message", "") or "it is not trusted"
        return _network(
            f"the certificate of {host} is not accepted ({why}): where your network looks into encrypted connections, "
            "name its certificate in SSL_CERT_FILE; see also whether the computer's date is right",
            request,
        )
    if _cause(error, ssl.SSLError) is not None:
        return _network(
            f"no encrypted connection to {host} could be made; a proxy or firewall may stand between", request
        )
    if "TimeoutException" in kinds:
        return _network(
            f"{host} did not answer within {request.client.timeout_s:g} s; try again, or set HF_HUB_DOWNLOAD_TIMEOUT "
            "to more seconds",
            request,
        )
    if "ConnectError" in kinds and request.client.is_behind_proxy:
        return _network(
            "no connection to the proxy could be made: correct HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY), or unset it "
            "where there is no proxy",
            request,
        )
    if _cause(error, socket.gaierror) is not None:
        return _network(
            f"{host} was not found: there is no network, or no name server answers; try again once there is", request
        )
    if kinds & {"UnsupportedProtocol", "InvalidURL"}:
        return _network(
            f"{request.client.endpoint} is no address that can be asked, expected https://…: see HF_ENDPOINT", request
        )
    if "TooManyRedirects" in kinds:
        return _network(f"{host} sends the request round in circles; try again later", request)
    if "ConnectError" in kinds:
        return _network(
            f"no connection to {host} could be made: see whether there is a network; a firewall may forbid it", request
        )
    return _network(f"the connection to {host} breaks again and again; try again later", request)


def _network(message: str, request: Request) -> ResourceError:
    kept = " (what came is kept, the download goes on from there)" if request.kept else ""
    return ResourceError(message + kept, code="hub-network")


def _kinds(error: BaseException) -> set[str]:
    """Names of an error's classes: huggingface-hub 1 uses httpx, 2 a fork of it, with the same classes in both."""
    return {kind.__name__ for kind in type(error).__mro__}


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    return next((found for found in _chain(error) if isinstance(found, kind)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
