"""Id ranges of billions of clocks in a few bytes: analyses and edits cost what the bytes cost.

Each runs in a process of its own with little address space, because a list with one entry for each
clock would take the memory of the whole machine.
"""

import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.attribution import attributed_texts
from apps.crdt.analysis.diff import content_changes
from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.update_reader import MAX_UNBACKED_CLOCKS, read_state, read_update
from apps.crdt.edits.fragments import fragment_decode, fragment_expand
from apps.crdt.edits.restore import fragment_restoring_update, restoring_update
from apps.crdt.edits.undo import Edit, undoing_update
from apps.crdt.ids.id_set import IdSet, spans_in, spans_not_in
from apps.history.attribution import AttributionIndex
from apps.oplog.compacted_operations import ClientRanges, CompactedOperation
from tests.crdt.apart import Apart
from tests.crdt.samples import each_value, item, letters, uints, written

HUGE = 2**31
MEBIBYTE = 2**20

GC = b"\x00" + uints(HUGE)
DELETED = item(1, uints(HUGE), parent="t")
PARAGRAPH = item(7, b"\x03\x09paragraph", parent="default")
TEXT = [item(7, b"\x06", parent=(2, 0)), letters("words", parent=(2, 1))]

SMALL = written([(2, 0, [PARAGRAPH, *TEXT])])
FORMS = {
    "collected": written([(1, 0, [GC])]),
    "deleted": written([(1, 0, [DELETED])]),
    "deletes": written([(1, 0, [GC])], [(1, [(0, HUGE)])]),
}


def state(*updates: bytes) -> bytes:
    """Return the state of a document with these updates."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return doc.get_update()


def edits(update: bytes) -> None:
    """Compute every edit and analysis for a document with a huge range."""
    earlier, present = state(SMALL), state(SMALL, update)
    later = state(SMALL, update, written([(3, 0, [letters("more", parent=(2, 1))])]))
    for before, after in ((earlier, present), (present, later), (earlier, later)):
        list(content_changes(earlier=before, later=after))
        restoring_update(earlier=before, present=after)
    for is_by_author in (True, False):
        undoing_update(earlier=earlier, edits=[Edit(update, is_by_author), Edit(SMALL, True)])
    whole = fragment_decode(f"1-0-{HUGE},2-0-7")
    fragment_expand(present, whole)
    fragment_restoring_update(
        earlier=present, present=later, fragment=whole, came_after=lambda _one, _other: False
    )


def sets() -> None:
    """Compare sets of huge ranges."""
    ids = IdSet([((1, 5), HUGE), ((1, HUGE + 100), HUGE // 2)])
    assert spans_in([((1, 0), 2**32)], ids) == [((1, 5), HUGE), ((1, HUGE + 100), HUGE // 2)]
    assert spans_not_in([((1, 0), HUGE + 50)], ids) == [((1, 0), 5), ((1, HUGE + 5), 45)]
    assert ids.contains_any((1, 0), 2**32)
    assert not ids.contains_any((2, 0), 2**32)


def attributions() -> None:
    """Attribute huge ranges to operations."""
    index = AttributionIndex()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ranges: ClientRanges = {1: ((0, HUGE),)}
    index.add_compacted(CompactedOperation(1, "a", "7", at, ranges, {}))
    index.add_compacted(CompactedOperation(2, "b", "8", at, {1: ((HUGE, HUGE + 9),)}, ranges))
    inserters = list(index.inserters(1, 5, HUGE))
    assert inserters == [(5, HUGE, 0), (HUGE, HUGE + 5, 1)]
    assert list(index.deleters(1, 0, HUGE + 3)) == [(0, HUGE, 1), (HUGE, HUGE + 3, -1)]
    assert index.deleted_spans() == {1: [((1, 0), HUGE)]}
    assert each_value(index.inserters(2, 0, 2)) == [-1, -1]
    assert not index.insertion_order().came_after((1, 0), (1, 1))
    assert attributed_texts(state(FORMS["collected"]), index.id_ranges) == ([], [])


def bound_memory(mebibytes: int) -> None:
    """Let this process grow by so much and no more."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        used = int(statm.read().split()[0]) * resource.getpagesize()
    limit = used + mebibytes * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@pytest.fixture
def apart() -> Iterator[Apart]:
    """Return a process that may take 200 MiB more than it has."""
    with Apart() as process:
        process.call(bound_memory, 200)
        yield process


@pytest.mark.parametrize("form", FORMS)
def test_edits_of_a_document_with_a_huge_range_cost_little(apart: Apart, form: str) -> None:
    """Diff, restore, a part's restore and undo."""
    apart.call(edits, FORMS[form])


def test_sets_and_attributions_of_huge_ranges_cost_little(apart: Apart) -> None:
    """As the history and the deletions of a document use them."""
    apart.call(sets)
    apart.call(attributions)


# --- what a client may send -----------------------------------------------------------------------


@pytest.mark.parametrize("structs", [[GC], [DELETED], [b"\x00" + uints(2**23)] * 3])
def test_update_with_more_deleted_clocks_than_a_document_can_have_is_refused(
    structs: list[bytes],
) -> None:
    """A few bytes would claim clocks that another client is to write next."""
    update = written([(1, 0, structs)])
    with pytest.raises(MalformedUpdateError, match="more deleted clocks"):
        read_update(update)
    assert read_state(update).end_vector().keys() == {1}


def test_update_of_a_document_whose_whole_content_was_deleted_is_accepted() -> None:
    """The longest garbage that an honest client has collected."""
    half = b"\x00" + uints(MAX_UNBACKED_CLOCKS // 2)
    assert read_update(written([(1, 0, [half, half])])).end_vector() == {1: MAX_UNBACKED_CLOCKS}


def test_delete_of_clocks_that_nobody_has_written_waits() -> None:
    """A delete and a gap reach as far as the document's own clocks, or are pending."""
    assert read_update(written([], [(1, [(5, HUGE)])])).needs == {1: HUGE + 5}
    gap = written([(1, 0, [letters("a"), b"\x0a" + uints(HUGE), letters("b", left=(1, 0))])])
    assert read_update(gap).needs == {1: HUGE + 1}
