"""The reference of the API in words: the OpenAPI schema, arranged for a page. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_REF: Final = "#/components/schemas/"
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a shape. ``shape`` names the shape that it has, if any."""

    name: str
    kind: str
    shape: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """A request's or a response's content: its status ("" for a request), type and shape."""

    status: str
    media: str
    kind: str
    shape: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    tag: str
    description: str
    needs_token: bool
    parameters: list[Field]
    requests: list[Body]
    responses: list[Body]


@dataclass(frozen=True, slots=True)
class Shape:
    """A named shape of JSON, with its fields or its values."""

    name: str
    description: str
    fields: list[Field]
    values: list[str]


def reference_groups(schema: Schema) -> list[tuple[str, list[Operation]]]:
    """Return the operations by tag, in the order of their addresses."""
    found = sorted(_operations(schema), key=lambda operation: operation.tag)
    return [(tag, list(group)) for tag, group in groupby(found, key=lambda row: row.tag)]


def reference_shapes(schema: Schema) -> list[Shape]:
    """Return the named shapes, by name."""
    return [
        Shape(
            name=name,
            description=str(shape.get("description", "")),
            fields=[
                _field(field, value, is_required=field in shape.get("required", ()))
                for field, value in shape.get("properties", {}).items()
            ],
            values=[str(value) for value in shape.get("enum", ())],
        )
        for name, shape in sorted(schema["components"]["schemas"].items())
    ]


def _operations(schema: Schema) -> Iterator[Operation]:
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            yield Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                tag=operation["tags"][0],
                description=str(operation.get("description", "")),
                needs_token=bool(operation.get("security")) and {} not in operation["security"],
                parameters=[
                    _field(
                        row["name"],
                        row["schema"],
                        is_required=row.get("required", False),
                        description=f"In the {row['in']}. {row.get('description', '')}".strip(),
                    )
                    for row in operation.get("parameters", ())
                ],
                requests=list(_bodies("", operation.get("requestBody", {}))),
                responses=[
                    body
                    for status, answer in operation["responses"].items()
                    for body in _bodies(status, answer)
                ],
            )


def _bodies(status: str, holder: Schema) -> Iterator[Body]:
    """Return the contents of a request or an answer; an answer may have none."""
    description = str(holder.get("description", ""))
    content = holder.get("content", {})
    seen = set()
    for media, body in content.items():
        kind, shape = _kind(body.get("schema", {}))
        if (kind, shape) in seen:
            continue
        seen.add((kind, shape))
        yield Body(status, media, kind, shape, description)
    if status and not content:
        yield Body(status, "", "nothing", "", description)


def _field(name: str, schema: Schema, *, is_required: bool, description: str = "") -> Field:
    kind, shape = _kind(schema)
    words = description or str(schema.get("description", ""))
    return Field(name, kind, shape, is_required, words)


def _kind(schema: Schema) -> tuple[str, str]:
    """Return a type in words, and the name of the shape that it is, or is made of."""
    for several in ("allOf", "oneOf", "anyOf"):
        if schema.get(several):
            kind, shape = _kind(schema[several][0])
            return _or_null(kind, schema), shape
    if "$ref" in schema:
        return _or_null("", schema), schema["$ref"].removeprefix(_REF)
    if schema.get("type") == "array":
        kind, shape = _kind(schema.get("items", {}))
        return _or_null(f"list of {kind}".strip(), schema), shape
    kind = str(schema.get("type", "any value"))
    if "enum" in schema:
        kind += ": " + ", ".join(map(str, schema["enum"]))
    elif "format" in schema:
        kind += f" ({schema['format']})"
    return _or_null(kind, schema), ""


def _or_null(kind: str, schema: Schema) -> str:
    return f"{kind} or null".strip() if schema.get("nullable") else kind
