"""The short way of the embedded MongoDB server for the log's own command (ADR 0011).

Each commit is one ``bulkWrite``: inserts of operations, then updates of heads. In general nx-27017
copies each row three times, lets SQLite validate it, and reads a row before and after its update. A
command of plain inserts, and of updates that raise the number that they compare, needs none of
that: one statement for each write stores the same rows, and the answer is the same. All other
commands go the general way.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from bson import ObjectId
from neosqlite._sqlite import sqlite3
from neosqlite.collection.json_path_utils import parse_json_path
from nx_27017.handler import _bulk_write_error

#: The fields of a command that takes the short way; with any other it goes the general way.
_COMMAND = frozenset({
    "bulkWrite", "ops", "nsInfo", "ordered", "errorsOnly", "writeConcern", "lsid", "$db",
})  # fmt: skip
_INSERT = frozenset({"insert", "document"})
_UPDATE = frozenset({"update", "filter", "updateMods", "multi"})
#: A database and a collection, and a field of a row or of one within it: names without quotes.
_NAMESPACE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.([A-Za-z][A-Za-z0-9_]*)")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
#: The collections whose names nx-27017 gives a meaning of their own (GridFS).
_RESERVED = ("_files", "_chunks")
#: As nx-27017 chooses it: the binary form is there from SQLite 3.45 on.
_JSON_SET = "jsonb_set" if sqlite3.sqlite_version_info >= (3, 45) else "json_set"


class _GeneralWayError(Exception):
    """A command has something that the short way does not know."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One write as a statement of SQL, with its values."""

    text: str
    values: Sequence[Any]
    is_insert: bool


@dataclass(frozen=True, slots=True)
class LogWrites:
    """The writes of a command that takes the short way."""

    database: str
    collections: Sequence[str]
    statements: Sequence[Statement]

    def run(self, database: Any) -> dict[str, Any]:
        """Do the writes in order, up to the first refused one, and return the answer.

        The caller has begun a transaction. ``database`` is nx-27017's.
        """
        for name in self.collections:
            _ = database[name]  # creates a table that is not there yet
        inserted = matched = 0
        errors: list[dict[str, Any]] = []
        for index, statement in enumerate(self.statements):
            try:
                cursor = database.db.execute(statement.text, statement.values)
            except Exception as err:  # noqa: BLE001 - the answer has it, whatever it is
                error = _bulk_write_error(err, index)
                error["idx"] = error.pop("index")
                errors.append({"ok": 0, **error, "n": 0})
                break
            if statement.is_insert:
                inserted += 1
            else:
                matched += cursor.rowcount
        return _answer(inserted, matched, errors)


def log_writes(sections: Sequence[tuple[str, Any]]) -> LogWrites | None:
    """Return the writes of a message, None if its command has to go the general way.

    ``sections`` are those of the message: the body, and lists that the driver takes out of it.
    """
    try:
        command = _command(sections)
        names = [_namespace(info) for info in command["nsInfo"]]
        collections = [collection for _, collection in names]
        statements = [_statement(write, collections) for write in command["ops"]]
    except (_GeneralWayError, AttributeError, KeyError, TypeError):
        return None  # the general way answers what is malformed, too
    databases = {database for database, _ in names}
    return LogWrites(databases.pop(), collections, statements) if len(databases) == 1 else None


