"""One page of what a reader may see, at a cost that does not grow with how much that is.

Who may see what is PostgreSQL's word, the order MongoDB's. Of few documents their ids go into the
query. Who may see much of all there is, reads the order from the page's edge on, and each stretch
of it is held against the rights on its rows. Only what is much, and little of a great store, is
asked for by all its ids.

The conditions are such as every dialect answers by an index: no ``$or`` and no ``$and``, no bare
value, no comparison of ids. So documents that are equal in the order are told apart by *lineage*,
each one's own as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.accounts.roles import Role, abilities_of
from apps.core.mongo import equal
from apps.documents.models import Document
from apps.documents.titles import title_fold, words_pattern

#: Up to so many permissions, the ids go into the query.
FEW_PERMISSIONS: Final = 1_000
#: The order is read where one document of so many is the reader's, or more of them.
SCAN_MAX_SPREAD: Final = 8
#: So many stretches are read, each twice as long, before all ids are asked for.
SCAN_WINDOWS: Final = 3

Row = Mapping[str, Any]
Condition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """A place in an order: the stored sort value of a row, and its lineage."""

    value: str
    tie: str


@dataclass(frozen=True, slots=True)
class Order:
    """A stored field that a list is sorted by; the lineage tells equals apart."""

    field: str
    descending: bool

    def reversed(self) -> "Order":
        """Return the opposite order."""
        return Order(self.field, not self.descending)

    def edge_of(self, row: Row) -> Edge:
        """Return the place of a stored row."""
        return Edge(row[self.field], row["lineage"])

    def places_after(self, edge: Edge | None) -> Sequence[Condition]:
        """Return the conditions of what comes after a place: the same value, then those beyond."""
        if edge is None:
            return [{}]
        beyond = "$lt" if self.descending else "$gt"
        return [
            {self.field: equal(edge.value), "lineage": {beyond: edge.tie}},
            {self.field: {beyond: edge.value}},
        ]

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Return what MongoDB sorts by."""
        sign = -1 if self.descending else 1
        return [(self.field, sign), ("lineage", sign)]


@dataclass(frozen=True, slots=True)
class Listing:
    """The documents of a user that somebody asked for; nothing is read before ``page`` is."""

    user: User
    search: str
    order: Order
    trashed: bool
    owned: bool | None

    def page(self, *, size: int, after: Edge | None = None, backward: bool = False) -> list[Any]:
        """Return up to ``size`` documents after a place, or before it, the nearest first."""
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
        """Return among how many documents one of the reader's is, on the average."""
        there: int = _collection().estimated_document_count()
        mine = accounts.document_roles_count(user=self.user, owned=self._of_owner)
        return there / max(1, mine)

    @property
    def _of_owner(self) -> bool:
        """Return whether the list has only what its reader owns; the trash is for owners."""
        return self.trashed or bool(self.owned)

    def _rows_among_all(self, order: Order, after: Edge | None, size: int) -> list[Row]:
        return self._rows_among(accounts.document_roles(user=self.user), order, after, size)

    def _rows_among(
        self, roles: Mapping[str, Role], order: Order, after: Edge | None, size: int
    ) -> list[Row]:
        """Return the rows of those of some documents that are wanted."""
        wanted = self._wanted(roles)
        if not wanted:
            return []  # to one of the dialects an empty list of ids means reading all documents
        # Not by ``equal``: that dialect would read all documents by the index of the order.
        which = {"_id": {"$in": wanted}, "trashed": {"$in": [self.trashed]}}
        return self._find(which, order, after, size)

    def _rows_along(self, order: Order, after: Edge | None, size: int, first: int) -> list[Row]:
        """Return the rows that the reader sees of some stretches, the first one so long.

        Where they hold too few, the reader's lie far off in the order, and are asked for by id.
        """
        seen: list[Row] = []
        for length in (first << doubled for doubled in range(SCAN_WINDOWS)):
            stretch = self._find({"trashed": equal(self.trashed)}, order, after, length)
            ids = [row["_id"] for row in stretch]
            visible = set(self._wanted(accounts.document_roles(user=self.user, document_ids=ids)))
            seen += [row for row in stretch if row["_id"] in visible]
            if len(seen) >= size or len(stretch) < length:
                return seen[:size]
            after = order.edge_of(stretch[-1])
        return seen + self._rows_among_all(order, after, size - len(seen))

    def _wanted(self, roles: Mapping[str, Role]) -> list[str]:
        return [key for key, role in roles.items() if self._is_wanted(role)]

    def _is_wanted(self, role: Role) -> bool:
        """Tell whether a document with this role of the reader belongs into the list."""
        if self.trashed and not abilities_of(role).trash:
            return False
        return self.owned is None or self.owned == (role is Role.OWNER)

    def _find(self, which: Condition, order: Order, after: Edge | None, size: int) -> list[Row]:
        """Return the first rows after a place, of those that a condition lets in."""
        rows: list[Row] = []
        for place in order.places_after(after):
            # The search and the place may be of the same field.
            condition = _merged([which, self._searched(), place])
            rows += _collection().find(condition).sort(order.keys).limit(size - len(rows))
            if len(rows) >= size:
                break
        return rows

    def _searched(self) -> Condition:
        words = title_fold(self.search).split()
        return {"title_folded": {"$regex": words_pattern(words)}} if words else {}


def _merged(conditions: Sequence[Condition]) -> Condition:
    """Return one condition that means all of them, the operators of each field together."""
    merged: Condition = {}
    for condition in conditions:
        for field, operators in condition.items():
            merged[field] = {**merged.get(field, {}), **operators}
    return merged


def _collection() -> Any:
    return Document._get_collection()  # noqa: SLF001 - the driver's collection of the model
