"""The state of one client's presence, rebuilt from an allow-list (docs/invariants.md, 14). Pure.

A client's state is untrusted JSON. Nothing of it is passed on: the server reads the fields that a
page needs, checks each, and encodes a state of its own. An unknown field is left out.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from apps.core.errors import InvalidInputError
from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER

#: The state of a client that has left.
GONE: Final = "null"
#: Longest name of a root type in a cursor, in characters.
ROOT_NAME_MAX_CHARS: Final = 64

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\Z")
_POSITION_KEYS: Final = {"type", "tname", "item", "assoc"}
_USER_KEYS: Final = ("id", "username", "name")
_ID_KEYS: Final = {"client", "clock"}


class PresenceRefusedError(InvalidInputError):
    """An awareness state that is malformed, too large, or one too many."""

    code = "malformed"


@dataclass(frozen=True, slots=True)
class Identity:
    """The authenticated user of a session, never what a frame claims."""

    user_id: str
    username: str
    name: str


def state_rebuild(state_json: str, identity: Identity, *, max_bytes: int) -> str:
    """Return a client's state as the server's own JSON, with ``user`` set to ``identity``.

    It has ``user`` (with the client's colour, because stock editors paint carets with it),
    ``cursor`` where the client sent one (null unless it is a pair of Yjs relative positions) and
    ``renamed`` where that is a non-negative integer. The state of a client that leaves stays
    null. Raises ``PresenceRefusedError`` for what is no JSON object, or larger than ``max_bytes``.
    """
    state = _parse(state_json, max_bytes)
    return GONE if state is None else _encode(state, identity)


def remote_state_rebuild(state_json: str, *, max_bytes: int) -> str:
    """Return a state that another server has stamped, rebuilt the same way.

    Raises ``PresenceRefusedError``, also for a ``user`` that is not one.
    """
    state = _parse(state_json, max_bytes)
    if state is None:
        return GONE
    user = state.get("user")
    if not isinstance(user, dict):
        raise PresenceRefusedError("The awareness state has no user.")
    fields = [field for key in _USER_KEYS if isinstance(field := user.get(key), str)]
    if len(fields) != len(_USER_KEYS):
        raise PresenceRefusedError("The awareness state has no user.")
    return _encode(state, Identity(*fields))


def _parse(state_json: str, max_bytes: int) -> dict[str, Any] | None:
    if len(state_json.encode()) > max_bytes:
        raise PresenceRefusedError("The awareness state is too large.")
    try:
        state: Any = json.loads(state_json, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise PresenceRefusedError("The awareness state is not JSON.") from err
    if state is not None and not isinstance(state, dict):
        raise PresenceRefusedError("The awareness state is not an object.")
    return state


def _refuse_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and the infinities, which Python reads and no browser does."""
    raise ValueError(f"{name} is not JSON")


def _encode(state: dict[str, Any], identity: Identity) -> str:
    rebuilt: dict[str, Any] = {"user": _user(state.get("user"), identity)}
    if "cursor" in state:
        rebuilt["cursor"] = _cursor(state["cursor"])
    if _is_count(state.get("renamed")):
        rebuilt["renamed"] = state["renamed"]
    return json.dumps(rebuilt, separators=(",", ":"), allow_nan=False)


def _user(user: Any, identity: Identity) -> dict[str, str]:
    rebuilt = {"id": identity.user_id, "username": identity.username, "name": identity.name}
    colour = user.get("color") if isinstance(user, dict) else None
    if isinstance(colour, str) and _COLOUR.match(colour):
        rebuilt["color"] = colour
    return rebuilt


def _cursor(cursor: Any) -> dict[str, Any] | None:
    """Return a cursor of two relative positions, None for anything else."""
    if not isinstance(cursor, dict) or cursor.keys() != {"anchor", "head"}:
        return None
    anchor, head = _position(cursor["anchor"]), _position(cursor["head"])
    return None if anchor is None or head is None else {"anchor": anchor, "head": head}


def _position(position: Any) -> dict[str, Any] | None:
    """Return a Yjs relative position, None for anything else.

    Yjs throws at a position without an item, a type and a root, so it must have one of them.
    """
    if not isinstance(position, dict) or not position.keys() <= _POSITION_KEYS:
        return None
    rebuilt: dict[str, Any] = {}
    for key in ("type", "item"):
        value = position.get(key)
        if value is not None and not _is_id(value):
            return None
        rebuilt[key] = value
    root = position.get("tname")
    if root is not None and not (isinstance(root, str) and 0 < len(root) <= ROOT_NAME_MAX_CHARS):
        return None
    rebuilt["tname"] = root
    if all(value is None for value in rebuilt.values()):
        return None
    association = position.get("assoc") or 0
    if type(association) is not int or association not in (-1, 0, 1):
        return None
    return {**rebuilt, "assoc": association}


def _is_id(value: Any) -> bool:
    return (
        isinstance(value, dict) and value.keys() == _ID_KEYS and all(map(_is_count, value.values()))
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_SAFE_INTEGER
