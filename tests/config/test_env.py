"""Environment variables: their documentation, and the errors that stop the start."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.core.processes import run_python
from tests.support.launcher import ROOT

READERS = [*sorted(ROOT.glob("config/**/*.py")), *sorted(ROOT.glob("apps/embedded/**/*.py"))]
REQUIRED = [
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "MONGODB_URL",
    "REDIS_URL",
    "SECRET_KEY",
]
LOAD = ("-c", "import django; django.setup()")


@dataclass(frozen=True)
class Read:
    """An expression in the source that reads a variable; ``default`` is code, None if required."""

    name: str
    default: ast.expr | None


def reads(file: Path) -> Iterator[Read]:
    """Yield every ``env.<type>(NAME, …)`` and ``os.environ.setdefault(NAME, …)`` of a file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("env.", "os.environ")):
            name = node.args[0]
            assert isinstance(name, ast.Constant), f"{file}: the name is not a literal"
            yield Read(str(name.value), node.args[1] if len(node.args) > 1 else None)


def source() -> dict[str, Read]:
    """Return all variables that are read."""
    return {read.name: read for file in READERS for read in reads(file)}


def documented() -> dict[str, list[str]]:
    """Return the cells of each row of ``docs/env.md`` by the variable in the first cell."""
    rows: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / "env.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if found := re.fullmatch(r"`([A-Z_]+)`", cells[0]):
            assert found[1] not in rows, f"{found[1]} is listed twice"
            rows[found[1]] = cells[1:]
    return rows


def value(default: ast.expr) -> Any:
    """Return the value of a constant default; None for one that is computed at the start."""
    if any(isinstance(node, ast.Name | ast.Call) for node in ast.walk(default)):
        return None
    return eval(compile(ast.Expression(default), "<default>", "eval"), {"__builtins__": {}})  # noqa: S307 - our own source


def test_document_lists_every_variable_that_is_read_and_no_other() -> None:
    """In both directions."""
    assert set(documented()) == set(source())


def test_every_variable_has_unit_default_and_meaning() -> None:
    """All three cells have a value."""
    for name, cells in documented().items():
        assert len(cells) == 3, name
        assert all(cells), name
        assert cells[2].endswith((".", "…")), name


@pytest.mark.parametrize("name", sorted(source()))
def test_documented_default_is_that_of_the_source(name: str) -> None:
    """``required``, a constant, an empty list, or in brackets how it is computed."""
    default, documented_default = source()[name].default, documented()[name][1]
    if default is None:
        assert documented_default == "required"
        assert name in REQUIRED
    elif (constant := value(default)) is None:
        assert re.fullmatch(r"\(.+\)", documented_default)
    elif constant == []:
        assert documented_default == "empty"
    else:
        text = str(constant).lower() if isinstance(constant, bool) else str(constant)
        assert documented_default == f"`{text}`"


def test_nothing_else_in_the_product_reads_the_environment() -> None:
    """Otherwise this test would not see the variable."""
    for file in ROOT.glob("apps/**/*.py"):
        if file not in READERS:
            assert not re.search(r"\benviron\b|getenv|config\.env\b", file.read_text()), file


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_required_variable_stops_the_start_with_its_name(name: str) -> None:
    """Not with a traceback of a later error."""
    done = run_python(*LOAD, **{name: None})
    assert done.returncode != 0
    last_line = done.stderr.strip().splitlines()[-1]
    assert f'"{name}"' in last_line


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("SECRET_KEY", ""),
        ("LIMIT_FRAME_BYTES", "4 MiB"),
        ("DEBUG", "perhaps"),
        ("CRDT_ENGINE", "automerge"),
        ("DATABASE_URL", "not a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ],
)
def test_invalid_variable_stops_the_start_with_its_name(name: str, wrong: str) -> None:
    """The default is not used instead."""
    done = run_python(
        "-c", "from django.conf import settings; settings.SECRET_KEY", **{name: wrong}
    )
    assert done.returncode != 0
    assert name in done.stderr.strip().splitlines()[-1]


def test_variable_may_be_in_a_file(tmp_path: Path) -> None:
    """As containers provide secrets; a newline at the end is not part of the value."""
    secret = tmp_path / "secret key"
    secret.write_text("from a file\n")
    shown = ("-c", "from django.conf import settings; print(repr(settings.SECRET_KEY))")
    done = run_python(*shown, SECRET_KEY=None, SECRET_KEY_FILE=str(secret))
    assert done.stdout == "'from a file'\n", done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_unreadable_file_stops_the_start_with_its_name(name: str, tmp_path: Path) -> None:
    """The default is not used instead."""
    environment: dict[str, str | None] = {name: None, f"{name}_FILE": str(tmp_path / "none")}
    done = run_python(*LOAD, **environment)
    assert done.returncode != 0
    assert f"{name}_FILE" in done.stderr.strip().splitlines()[-1]


def test_variable_and_its_file_stop_the_start(tmp_path: Path) -> None:
    """Neither is preferred."""
    secret = tmp_path / "secret"
    secret.write_text("from a file")
    done = run_python(*LOAD, SECRET_KEY_FILE=str(secret))
    assert done.returncode != 0
    assert 'Set "SECRET_KEY" or "SECRET_KEY_FILE", not both.' in done.stderr


@pytest.mark.parametrize(("proxies", "secure"), [("0", "False"), ("1", "True")])
def test_forwarded_proto_is_trusted_only_behind_a_proxy(proxies: str, secure: str) -> None:
    """Without a proxy, a caller could claim TLS; behind one, forms need the header."""
    script = (
        "import django; django.setup()\n"
        "from django.test import RequestFactory\n"
        "print(RequestFactory().get('/', headers={'x-forwarded-proto': 'https'}).is_secure())"
    )
    done = run_python("-c", script, TRUSTED_PROXIES=proxies)
    assert done.stdout.strip() == secure, done.stderr
