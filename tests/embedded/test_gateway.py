"""The gateway: the template as nginx reads it, and requests through a real nginx.

Behind it stand servers that say what they were asked; the product's own are in ``tests/cluster``.
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
from apps.embedded.gateway import PASSED_OVER_S, Gateway, Tls, template_fill
from apps.embedded.programs import Site
from tests.support.control import is_ready
from tests.support.eventually import eventually
from tests.support.gateways import running
from tests.support.launcher import ROOT, free_port
from tests.support.needs import need_nginx
from tests.support.upstreams import Upstream

BODY_BYTES = 128 * 1024
#: Enough that each of three servers gets some, whatever the ids are.
DOCUMENTS = 60


@pytest.fixture
def upstreams() -> Iterator[list[Upstream]]:
    """Return three servers."""
    with ExitStack() as servers:
        yield [servers.enter_context(Upstream()) for _ in range(3)]


@pytest.fixture
def gateway(upstreams: list[Upstream]) -> Gateway:
    """Return a gateway before them that does not run yet."""
    need_nginx()
    site = Site("127.0.0.1", free_port())
    return Gateway(site, [each.port for each in upstreams], BODY_BYTES)


@pytest.fixture
def url(gateway: Gateway, place: DataDir) -> Iterator[str]:
    """Return the address of a gateway that runs."""
    with running(gateway, place) as url:
        yield url


def server_of(url: str, path: str) -> int:
    """Return the port of the server that got a request."""
    answer = requests.get(f"{url}{path}", timeout=10)
    assert answer.ok, answer.text
    return int(answer.json()["port"])


def homes(url: str, documents: list[str]) -> dict[str, int]:
    """Return which server each document lives on."""
    return {each: server_of(url, f"/documents/{each}/") for each in documents}


# --- where a request goes ------------------------------------------------------------------------


def test_document_lives_on_one_server_whatever_is_asked_of_it(url: str) -> None:
    """Its page, each of its REST calls and its socket; the documents are spread over all."""
    documents = [ids.new_id() for _ in range(DOCUMENTS)]
    home = homes(url, documents)
    for each in documents[:10]:
        for path in (f"/api/v1/documents/{each}/", f"/ws/documents/{each}?token=x", "/"):
            if each in path:
                assert server_of(url, path) == home[each], path
    shares = Counter(home.values())
    assert len(shares) == 3
    assert min(shares.values()) >= DOCUMENTS // 12


def test_server_taken_out_gives_away_its_own_share_and_gets_it_back(
    url: str, upstreams: list[Upstream]
) -> None:
    """The documents of the others stay where they are."""
    documents = [ids.new_id() for _ in range(DOCUMENTS)]
    before = homes(url, documents)
    gone = upstreams[0]
    gone.stop()
    during = homes(url, documents)
    assert gone.port not in during.values()
    moved = {each for each in documents if during[each] != before[each]}
    assert moved == {each for each in documents if before[each] == gone.port}
    path = f"/documents/{moved.pop()}/"
    with Upstream(gone.port):
        eventually(lambda: server_of(url, path) == gone.port, 10 * PASSED_OVER_S)
        assert homes(url, documents) == before


def test_edit_goes_to_another_server_only_where_the_first_has_not_seen_it(
    url: str, upstreams: list[Upstream]
) -> None:
    """A server that is not there has seen nothing; one that answers, whatever it says, has."""
    document = ids.new_id()
    path = f"/api/v1/documents/{document}/operations/"
    home = server_of(url, path)
    [first] = [each for each in upstreams if each.port == home]
    first.status = 503
    answer = requests.post(f"{url}{path}", json={}, timeout=10)
    assert (answer.status_code, answer.json()["port"]) == (503, home)
    first.stop()
    answer = requests.post(f"{url}{path}", json={}, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["port"] != home


def test_read_goes_on_to_a_server_that_can_serve_it(url: str, upstreams: list[Upstream]) -> None:
    """As when one of them is cut off from its storage."""
    path = f"/api/v1/documents/{ids.new_id()}/"
    home = server_of(url, path)
    [first] = [each for each in upstreams if each.port == home]
    first.status = 503
    assert server_of(url, path) != home


@pytest.mark.parametrize("path", ["/", "/api/v1/documents/"])
def test_without_any_server_the_answer_is_503_and_when_to_come_back(
    path: str, url: str, upstreams: list[Upstream]
) -> None:
    """REST's in REST's shape; nothing of the gateway's own."""
    for each in upstreams:
        each.stop()
    answer = requests.get(f"{url}{path}", timeout=10)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if path != "/":
        assert answer.json()["code"] == "unavailable"
    assert "nginx/" not in f"{answer.headers} {answer.text}"


