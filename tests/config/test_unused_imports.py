"""What a process does not import."""

import ast

import pytest

from config.unused_imports import has_no_tls
from tests.core.processes import run_python

LOADS = "import django, sys; django.setup(); print('OpenSSL' in sys.modules)"
#: Prints which of the modules that other libraries import by the way are there, then whether they
#: can be imported.
BY_THE_WAY = """
import django, sys
django.setup()
names = ["opentelemetry", "requests", "pygments"]
print([name for name in names if name in sys.modules])
import opentelemetry.sdk.metrics, requests
"""
#: Prints what a web server has imported with its URLs and its channel layer that nothing uses
#: there; then imports it, and whether a changed setting is still noticed.
WEB_SERVER = """
import config.asgi, sys
from apps.collab.peer_bus import PeerBus
from apps.collab.servers import uvicorn_server
from django.urls import get_resolver
get_resolver().url_patterns
PeerBus(lambda message: None)
names = ["PIL", "cryptography.fernet", "django.test", "markdown_it", "unittest"]
print([name for name in names if name in sys.modules])
import cryptography.fernet, django.test.utils, unittest
from apps.crdt.content.readers import READ_FORMATS, content_read
from rest_framework_simplejwt.settings import api_settings
assert all(content_read("x", kind) for kind in READ_FORMATS if kind != "json")
with django.test.utils.override_settings(SIMPLE_JWT={"ALGORITHM": "HS512"}):
    from rest_framework_simplejwt.settings import api_settings
    print(api_settings.ALGORITHM)
"""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mongodb://user:tls@localhost:27017/scriptorium?authMechanism=PLAIN", True),
        ("mongodb://localhost/scriptorium", True),
        ("mongodb://localhost/scriptorium?tls=true", False),
        ("mongodb://localhost/?w=1&SSL=true", False),
        ("mongodb://localhost/?w=1;tlsCAFile=/ca.pem", False),
        ("mongodb+srv://cluster.example.org/scriptorium", False),
        ("", False),
    ],
)
def test_url_that_may_ask_for_tls(url: str, expected: bool) -> None:
    """By its options, not by a password."""
    assert has_no_tls(url) is expected


def test_launcher_imports_neither_openssl_nor_celery() -> None:
    """It is the first thing that a new user waits for."""
    script = "import sys, apps.embedded.__main__; print({'OpenSSL', 'celery'} & set(sys.modules))"
    done = run_python("-c", script, MONGODB_URL=None)
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize(("options", "expected"), [("", False), ("?tls=true", True)])
def test_process_imports_openssl_for_tls_only(options: str, expected: bool) -> None:
    """A whole product, without a service."""
    done = run_python("-c", LOADS, MONGODB_URL=f"mongodb://localhost/scriptorium{options}")
    assert done.stdout.strip() == str(expected), done.stderr


@pytest.mark.parametrize(
    ("endpoint", "expected"), [("", []), ("http://localhost:1", ["opentelemetry", "requests"])]
)
def test_process_imports_what_it_uses(endpoint: str, expected: list[str]) -> None:
    """OpenTelemetry and what its exporter needs only with an endpoint for traces."""
    done = run_python("-c", BY_THE_WAY, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == expected


def test_web_server_imports_what_it_uses() -> None:
    """Its parsers are those of child processes, and Django's test client is nobody's."""
    done = run_python("-c", WEB_SERVER)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["[]", "HS512"]
