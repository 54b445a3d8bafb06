"""Uploads to a running server: large, slow, at once, and of strangers."""

import hashlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.attachments import samples
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

MIB = 1024 * 1024


@pytest.fixture
def path(stack: Launched) -> str:
    """Return the path of the files of a new document of Ada's, which Grace may read."""
    document_id = stack.create_document("ada", grace="viewer")
    return f"documents/{document_id}/attachments/"


def upload(stack: Launched, path: str, data: bytes, name: str = "a.bin.txt") -> requests.Response:
    """Upload a file as Ada."""
    return stack.call("ada", "POST", path, files={"file": (name, data, "text/plain")})


def test_large_file_comes_back_whole_and_in_parts(stack: Launched, path: str) -> None:
    """Streamed, and with ranges that begin deep in it."""
    data = os.urandom(3 * MIB).hex().encode()
    body = upload(stack, path, data).json()
    assert body["id"] == hashlib.sha256(data).hexdigest()
    url = f"{path}{body['id']}/"
    whole = stack.call("grace", "GET", url)
    assert whole.content == data
    assert whole.headers["Content-Length"] == str(len(data))
    part = stack.call("grace", "GET", url, headers={"Range": "bytes=5000000-"})
    assert (part.status_code, part.content) == (206, data[5_000_000:])


def test_file_above_the_limit_is_refused_while_it_comes(stack: Launched, path: str) -> None:
    """By its declared length, and without one by counting; nothing is stored."""
    data = b"a" * (26 * MIB)
    declared = upload(stack, path, data)
    assert (declared.status_code, declared.json()["code"]) == (413, "limit_exceeded")
    assert declared.json()["extra"]["limit"] == "ATTACHMENT_MAX_BYTES"
    assert stack.call("ada", "GET", path).json()["results"] == []


def test_stranger_cannot_send_more_than_to_any_other_path(stack: Launched, path: str) -> None:
    """Nothing is spooled for who sends no credentials."""
    answer = requests.post(f"{stack.url}/api/v1/{path}", data=b"a" * (9 * MIB), timeout=30)
    assert (answer.status_code, answer.json()["extra"]["limit"]) == (413, "REST_BODY_BYTES")
    elsewhere = stack.call("ada", "POST", "documents/", data=b"a" * (9 * MIB))
    assert (elsewhere.status_code, elsewhere.json()["extra"]["limit"]) == (413, "REST_BODY_BYTES")


def test_slow_upload_is_ended_and_others_are_served(stack: Launched, path: str) -> None:
    """One byte, and then none: the connection ends after ``REQUEST_WAIT_S``."""
    with (
        WebServer(stack, "web-slow", {"REQUEST_WAIT_S": "2"}) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow,
    ):
        head = (
            f"POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {stack.token('ada')}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n-"
        )
        slow.sendall(head.encode())
        began = time.monotonic()
        assert requests.get(f"{server.url}/healthz", timeout=5).ok
        while slow.recv(4096):
            pass
        assert time.monotonic() - began < 25


@pytest.mark.parametrize("missing", [1, 1_000_000], ids=["before its end", "in the middle"])
def test_upload_that_is_cancelled_leaves_nothing(stack: Launched, path: str, missing: int) -> None:
    """The page closes the connection; the server stores neither bytes nor a row."""
    data = os.urandom(2 * MIB)
    sha = hashlib.sha256(data).hexdigest()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--x--\r\n"
    )
    with WebServer(stack, f"web-cancelled-{missing}") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as page:
            head = (
                f"POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {stack.token('ada')}\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            page.sendall(head.encode() + body[:-missing])
        assert requests.get(f"{server.url}/healthz", timeout=5).ok
    assert stack.call("ada", "GET", path).json()["results"] == []
    assert not (stack.data_dir / "files" / sha[:2] / sha).exists()
    drafts = stack.data_dir / "files" / "drafts"
    assert not drafts.exists() or list(drafts.iterdir()) == []


def test_same_bytes_at_once_are_one_file(stack: Launched, path: str) -> None:
    """From several people's pages, in one document and in two."""
    other = f"documents/{stack.create_document('ada')}/attachments/"
    data = samples.png(900, 700)
    sha = hashlib.sha256(data).hexdigest()
    stack.token("ada")

    def send(where: str) -> Any:
        files = {"file": ("a.png", data, "image/png")}
        return stack.call("ada", "POST", where, files=files)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(send, [path, other] * 3))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["id"] for answer in answers} == {sha}
    for where in (path, other):
        rows = stack.call("ada", "GET", where).json()["results"]
        assert [row["id"] for row in rows] == [sha]
        assert stack.call("ada", "GET", f"{where}{sha}/").status_code == 200


def test_bombs_do_not_delay_others(stack: Launched, path: str) -> None:
    """Each is refused by its header, and the server's own memory stays."""
    pid = stack.pid("web")
    before = _memory_kib(pid)
    files = {"file": ("a.png", samples.bomb(), "image/png")}
    for _ in range(5):
        answer = stack.call("ada", "POST", path, files=files)
        assert (answer.status_code, answer.json()["extra"]["limit"]) == (
            413,
            "ATTACHMENT_MAX_PIXELS",
        )
        assert stack.call("grace", "GET", path).status_code == 200
    assert _memory_kib(pid) - before < 50_000


def _memory_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(dict(line.split(":", 1) for line in lines)["VmRSS"].split()[0])
