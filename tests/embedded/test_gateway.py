"""The gateway: requests through a real nginx with the template's configuration.

The servers behind it answer with the request that they received; ``tests/cluster`` has those of the
product.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.core import ids
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.gateway import UPSTREAM_FAIL_TIMEOUT_S, Gateway, Tls, template_fill
from apps.embedded.programs import Site
from tests.support.control import is_ready
from tests.support.eventually import eventually
from tests.support.gateways import running
from tests.support.launcher import ROOT, free_port
from tests.support.needs import need_nginx
from tests.support.upstreams import Upstream

BODY_BYTES = 128 * 1024
#: Enough for each of three servers to get some, whatever the ids are.
DOCUMENTS = 60


@pytest.fixture
def upstreams() -> Iterator[list[Upstream]]:
    """Return three servers."""
    with ExitStack() as servers:
        yield [servers.enter_context(Upstream()) for _ in range(3)]


@pytest.fixture
def gateway(upstreams: list[Upstream]) -> Gateway:
    """Return a gateway before the servers that is not running yet."""
    need_nginx()
    site = Site("127.0.0.1", free_port())
    return Gateway(site, [upstream.port for upstream in upstreams], BODY_BYTES)


@pytest.fixture
def url(gateway: Gateway, data_dir: DataDir) -> Iterator[str]:
    """Return the address of a running gateway."""
    with running(gateway, data_dir) as url:
        yield url


def server_of(url: str, path: str) -> int:
    """Return the port of the server that got a request."""
    answer = requests.get(f"{url}{path}", timeout=10)
    assert answer.ok, answer.text
    return int(answer.json()["port"])


def homes(url: str, documents: list[str]) -> dict[str, int]:
    """Return the port of each document's server."""
    return {document: server_of(url, f"/documents/{document}/") for document in documents}


# --- routing ------------------------------------------------------------------------


def test_all_requests_for_a_document_go_to_one_server(url: str) -> None:
    """Page, REST calls and socket; the documents are spread over all servers."""
    documents = [ids.new_id() for _ in range(DOCUMENTS)]
    home = homes(url, documents)
    for document in documents[:10]:
        for path in (f"/api/v1/documents/{document}/", f"/ws/documents/{document}?token=x"):
            assert server_of(url, path) == home[document], path
    shares = Counter(home.values())
    assert len(shares) == 3
    assert min(shares.values()) >= DOCUMENTS // 12


def test_documents_of_a_stopped_server_move_and_return(url: str, upstreams: list[Upstream]) -> None:
    """The documents of the other servers do not move."""
    documents = [ids.new_id() for _ in range(DOCUMENTS)]
    before = homes(url, documents)
    gone = upstreams[0]
    gone.stop()
    during = homes(url, documents)
    assert gone.port not in during.values()
    moved = {document for document in documents if during[document] != before[document]}
    assert moved == {document for document in documents if before[document] == gone.port}
    path = f"/documents/{moved.pop()}/"
    with Upstream(gone.port):
        eventually(lambda: server_of(url, path) == gone.port, 10 * UPSTREAM_FAIL_TIMEOUT_S)
        assert homes(url, documents) == before


