"""The indexes in MongoDB: what the entities ask for, held against what is there.

The unique ones decide every race (docs/invariants.md, 2 and 3): without one, two
servers could give the same number to two operations. Names and directions are the server's matter:
one of the dialects makes its own.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from mongoengine.base.common import _document_registry
from mongoengine.connection import get_db
from pymongo.errors import OperationFailure

from apps.core.errors import ConflictError


class IndexRefusedError(ConflictError):
    """MongoDB does not make an index: what is stored, or another index, contradicts it."""

    code = "index_refused"


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a collection over fields, in this order."""

    collection: str
    fields: tuple[str, ...]
    unique: bool

    def __str__(self) -> str:
        return f"{self.collection} ({', '.join(self.fields)}){' unique' if self.unique else ''}"


def indexes_ensure() -> list[tuple[Index, bool]]:
    """Make the indexes that are missing; return each wanted one, and whether it was made now.

    Raises ``IndexRefusedError`` at the first that cannot be made.
    """
    made: list[tuple[Index, bool]] = []
    for collection, entity in _entities():
        before = set(indexes_found(collection))
        wanted = _wanted(collection, entity)
        try:
            entity.ensure_indexes()
        except OperationFailure as err:
            names = ", ".join(map(str, wanted))
            raise IndexRefusedError(f"One of {names} cannot be made: {err}") from err
        made += [(index, index not in before) for index in wanted]
    return made


def indexes_wanted() -> list[Index]:
    """Return all that the entities ask for, by collection."""
    return [index for collection, entity in _entities() for index in _wanted(collection, entity)]


def indexes_found(collection: str) -> list[Index]:
    """Return what a collection has, without the one of its ids; nothing where there is none."""
    database = get_db()
    # To ask a dialect for the indexes of a collection that is not there would make it.
    if collection not in database.list_collection_names():
        return []
    return [
        Index(collection, tuple(field for field, _ in found["key"]), bool(found.get("unique")))
        for name, found in database[collection].index_information().items()
        if name != "_id_"
    ]


def _entities() -> list[tuple[str, Any]]:
    """Return the entities that have indexes, by collection. Nothing is asked of the server."""
    with_indexes = (each for each in _document_registry.values() if _meta(each).get("index_specs"))
    named = [(str(_meta(entity)["collection"]), entity) for entity in with_indexes]
    return sorted(named, key=itemgetter(0))


def _wanted(collection: str, entity: Any) -> list[Index]:
    return [
        Index(collection, tuple(field for field, _ in spec["fields"]), bool(spec.get("unique")))
        for spec in _meta(entity)["index_specs"]
    ]


def _meta(entity: Any) -> dict[str, Any]:
    meta: dict[str, Any] = entity._meta  # noqa: SLF001 - MongoEngine shows it nowhere else
    return meta
