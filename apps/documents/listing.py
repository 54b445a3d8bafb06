"""Pages of the documents that a reader may see, at a cost independent of their number.

Permissions are in PostgreSQL, the order is in MongoDB. For a reader with few documents, the query
has their ids. For a reader of a large share of all documents, windows of the order are read from
the edge of the page on, and their rows are filtered by the permissions. For a reader of many
documents that are a small share of the store, the query has all their ids.

Every Mongo dialect answers the conditions by an index: no ``$or``, no ``$and``, no bare value, no
comparison of ids. So *lineage*, which is unique too, orders documents with equal sort values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.accounts.roles import Role, abilities_of
from apps.core.mongo import equal
from apps.documents.models import Document, document_rows
from apps.documents.titles import search_pattern

#: Most permissions with which the query has the ids of the documents.
FEW_PERMISSIONS: Final = 1_000
#: The order is read in windows if at least one of this many documents is the reader's.
SCAN_MAX_SPREAD: Final = 8
#: Windows that are read, each twice as long as the last, before a query by all ids.
SCAN_WINDOWS: Final = 3

Row = Mapping[str, Any]
Condition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """A position in an order: the stored sort value of a row, and its lineage."""

    value: str
    tie: str


@dataclass(frozen=True, slots=True)
class Order:
    """A stored field that a list is sorted by; the lineage orders equal values."""

    field: str
    descending: bool

    def reversed(self) -> "Order":
        """Return the opposite order."""
        return Order(self.field, not self.descending)

    def edge_of(self, row: Row) -> Edge:
        """Return the position of a stored row."""
        return Edge(row[self.field], row["lineage"])

    def conditions_after(self, edge: Edge | None) -> Sequence[Condition]:
        """Return the conditions of the rows after a position: first those of equal value."""
        if edge is None:
            return [{}]
        beyond = "$lt" if self.descending else "$gt"
        return [
            {self.field: equal(edge.value), "lineage": {beyond: edge.tie}},
            {self.field: {beyond: edge.value}},
        ]

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Return the sort keys of MongoDB."""
        sign = -1 if self.descending else 1
        return [(self.field, sign), ("lineage", sign)]


@dataclass(frozen=True, slots=True)
class Listing:
    """A lazy list of documents of a user: ``page`` reads them."""

    user: User
    search: str
    order: Order
    trashed: bool
    owned: bool | None

    def page(self, *, size: int, after: Edge | None = None, backward: bool = False) -> list[Any]:
        """Return up to ``size`` documents after a position, or before it, the nearest first."""
        order = self.order.reversed() if backward else self.order
        few = accounts.document_roles_few(
            user=self.user, most=FEW_PERMISSIONS, owned=self._of_owner
        )
        if few is not None:
            rows = self._rows_among(few, order, after, size)
        elif (spread := self._spread()) <= SCAN_MAX_SPREAD:
            rows = self._rows_along(order, after, size, int(size * (spread + 1)))
        else:
            rows = self._rows_among_all(order, after, size)
        return [Document._from_son(row) for row in rows]  # noqa: SLF001 - of rows of its own

    def _spread(self) -> float:
        """Return the average number of documents for one of the reader's."""
        total: int = document_rows().estimated_document_count()
        own = accounts.document_roles_count(user=self.user, owned=self._of_owner)
        return total / max(1, own)

    @property
    def _of_owner(self) -> bool:
        """Return whether the list has only documents that the reader owns; the trash has."""
        return self.trashed or bool(self.owned)

    def _rows_among_all(self, order: Order, after: Edge | None, size: int) -> list[Row]:
        return self._rows_among(accounts.document_roles(user=self.user), order, after, size)

    def _rows_among(
        self, roles: Mapping[str, Role], order: Order, after: Edge | None, size: int
    ) -> list[Row]:
        """Return the rows of the documents with these roles that belong in the list."""
        wanted = self._wanted(roles)
        if not wanted:
            return []  # one Mongo dialect reads all documents for an empty list of ids
        # Not by ``equal``: that dialect would read all documents by the index of the order.
        condition = {"_id": {"$in": wanted}, "trashed": {"$in": [self.trashed]}}
        return self._find(condition, order, after, size)

    def _rows_along(self, order: Order, after: Edge | None, size: int, first: int) -> list[Row]:
        """Return the reader's rows in windows of the order, the first of length ``first``.

        If they are too few, the reader's rows are far away in the order, and are read by their ids.
        """
        seen: list[Row] = []
        for length in (first << doubled for doubled in range(SCAN_WINDOWS)):
            window = self._find({"trashed": equal(self.trashed)}, order, after, length)
            ids = [row["_id"] for row in window]
            visible = set(self._wanted(accounts.document_roles(user=self.user, document_ids=ids)))
            seen += [row for row in window if row["_id"] in visible]
            if len(seen) >= size or len(window) < length:
                return seen[:size]
            after = order.edge_of(window[-1])
        return seen + self._rows_among_all(order, after, size - len(seen))

    def _wanted(self, roles: Mapping[str, Role]) -> list[str]:
        return [key for key, role in roles.items() if self._is_wanted(role)]

    def _is_wanted(self, role: Role) -> bool:
        """Return whether a document with this role of the reader belongs in the list."""
        if self.trashed and not abilities_of(role).trash:
            return False
        return self.owned is None or self.owned == (role is Role.OWNER)

    def _find(self, condition: Condition, order: Order, after: Edge | None, size: int) -> list[Row]:
        return rows_find(condition, search=self.search, order=order, after=after, size=size)


def rows_find(
    condition: Condition, *, search: str, order: Order, after: Edge | None, size: int
) -> list[Row]:
    """Return the first rows after a position that meet a condition and have the searched title."""
    pattern = search_pattern(search)
    searched: Condition = {"title_folded": {"$regex": pattern}} if pattern else {}
    rows: list[Row] = []
    for position in order.conditions_after(after):
        # The search and the position may be conditions on the same field.
        merged = _merged([condition, searched, position])
        rows += document_rows().find(merged).sort(order.keys).limit(size - len(rows))
        if len(rows) >= size:
            break
    return rows


def _merged(conditions: Sequence[Condition]) -> Condition:
    """Return one condition that combines several, with the operators of each field together."""
    merged: Condition = {}
    for condition in conditions:
        for field, operators in condition.items():
            merged[field] = {**merged.get(field, {}), **operators}
    return merged