def _command(sections: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the command of a message, with all its lists."""
    command: dict[str, Any] = {}
    for kind, fields in sections:
        if kind not in {"body", "payload"} or command.keys() & fields.keys():
            raise _GeneralWayError
        command |= fields
    is_plain = command.get("ordered") is True and command.get("errorsOnly") is True
    if not is_plain or "bulkWrite" not in command or not command.keys() <= _COMMAND:
        raise _GeneralWayError
    return command


def _namespace(info: Mapping[str, Any]) -> tuple[str, str]:
    """Return the database and the collection of a namespace."""
    match = _NAMESPACE.fullmatch(info["ns"]) if info.keys() == {"ns"} else None
    if match is None or match[2].endswith(_RESERVED):
        raise _GeneralWayError
    return match[1], match[2]


def _statement(write: Mapping[str, Any], collections: Sequence[str]) -> Statement:
    if write.keys() == _INSERT:
        return _insert(_name(write["insert"], collections), write["document"])
    if write.keys() == _UPDATE and write["multi"] is False:
        name = _name(write["update"], collections)
        return _update(name, write["filter"], write["updateMods"])
    raise _GeneralWayError


def _name(index: Any, collections: Sequence[str]) -> str:
    if type(index) is int and 0 <= index < len(collections):
        return collections[index]
    raise _GeneralWayError


# --- inserts ---


def _insert(name: str, row: Mapping[str, Any]) -> Statement:
    """Return the insert of a row, with its id in a column and all of it as JSON."""
    row_id = row.get("_id")
    if not isinstance(row_id, str | ObjectId):
        raise _GeneralWayError
    data = json.dumps({field: _stored(value) for field, value in row.items()})
    text = f"INSERT INTO {name}(data, _id) VALUES (?, ?)"  # noqa: S608 - nx-27017 quotes no names
    return Statement(text, (data, str(row_id)), is_insert=True)


def _stored(value: Any) -> Any:
    """Return a value of a row as nx-27017 stores it in JSON."""
    kind = type(value)
    if value is None or kind is str or kind is bool or isinstance(value, int):
        return value
    if kind is bytes:
        return _stored_bytes(value)
    if kind is ObjectId:
        return {"__neosqlite_objectid__": True, "id": str(value)}
    if kind is datetime:
        return {"$date": value.isoformat()}
    raise _GeneralWayError


def _stored_bytes(value: bytes) -> dict[str, Any]:
    data = base64.b64encode(value).decode()
    return {"__neosqlite_binary__": True, "data": data, "subtype": 0}


# --- updates ---


def _update(name: str, condition: Mapping[str, Any], change: Mapping[str, Any]) -> Statement:
    """Return the update of the row with an id, if a number of it is below the new one.

    So an update that finds its row changes it, which the answer has to count.
    """
    (id_field, row_id), (field, limit) = _two(condition)
    values = change.get("$set")
    is_raise = (
        id_field == "_id"
        and type(row_id) is str
        and isinstance(limit, dict)
        and limit.keys() == {"$lt"}
        and type(limit["$lt"]) is int
        and change.keys() == {"$set"}
        and isinstance(values, dict)
        and values.get(field) == limit["$lt"]
    )
    if not is_raise or values is None:
        raise _GeneralWayError
    fields = sorted(values, key=lambda field: "." in field)  # nx-27017 sets these last
    if not all(map(_FIELD.fullmatch, [field, *fields])):
        raise _GeneralWayError
    bound = [_bound(values[field]) for field in fields]
    kinds = tuple((field, is_json) for field, (is_json, _) in zip(fields, bound, strict=True))
    parameters = (*(value for _, value in bound), row_id, limit["$lt"])
    return Statement(_update_text(name, field, kinds), parameters, is_insert=False)


def _two(condition: Mapping[str, Any]) -> tuple[tuple[str, Any], tuple[str, Any]]:
    """Return the two fields of a condition with their values."""
    if len(condition) != 2:
        raise _GeneralWayError
    first, second = condition.items()
    return first, second


def _bound(value: Any) -> tuple[bool, Any]:
    """Return whether a new value is JSON, and the value for the statement."""
    if value is None or type(value) is str or isinstance(value, int):
        return False, value
    if type(value) is bytes:
        return True, json.dumps(_stored_bytes(value))
    if isinstance(value, dict) and all(type(inner) is str for inner in value.values()):
        return True, json.dumps(value)
    raise _GeneralWayError


@lru_cache(maxsize=256)
def _update_text(name: str, field: str, kinds: Sequence[tuple[str, bool]]) -> str:
    """Return an update's statement, for fields and whether their new values are JSON."""
    changes = [
        f"'{parse_json_path(name)}', {'json(?)' if is_json else '?'}" for name, is_json in kinds
    ]
    return (
        f"UPDATE {name} SET data = {_JSON_SET}(data, {', '.join(changes)}) "  # noqa: S608 - as above
        f"WHERE _id = ? AND json_extract(data, '{parse_json_path(field)}') < ?"
    )


def _answer(inserted: int, matched: int, errors: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer to the command."""
    return {
        "ok": 1,
        "cursor": {"id": 0, "ns": "admin.$cmd.bulkWrite", "firstBatch": errors},
        "nErrors": len(errors),
        "nInserted": inserted,
        "nMatched": matched,
        "nModified": matched,
        "nUpserted": 0,
        "nDeleted": 0,
        "error": None,
        "writeErrors": [],
    }