# --- what is let through -------------------------------------------------------------------------


def test_server_is_told_the_callers_address_by_the_gateway_alone(
    url: str, upstreams: list[Upstream]
) -> None:
    """What a caller says of it is not passed on."""
    lies = {
        "X-Forwarded-For": "8.8.8.8",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=8.8.8.8",
        "Upgrade": "h2c",
        "X-Request-ID": "mine",
    }
    told = requests.get(f"{url}/", headers=lies, timeout=10).json()["headers"]
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"
    assert told["host"] == url.removeprefix("http://")
    assert {"x-forwarded-host", "forwarded", "upgrade"}.isdisjoint(told)
    assert re.fullmatch("[0-9a-f]{32}", told["x-request-id"])


def test_body_may_be_a_bit_longer_than_the_servers_own_limit_and_no_more(url: str) -> None:
    """So the server says its own error, and nobody fills the disk."""
    path = f"{url}/api/v1/documents/"
    assert requests.post(path, data=bytes(BODY_BYTES + 1), timeout=10).status_code == 200
    answer = requests.post(path, data=bytes(4 * BODY_BYTES), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_flood_of_sockets_from_one_address_is_held_up(url: str) -> None:
    """With a word when to come back, and REST goes on."""
    flood = f"{url}/ws/documents/{ids.new_id()}"
    with requests.Session() as caller:
        answers = (caller.get(flood, timeout=10) for _ in range(5_000))
        refused = next(answer for answer in answers if answer.status_code != 200)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused.headers["Retry-After"] == "1"
    assert requests.get(f"{url}/api/v1/", timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_probes_are_for_insiders(path: str, gateway: Gateway, place: DataDir) -> None:
    """They name services and their errors; to all others there is nothing."""
    with running(gateway, place) as url:
        assert requests.get(f"{url}{path}", timeout=10).status_code == 200
    with running(replace(gateway, insiders=["10.0.0.1"]), place) as url:
        answer = requests.get(f"{url}{path}", timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert requests.get(f"{url}/healthz", timeout=10).status_code == 200


def test_log_of_requests_has_their_ids_and_no_token(
    gateway: Gateway, place: DataDir, tmp_path: Path
) -> None:
    """Sockets bring a token in the query; also when no server is there to answer."""
    nobody = replace(gateway, ports=[1])
    nobody.write(place)
    program = nobody.program(place)
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(program.words(place), stdout=output, stderr=output) as process,
    ):
        check: Callable[[], object] = program.is_ready or str
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
    """Return a new certificate of localhost, in a folder with a space."""
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


def test_gateway_with_a_certificate_speaks_tls_and_says_so(
    gateway: Gateway, place: DataDir, tls: Tls
) -> None:
    """The server behind learns that the caller came by HTTPS."""
    site = replace(gateway.site, scheme="https")
    with running(replace(gateway, site=site, tls=tls), place):
        url = f"https://localhost:{site.port}/"
        told = requests.get(url, verify=str(tls.certificate), timeout=10).json()["headers"]
    assert told["x-forwarded-proto"] == "https"


def test_certificate_that_cannot_be_used_is_said_in_one_line(
    gateway: Gateway, place: DataDir, tls: Tls
) -> None:
    """By the variable that names it, or in nginx's words."""
    with pytest.raises(EmbeddedError, match=r"TLS_KEY=.* cannot be read"):
        replace(gateway, tls=replace(tls, key=tls.key / "none")).write(place)
    tls.certificate.write_text("no certificate")
    with pytest.raises(EmbeddedError, match=r"cannot start: .*certificate\.pem") as caught:
        replace(gateway, tls=tls).write(place)
    assert len(str(caught.value).splitlines()) == 1


# --- the template --------------------------------------------------------------------------------


def test_template_names_each_placeholder_and_needs_no_other() -> None:
    """A container fills in the same ones, by its own means."""
    text = (ROOT / "docker" / "gateway" / "nginx.conf.template").read_text()
    head, _, body = text.partition("All paths are relative")
    names = {word for word in head.split() if word.startswith("GATEWAY_")}
    assert all(f"${{{name}}}" in body for name in names)
    filled = template_fill(dict.fromkeys(names, "x"))
    assert not [line for line in filled.splitlines() if "${" in line and "#" not in line]
