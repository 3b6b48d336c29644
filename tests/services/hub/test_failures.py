"""What the user is told when the hub, the network or the disk do not do what is asked."""

from __future__ import annotations

import datetime
import errno
import ipaddress
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from huggingface_hub import constants

from app.core.errors import GriffinDeskError, ResourceError, UserError
from app.services.hub import part
from app.services.hub.client import HubClient
from app.services.hub.failures import disk_error
from app.services.hub.fetching import Retry
from app.services.hub.pull import HubService
from tests.hub_server import Fault, HubServer, model_files
from tests.services.hub.conftest import REPOSITORY, TOKEN, MakeService

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def fresh_connections() -> Iterator[None]:
    """The session of huggingface-hub is made anew: it reads the environment then."""
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()


def refusal(service: HubService, repository: str = REPOSITORY) -> GriffinDeskError:
    """The error of a download."""
    with pytest.raises(GriffinDeskError) as raised:
        service.pull(repository)
    return raised.value


def test_a_gated_repository_without_a_token(hub: HubServer, make_service: MakeService) -> None:
    """Licence, token, login: all three steps, before more than one small file was asked for."""
    hub.add(REPOSITORY, model_files(), gated="manual")
    error = refusal(make_service())
    assert error.code == "hub-gated"
    assert f"{hub.endpoint}/{REPOSITORY}," in error.message and f"{hub.endpoint}/settings/tokens" in error.message
    assert "griffin-desk models login" in error.message
    assert [seen.file for seen in hub.requests("hub")] == ["recurrentgemma-2b-it", "config.json"]
    assert make_service().unfinished() == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "has not accepted the licence"),
        ("Your request to access model x is awaiting a review from the repo authors.", "waiting for its owner"),
        ("Your request to access model x has been rejected by the repo's authors.", "refused you"),
    ],
)
def test_a_gated_repository_with_a_token(hub: HubServer, make_service: MakeService, said: str, told: str) -> None:
    """Not accepted, not answered and refused are told apart."""
    hub.add(REPOSITORY, model_files(), gated="manual")
    hub.accounts[TOKEN].accepted.clear()
    if said:
        hub.accounts[TOKEN].refusals[REPOSITORY] = said
    error = refusal(make_service(TOKEN))
    assert error.code == "hub-gated" and told in error.message and f"{hub.endpoint}/{REPOSITORY}" in error.message


def test_a_token_that_may_not_read_gated_repositories(hub: HubServer, make_service: MakeService) -> None:
    """It is the token that has to be changed, not the licence accepted."""
    hub.add(REPOSITORY, model_files(), gated="manual")
    hub.accounts[TOKEN].accepted.clear()
    hub.accounts[TOKEN].refusals[REPOSITORY] = (
        "Please enable access to public gated repositories in your fine-grained token settings to view this repository."
    )
    error = refusal(make_service(TOKEN))
    assert error.code == "hub-token" and "settings/tokens" in error.message


def test_a_bad_token(hub: HubServer, make_service: MakeService) -> None:
    """Where it comes from, never what it is; a public repository does not help."""
    hub.add(REPOSITORY, model_files())
    error = refusal(make_service("hf_withdrawn"))
    assert error.code == "hub-token" and "the token from the keyring" in error.message
    assert "hf_withdrawn" not in repr(error) + error.message


def test_a_token_that_can_be_none_is_not_sent(hub: HubServer, make_service: MakeService) -> None:
    """A line break in it would end up in the HTTP library's message, with the token."""
    hub.add(REPOSITORY, model_files())
    error = refusal(make_service("hf_one\nhf_two"))
    assert error.code == "hub-token" and "hf_one" not in error.message and "in the keyring" in error.message
    assert hub.seen == []


@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_repository_that_there_is_not(hub: HubServer, make_service: MakeService, token: str | None) -> None:
    """The one that was perhaps meant is named."""
    error = refusal(make_service(token), "google/recurrentgema-2b-it")
    assert error.code == "hub-not-found"
    assert error.message.endswith("no repository google/recurrentgema-2b-it; did you mean google/recurrentgemma-2b-it?")


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (Fault(status=500), "hub-network", "HTTP 500"),
        (Fault(status=503), "hub-network", "on its side"),
        (Fault(status=429, headers={"Retry-After": "90"}), "hub-network", "in 90 seconds"),
        (Fault(status=429, headers={"RateLimit": '"api";r=0;t=600'}), "hub-network", "in 10 minutes"),
        (Fault(status=429), "hub-network", "some minutes"),
        (Fault(status=407), "hub-network", "HTTPS_PROXY"),
        (Fault(status=418), "hub-network", "HTTP 418"),
        (Fault(status=403), "hub-network", "firewall"),
        (Fault(status=403, headers={"X-Error-Message": "Access to this resource is disabled."}), "hub-not-found", ""),
        (Fault(status=302, headers={"Location": "/api/models/google/recurrentgemma-2b-it"}), "hub-network", "circles"),
    ],
)
def test_answers_to_the_question_for_the_listing(
    hub: HubServer, service: HubService, fault: Fault, code: str, told: str
) -> None:
    """Each is told in words, at once."""
    hub.add(REPOSITORY, model_files())
    hub.info_faults.extend([fault] * 30)
    error = refusal(service)
    assert error.code == code and told in error.message


