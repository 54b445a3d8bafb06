"""Rows of move conflicts as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.accounts.selectors import people_named
from apps.crdt.codec.structs import Span
from apps.history.attribution import Origin
from apps.history.move_conflicts import MoveConflict


def conflict_rows(conflicts: Sequence[MoveConflict]) -> list[dict[str, Any]]:
    """Return move conflicts as ``MoveConflictSerializer`` describes them."""
    people = people_named(
        {origin.author_id for conflict in conflicts for origin in (conflict.origin, conflict.other)}
    )
    return [
        {
            **_operation(conflict.origin, people),
            "other": _operation(conflict.other, people),
            **conflict_parts(conflict),
        }
        for conflict in conflicts
    ]


def conflict_parts(conflict: MoveConflict) -> dict[str, list[dict[str, Any]]]:
    """Return what a conflict did to text, by the ids of the characters."""
    return {
        "doubled": [
            {"text": text, "one": _ids(one), "other": _ids(other)}
            for text, one, other in conflict.doubled
        ],
        "misplaced": [
            {
                "text": text,
                "ids": _ids(span),
                "after": {"client": after[0], "clock": after[1]},
            }
            for text, span, after in conflict.misplaced
        ],
        "returned": [{"text": text, "ids": _ids(span)} for text, span in conflict.returned],
    }


def _operation(origin: Origin, people: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "seq": origin.seq,
        "received_at": origin.received_at,
        "author": people[origin.author_id],
    }


def _ids(span: Span) -> dict[str, int]:
    (client, clock), length = span
    return {"client": client, "clock": clock, "length": length}