def test_edit_is_retried_on_another_server_only_if_the_first_is_unreachable(
    url: str, upstreams: list[Upstream]
) -> None:
    """A server that answers, even with an error, may have stored the edit."""
    document = ids.new_id()
    path = f"/api/v1/documents/{document}/operations/"
    home = server_of(url, path)
    [first] = [upstream for upstream in upstreams if upstream.port == home]
    first.status = 503
    answer = requests.post(f"{url}{path}", json={}, timeout=10)
    assert (answer.status_code, answer.json()["port"]) == (503, home)
    first.stop()
    answer = requests.post(f"{url}{path}", json={}, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["port"] != home


def test_read_is_retried_on_another_server(url: str, upstreams: list[Upstream]) -> None:
    """For example, if the first server has lost its storage."""
    path = f"/api/v1/documents/{ids.new_id()}/"
    home = server_of(url, path)
    [first] = [upstream for upstream in upstreams if upstream.port == home]
    first.status = 503
    assert server_of(url, path) != home


@pytest.mark.parametrize("path", ["/", "/api/v1/documents/"])
def test_without_servers_the_answer_is_503_with_retry_after(
    path: str, url: str, upstreams: list[Upstream]
) -> None:
    """REST gets the standard error body; the answer does not name nginx."""
    for upstream in upstreams:
        upstream.stop()
    answer = requests.get(f"{url}{path}", timeout=10)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if path != "/":
        assert answer.json()["code"] == "unavailable"
    assert "nginx/" not in f"{answer.headers} {answer.text}"


# --- headers and limits -------------------------------------------------------------------------


def test_forwarding_headers_are_set_by_the_gateway_only(
    url: str, upstreams: list[Upstream]
) -> None:
    """Those of the caller are not passed on."""
    forged = {
        "X-Forwarded-For": "8.8.8.8",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=8.8.8.8",
        "Upgrade": "h2c",
        "X-Request-ID": "mine",
    }
    received = requests.get(f"{url}/", headers=forged, timeout=10).json()["headers"]
    assert received["x-forwarded-for"] == "127.0.0.1"
    assert received["x-forwarded-proto"] == "http"
    assert received["host"] == url.removeprefix("http://")
    assert {"x-forwarded-host", "forwarded", "upgrade"}.isdisjoint(received)
    assert re.fullmatch("[0-9a-f]{32}", received["x-request-id"])


def test_body_limit_is_slightly_above_that_of_the_servers(url: str) -> None:
    """So the server answers with its own error, and large bodies do not fill the disk."""
    path = f"{url}/api/v1/documents/"
    assert requests.post(path, data=bytes(BODY_BYTES + 1), timeout=10).status_code == 200
    answer = requests.post(path, data=bytes(4 * BODY_BYTES), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_flood_of_sockets_from_one_address_is_throttled(url: str) -> None:
    """With Retry-After; REST is not affected."""
    flood = f"{url}/ws/documents/{ids.new_id()}"
    with requests.Session() as caller:
        answers = (caller.get(flood, timeout=10) for _ in range(5_000))
        refused = next(answer for answer in answers if answer.status_code != 200)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused.headers["Retry-After"] == "1"
    assert requests.get(f"{url}/api/v1/", timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_probes_are_for_internal_addresses_only(
    path: str, gateway: Gateway, data_dir: DataDir
) -> None:
    """They show services and their errors; other addresses get 404."""
    with running(gateway, data_dir) as url:
        assert requests.get(f"{url}{path}", timeout=10).status_code == 200
    with running(replace(gateway, internal_addresses=["10.0.0.1"]), data_dir) as url:
        answer = requests.get(f"{url}{path}", timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert requests.get(f"{url}/healthz", timeout=10).status_code == 200


def test_access_log_has_request_ids_and_no_tokens(
    gateway: Gateway, data_dir: DataDir, tmp_path: Path
) -> None:
    """Sockets have a token in the query; also if no server answers."""
    without_servers = replace(gateway, ports=[1])
    without_servers.write(data_dir)
    program = without_servers.program(data_dir)
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(program.argv(data_dir), stdout=output, stderr=output) as process,
    ):
        check: Callable[[], object] = program.probe or str
        eventually(lambda: is_ready(check))
        path = f"{gateway.site.url}/ws/documents/{ids.new_id()}"
        answer = requests.get(f"{path}?token=secret", timeout=10)
        line = f" id={answer.headers['X-Request-ID']}\n"
        eventually(lambda: line in log.read_text())
        process.terminate()
    assert "secret" not in log.read_text()


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture
def tls(short_path: Path) -> Tls:
    """Return a new certificate for localhost, in a folder with a space."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    tls = Tls(short_path / "certificate.pem", short_path / "key.pem")
    tls.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    tls.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tls


def test_gateway_with_a_certificate_uses_tls(gateway: Gateway, data_dir: DataDir, tls: Tls) -> None:
    """The header for the server names HTTPS."""
    site = replace(gateway.site, scheme="https")
    with running(replace(gateway, site=site, tls=tls), data_dir):
        url = f"https://localhost:{site.port}/"
        received = requests.get(url, verify=str(tls.certificate), timeout=10).json()["headers"]
    assert received["x-forwarded-proto"] == "https"


def test_unusable_certificate_is_an_error_of_one_line(
    gateway: Gateway, data_dir: DataDir, tls: Tls
) -> None:
    """With the variable that names it, or with nginx's message."""
    with pytest.raises(EmbeddedError, match=r"TLS_KEY=.* cannot be read"):
        replace(gateway, tls=replace(tls, key=tls.key / "none")).write(data_dir)
    tls.certificate.write_text("no certificate")
    with pytest.raises(EmbeddedError, match=r"cannot start: .*certificate\.pem") as caught:
        replace(gateway, tls=tls).write(data_dir)
    assert len(str(caught.value).splitlines()) == 1


# --- the template --------------------------------------------------------------------------------


def test_template_documents_all_its_placeholders() -> None:
    """A container replaces the same ones."""
    text = (ROOT / "docker" / "gateway" / "nginx.conf.template").read_text()
    head, _, body = text.partition("All paths are relative")
    names = {word for word in head.split() if word.startswith("GATEWAY_")}
    assert all(f"${{{name}}}" in body for name in names)
    filled = template_fill(dict.fromkeys(names, "x"))
    assert not [line for line in filled.splitlines() if "${" in line and "#" not in line]