def test_a_hub_that_asks_for_a_long_wait(hub: HubServer, service: HubService) -> None:
    """It is not waited for minutes on end; what came is kept."""
    hub.add(REPOSITORY, model_files())
    hub.fail("README.md", Fault(status=429, headers={"Retry-After": "3600"}))
    error = refusal(service)
    assert "in 60 minutes" in error.message and "what came is kept" in error.message
    assert len(hub.requests("hub", "README.md")) == 1


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"[]", b"{}", b'{"id": 3, "siblings": 4}', b""])
def test_a_page_instead_of_the_hub(hub: HubServer, service: HubService, body: bytes) -> None:
    """A hotel's login page, or an HF_ENDPOINT that is no hub."""

    def page(handler: Any, name: str, revision: str) -> None:
        handler._send(200, {"Content-Type": "text/html"}, body)

    hub.add(REPOSITORY, model_files())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.hub_server._Handler._info", page)
        error = refusal(service)
    assert error.code in ("hub-network", "hub-model") and ("HF_ENDPOINT" in error.message or body == b"{}")


def test_no_connection(make_service: MakeService) -> None:
    """Nobody listens there."""
    with HubServer() as gone:
        endpoint = gone.endpoint
    error = refusal(make_service(client=HubClient(endpoint)))
    assert error.code == "hub-network" and "no connection to 127.0.0.1" in error.message
    assert isinstance(error, ResourceError)


def test_no_name_server(make_service: MakeService) -> None:
    """`.invalid` is no host anywhere."""
    error = refusal(make_service(client=HubClient("http://hub.invalid")))
    assert error.code == "hub-network" and "hub.invalid was not found" in error.message


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1", "huggingface.co", "http://[::1"])
def test_an_endpoint_that_is_no_address(make_service: MakeService, endpoint: str) -> None:
    """HF_ENDPOINT is what to look at."""
    error = refusal(make_service(client=HubClient(endpoint)))
    assert error.code == "hub-network" and "HF_ENDPOINT" in error.message


