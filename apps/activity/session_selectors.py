"""Reading sittings: from the trail, and from what the log has beyond it.

The trail has each session that is over as a row, so a page of sittings costs what it shows, however
long the log is. Only what the workers have not taken in yet is read from the log, without content.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform

from apps.accounts.models import User
from apps.activity.event_types import EventType
from apps.activity.models import Activity, Writing
from apps.activity.session_groups import SessionGroup, Span, session_groups_of
from apps.activity.session_tracker import TURN, authors_of
from apps.activity.writing_sessions import WritingSession, writing_sessions_fold
from apps.core import clock
from apps.history.attribution import attribution_load
from apps.history.selectors import versions_named
from apps.history.version import Version
from apps.oplog.compaction_point import log_first_seq
from apps.oplog.selectors import writes_since


@dataclass(slots=True)
class MarkedSessionGroup:
    """A sitting, and what was done to its moments: versions that were named, and ways back.

    ``letters``: how many came and how many went in it; None where nobody asked, or nothing tells.
    """

    sitting: SessionGroup
    versions: list[Version] = field(default_factory=list)
    restores: list[Activity] = field(default_factory=list)
    letters: tuple[int, int] | None = None


def session_groups_page(
    *, document_id: str, before: int | None = None, limit: int
) -> list[MarkedSessionGroup]:
    """Return the latest sittings, or those that ended before operation ``before``."""
    sittings = session_groups_of(_sessions(document_id, before))
    page = [MarkedSessionGroup(sitting) for sitting in islice(sittings, limit)]
    if page:
        _mark(document_id, page)
    return page


def session_groups_count(
    *, document_id: str, lineage: str, page: Sequence[MarkedSessionGroup]
) -> None:
    """Count the letters of a page of sittings.

    By the clocks that authorship keeps; without them the log is read once. Of what a compacted log
    has no more nothing says which of its clocks were letters. Raises ``LogGapError``.
    """
    if not page:
        return
    last_seq = page[0].sitting.last_seq
    clocks = attribution_load(document_id=document_id, lineage=lineage, up_to=last_seq)
    begins = log_first_seq(document_id=document_id)
    for each in page:
        if each.sitting.first_seq >= begins:
            each.letters = clocks.letters(each.sitting.first_seq, each.sitting.last_seq)


def _sessions(document_id: str, before: int | None) -> Iterator[Span]:
    """Yield all sessions by falling ``last_seq``, each once."""
    # The log before the rows: a session that ends meanwhile is in both then, never in neither.
    going = _beyond_trail(document_id)
    known = {each.first_seq for each in going}
    rows = _edits(document_id, EventType.EDITED, "last_seq")
    if before is not None:
        rows = rows.filter(detail__last_seq__lt=before)
        going = [each for each in going if each.last_seq < before]
    told = (_of_row(row) for row in rows.iterator(chunk_size=200))
    fresh = (each for each in told if each.first_seq not in known)
    yield from merge(going, fresh, key=lambda each: -each.last_seq)


def _edits(document_id: str, kind: EventType, key: str) -> "QuerySet[Activity]":
    """Return the deeds of a kind by falling seq, which ``detail`` has as ``key``."""
    rows = Activity.objects.filter(document_id=document_id, kind=kind).select_related("actor")
    return rows.order_by(KeyTransform(key, "detail").desc())


def _beyond_trail(document_id: str) -> list[Span]:
    """Return the sessions that go on, up to the end of the log, by falling ``last_seq``."""
    writing = Writing.objects.filter(pk=document_id).first()
    going = [WritingSession.from_json(row) for row in writing.sessions] if writing else []
    after, over = writing.seq if writing else 0, list[WritingSession]()
    while writes := writes_since(document_id=document_id, after=after, limit=TURN):
        going, ended = writing_sessions_fold(going, writes)
        over += ended
        after = writes[-1].seq
    now, authors = clock.now(), authors_of([*going, *over])
    found = [
        _stretch(each, authors.get(each.author_id), ongoing=not each.is_over(now)) for each in going
    ]
    found += [_stretch(each, authors.get(each.author_id), ongoing=False) for each in over]
    return sorted(found, key=lambda each: -each.last_seq)


def _of_row(row: Activity) -> Span:
    session = WritingSession.from_detail(row.detail, author_id="", last_at=row.at)
    return _stretch(session, row.actor, ongoing=False, username=row.username or None)


def _stretch(
    session: WritingSession, author: User | None, *, ongoing: bool, username: str | None = None
) -> Span:
    """Return a session with its author's name; ``username`` is that of one who has no account."""
    return Span(
        first_seq=session.first_seq,
        last_seq=session.last_seq,
        operations=session.operations,
        began_at=session.began_at,
        last_at=session.last_at,
        ongoing=ongoing,
        author_id=author.pk if author else None,
        username=author.username if author else username,
        name=author.display_name if author else username,
    )


def _mark(document_id: str, page: list[MarkedSessionGroup]) -> None:
    """Give each sitting of a page its versions and ways back, the latest first."""
    first, last = page[-1].sitting.first_seq, page[0].sitting.last_seq
    first = 0 if first == 1 else first  # the empty document may have a name, too
    restores = _edits(document_id, EventType.RESTORED, "operation_seq").filter(
        detail__operation_seq__gte=first, detail__operation_seq__lte=last
    )
    for row in restores:
        _place(page, row.detail["operation_seq"]).restores.append(row)
    for version in versions_named(document_id=document_id, first_seq=first, last_seq=last):
        _place(page, version.seq).versions.append(version)


def _place(page: list[MarkedSessionGroup], seq: int) -> MarkedSessionGroup:
    """Return the sitting that has an operation; between two, the later one."""
    return next(each for each in reversed(page) if seq <= each.sitting.last_seq)
