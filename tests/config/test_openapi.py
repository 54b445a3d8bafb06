"""The OpenAPI schema of the REST interface: complete, valid, and served."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

#: Paths under ``/api/`` without a description: the schema itself, and the root of the API.
NOT_DESCRIBED = {"/api/schema/", "/api/docs/", "/api/v1/"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the schema from the command, which fails on any warning."""
    file: Path = tmp_path_factory.mktemp("openapi") / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(file))
    described: dict[str, Any] = yaml.safe_load(file.read_text())
    return described


def paths(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
    """Return all paths of the product in OpenAPI's form."""
    found: list[str] = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += paths(pattern.url_patterns, path)
        else:
            found.append(path.replace("<str:", "{").replace("<number:", "{").replace(">", "}"))
    return found


def test_schema_describes_every_path_under_api(schema: dict[str, Any]) -> None:
    """And no other."""
    served = {path for path in paths(get_resolver().url_patterns) if path.startswith("/api/")}
    described = {path.replace("permissions/{id}", "permissions/{pk}") for path in schema["paths"]}
    assert described == served - NOT_DESCRIBED


def test_schema_gives_every_operation_a_tag_and_a_description(
    schema: dict[str, Any],
) -> None:
    """And a unique id."""
    operations = [
        operation for methods in schema["paths"].values() for operation in methods.values()
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation.get("description"), operation["operationId"]
        assert operation["tags"] != ["v1"], operation["operationId"]


def test_schema_and_its_page_need_no_login() -> None:
    """The page has every operation, with links to its shapes, and no inline script."""
    client = Client()
    response = client.get("/api/schema/")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/vnd.oai.openapi")
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<script>" not in text
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    operations = [
        operation for methods in schema["paths"].values() for operation in methods.values()
    ]
    for operation in operations:
        assert f'id="{operation["operationId"]}"' in text, operation["operationId"]
    anchors = set(re.findall(r'href="#([^"]+)"', text))
    assert anchors - set(re.findall(r' id="([^"]+)"', text)) == set()


def test_schema_is_made_once_for_all_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes 100 ms, and nobody has to be signed in; no query string makes another one."""
    client = Client()
    first = client.get("/api/schema/").content
    assert client.get("/api/schema/?format=json").json()["openapi"]

    def made_again(*_: object, **__: object) -> None:
        raise AssertionError("The schema was made again.")

    monkeypatch.setattr(SchemaGenerator, "get_schema", made_again)
    for query in ("", "?version=2", "?lang=de", "?x"):
        response = client.get(f"/api/schema/{query}")
        assert (response.status_code, response.content) == (200, first)
        assert response.headers["Cache-Control"] == "public, max-age=600"
    assert client.get("/api/schema/", headers={"Accept": "application/json"}).status_code == 200