def test_silence(hub: HubServer, make_service: MakeService) -> None:
    """A hub that accepts the connection and says nothing."""
    hub.add(REPOSITORY, model_files())
    hub.fail("config.json", Fault(hold_after=0))
    client = HubClient(hub.endpoint, timeout_s=0.2)
    error = refusal(make_service(client=client, retry=Retry(waits_s=())))
    assert (
        error.code == "hub-network" and "within 0.2 s" in error.message and "HF_HUB_DOWNLOAD_TIMEOUT" in error.message
    )


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.usefixtures("fresh_connections")
def test_a_certificate_that_is_not_trusted(
    tmp_path: Path, make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused, once, and SSL_CERT_FILE is what helps: with it the same download works."""
    cert, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with HubServer(tls) as hub:
        hub.add(REPOSITORY, model_files())
        service = make_service(client=HubClient(hub.endpoint))
        error = refusal(service)
        assert error.code == "hub-network" and "SSL_CERT_FILE" in error.message and "certificate" in error.message
        assert hub.seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        huggingface_hub.close_session()
        assert service.pull(REPOSITORY).is_dir()


@pytest.mark.usefixtures("fresh_connections")
def test_a_proxy_is_used(hub: HubServer, make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY holds: hosts that only the proxy knows are reached through it."""
    hub.add(REPOSITORY, model_files())
    monkeypatch.setenv("HTTP_PROXY", hub.endpoint)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    plan = make_service(client=HubClient("http://hub.invalid")).plan(REPOSITORY)
    assert plan.nbytes > 0
    assert hub.seen[0].path.startswith("http://hub.invalid/api/models/")


@pytest.mark.usefixtures("fresh_connections")
def test_a_proxy_that_is_not_there(hub: HubServer, make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is what to look at, not the network; a hub that is reached without the proxy is no matter of it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    error = refusal(make_service(client=HubClient("http://hub.invalid")))
    assert error.code == "hub-network" and "HTTPS_PROXY (or HTTP_PROXY" in error.message
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    error = refusal(make_service(client=HubClient("http://127.0.0.1:9")))
    assert error.code == "hub-network" and "PROXY" not in error.message


@pytest.mark.usefixtures("fresh_connections")
def test_a_proxy_that_refuses(hub: HubServer, make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable to look at is named; a proxy that wants a password is not asked again and again."""
    monkeypatch.setenv("HTTPS_PROXY", hub.endpoint)
    error = refusal(make_service(client=HubClient("https://hub.invalid")))
    assert error.code == "hub-network" and "HTTPS_PROXY" in error.message
    assert [seen.method for seen in hub.seen] == ["CONNECT"]


@pytest.mark.usefixtures("fresh_connections")
@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HTTPS_PROXY", "nonsense://user:pa55@proxy", "expected such as http://proxy:8080"),
        ("HTTPS_PROXY", "http://user:pa55@proxy:port", "expected such as http://proxy:8080"),
        pytest.param(
            "ALL_PROXY",
            "socks5://user:pa55@proxy",
            "socksio",
            marks=pytest.mark.skipif(find_spec("socksio") is not None, reason="SOCKS proxies can be used here"),
        ),
        ("SSL_CERT_FILE", "/no/such/file", "SSL_CERT_FILE"),
    ],
)
def test_settings_of_the_network_that_are_wrong(
    hub: HubServer, make_service: MakeService, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    """The variable is named; the password in it is not shown."""
    monkeypatch.setenv(variable, value)
    error = refusal(make_service())
    assert error.code == "hub-network" and told in error.message and "pa55" not in error.message


def test_offline_mode(hub: HubServer, make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE nothing is asked."""
    hub.add(REPOSITORY, model_files())
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = refusal(make_service())
    assert error.code == "hub-offline" and "HF_HUB_OFFLINE" in error.message and isinstance(error, UserError)
    assert hub.seen == []


def test_offline_mode_and_endpoint_by_the_environment(hub: HubServer, tmp_path: Path) -> None:
    """A new process reads HF_ENDPOINT, HF_HUB_OFFLINE and HF_HUB_DOWNLOAD_TIMEOUT as huggingface-hub does."""
    hub.add(REPOSITORY, model_files())
    code = (
        "import sys\nfrom pathlib import Path\nfrom app.core.errors import GriffinDeskError\n"
        "from app.services.hub.pull import HubService\nfrom app.services.tokens import TokenStore\n"
        "service = HubService(models_dir=Path(sys.argv[1]), tokens=TokenStore())\n"
        "try:\n    print(service.plan(sys.argv[2]).nbytes, service.page('a/b'), service._client.timeout_s)\n"
        "except GriffinDeskError as error:\n    print(error.code)\n"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(tmp_path),
        "HF_HUB_DOWNLOAD_TIMEOUT": "33",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    said = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "models"), REPOSITORY],
            cwd=ROOT,
            env=environment | more,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for more in ({}, {"HF_HUB_OFFLINE": "1"})
    ]
    assert said[0].split()[1:] == [f"{hub.endpoint}/a/b", "33.0"]
    assert said[1] == "hub-offline"


def test_a_folder_that_is_closed_to_us(service: HubService, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a download that another window runs."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert refusal(service).code == "models-dir"


class _FullDisk:
    """A file that takes a part of the download and then no more, as a full disk does."""

    def __init__(self, stream: Any, room: int) -> None:
        self._stream, self._room = stream, room

    def write(self, block: bytes) -> int:
        self._room -= len(block)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._stream.write(block))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def test_the_disk_fills_up(hub: HubServer, service: HubService, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is kept, and gone on with once there is room."""
    files = model_files(400_000)
    hub.add(REPOSITORY, files)
    opened = part.Part.__init__

    def full(self: part.Part, *arguments: Any) -> None:
        opened(self, *arguments)
        self._stream = _FullDisk(self._stream, 100_000)  # type: ignore[assignment]

    with monkeypatch.context() as patch:
        patch.setattr(part.Part, "__init__", full)
        error = refusal(service)
    assert error.code == "disk-full" and "make room" in error.message
    hub.seen.clear()
    folder = service.pull(REPOSITORY)
    assert (folder / "model-00001-of-00002.safetensors").read_bytes() == files["model-00001-of-00002.safetensors"]
    assert hub.requests("cdn")[0].start > 0


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EDQUOT, "disk-full"), (errno.EACCES, "models-dir")]
)
def test_errors_of_the_disk(number: int, code: str) -> None:
    """Full, over the quota, and closed to us."""
    assert disk_error(OSError(number, os.strerror(number)), Path("/x")).code == code
