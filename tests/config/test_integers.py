"""Integers of requests, over the whole OpenAPI schema: none is too large for a database."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from drf_spectacular.generators import SchemaGenerator

from apps.core.api.fields import MAX_INTEGER
from apps.oplog.bulk import operations_write
from tests.accounts.clients import bearer
from tests.accounts.factories import make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

HOSTILE = (-1, MAX_INTEGER, MAX_INTEGER + 1, 2**63 - 1, 2**63, 2**64, 10**30)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the OpenAPI schema."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    described: dict[str, Any] = generator.get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    return described


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, method, description)."""
    for path, methods in schema["paths"].items():
        for method, described in methods.items():
            yield path, method, described


def integer_parameters(described: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """Return the integers in the path or query of an operation."""
    return [
        parameter
        for parameter in described.get("parameters", ())
        if parameter["in"] == place and parameter["schema"].get("type") == "integer"
    ]


def body_of(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of an operation's JSON body."""
    content = described.get("requestBody", {}).get("content", {})
    return resolved(schema, content.get("application/json", {}).get("schema", {}))


def resolved(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """Follow references; return the properties of an object."""
    for part in (described, *described.get("allOf", ()), *described.get("oneOf", ())):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            found: dict[str, Any] = schema["components"]["schemas"][name].get("properties", {})
            return found
    return {}


def integers(schema: dict[str, Any], properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all integers in an object that a client sends, however deep."""
    for described in properties.values():
        if described.get("readOnly"):
            continue
        if described.get("type") == "integer":
            yield described
        else:
            yield from integers(schema, resolved(schema, described))


def test_every_integer_of_a_request_has_a_maximum(schema: dict[str, Any]) -> None:
    """In query strings and bodies; integers of paths are bounded by the converter."""
    count = 0
    for path, method, described in operations(schema):
        found = [parameter["schema"] for parameter in integer_parameters(described, "query")]
        found += integers(schema, body_of(schema, described))
        for integer in found:
            count += 1
            assert integer.get("maximum", 2**64) <= MAX_INTEGER, (path, method, integer)
    assert count > 20


def test_no_hostile_integer_breaks_a_call(schema: dict[str, Any]) -> None:
    """A database cannot compare with 2^63: that was a 500."""
    owner = make_user(may_create=True)
    scribe = Scribe(make_document(owner).id, author_id=str(owner.pk))
    list(operations_write(scribe.write_many(2)))
    client, count = bearer(owner), 0
    for path, method, described in operations(schema):
        for number in HOSTILE:
            for address, body in calls(schema, path, described, number, scribe.document_id):
                count += 1
                response = getattr(client, method)(address, body, format="json")
                assert response.status_code < 500, (method, address, body)
    assert count > 200


def calls(
    schema: dict[str, Any], path: str, described: dict[str, Any], number: int, document_id: str
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield addresses and bodies of calls with the number in the place of each integer."""
    in_path = {parameter["name"] for parameter in integer_parameters(described, "path")}

    def address(value: int) -> str:
        filled = path
        for name in in_path:
            filled = filled.replace(f"{{{name}}}", str(value))
        return filled.replace("{document_id}", document_id).replace("{kind}", "txt")

    if in_path:
        yield address(number), None
    needs = {"author": 1, "after_seq": 0} if path.endswith("/undo/") else {}
    for parameter in integer_parameters(described, "query"):
        query = {**needs, parameter["name"]: number}
        yield f"{address(1)}?{urlencode(query)}", None
    for name, integer in body_of(schema, described).items():
        if integer.get("type") == "integer" and not integer.get("readOnly"):
            yield address(1), {**needs, name: number}
