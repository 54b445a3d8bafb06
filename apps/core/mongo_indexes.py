"""The indexes in MongoDB: those that the entities declare, compared with the existing ones.

The unique ones decide every race (docs/invariants.md, 2 and 3): without them, two servers could
assign the same seq to two operations. Names and directions of indexes are not compared: one of the
dialects chooses its own.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from mongoengine.base.common import _document_registry
from mongoengine.connection import get_db
from pymongo.errors import OperationFailure

from apps.core.errors import ConflictError


class IndexRefusedError(ConflictError):
    """MongoDB does not create an index: stored rows, or another index, contradict it."""

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
    """Create the missing indexes; return each declared one, and whether it was created now.

    Raises ``IndexRefusedError`` at the first that cannot be created.
    """
    made: list[tuple[Index, bool]] = []
    for collection, entity in _entities():
        before = set(indexes_found(collection))
        wanted = _wanted(collection, entity)
        try:
            entity.ensure_indexes()
        except OperationFailure as err:
            names = ", ".join(map(str, wanted))
            raise IndexRefusedError(f"One of {names} cannot be created: {err}") from err
        made += [(index, index not in before) for index in wanted]
    return made


def indexes_wanted() -> list[Index]:
    """Return the indexes that the entities declare, by collection."""
    return [index for collection, entity in _entities() for index in _wanted(collection, entity)]


def indexes_found(collection: str) -> list[Index]:
    """Return the indexes of a collection, without that of its ids; none for no collection."""
    database = get_db()
    # In a dialect, reading the indexes of a missing collection would create it.
    if collection not in database.list_collection_names():
        return []
    return [
        Index(collection, tuple(field for field, _ in found["key"]), bool(found.get("unique")))
        for name, found in database[collection].index_information().items()
        if name != "_id_"
    ]


def _entities() -> list[tuple[str, Any]]:
    """Return the entities with indexes, by collection, without a request to the server."""
    with_indexes = (
        entity for entity in _document_registry.values() if _meta(entity).get("index_specs")
    )
    named = [(str(_meta(entity)["collection"]), entity) for entity in with_indexes]
    return sorted(named, key=itemgetter(0))


def _wanted(collection: str, entity: Any) -> list[Index]:
    return [
        Index(collection, tuple(field for field, _ in spec["fields"]), bool(spec.get("unique")))
        for spec in _meta(entity)["index_specs"]
    ]


def _meta(entity: Any) -> dict[str, Any]:
    meta: dict[str, Any] = entity._meta  # noqa: SLF001 - MongoEngine has no public access to it
    return meta
