"""Reads of session groups: from the trail, and from the part of the log that it lacks.

The trail has a row for each writing session that has ended, so the cost of a page depends on its
length and not on the length of the log. Only the operations that the workers have not recorded yet
are read from the log, without their content.
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
from apps.activity.session_groups import SessionGroup, SessionSpan, session_groups_of
from apps.activity.session_tracker import OPERATIONS_PER_READ, authors_of
from apps.activity.writing_sessions import WritingSession, writing_sessions_fold
from apps.core import clock
from apps.history.attribution import attribution_load
from apps.history.selectors import versions_named
from apps.history.version import Version
from apps.oplog.compaction_point import log_first_seq
from apps.oplog.selectors import writes_since


@dataclass(slots=True)
class AnnotatedSessionGroup:
    """A session group with the versions that were named and the restores that were made in it.

    ``characters``: how many were added and removed; None unless they were counted.
    """

    group: SessionGroup
    versions: list[Version] = field(default_factory=list)
    restores: list[Activity] = field(default_factory=list)
    characters: tuple[int, int] | None = None


def session_groups_page(
    *, document_id: str, before: int | None = None, limit: int
) -> list[AnnotatedSessionGroup]:
    """Return the latest session groups, or those that ended before operation ``before``."""
    groups = session_groups_of(_spans(document_id, before))
    page = [AnnotatedSessionGroup(group) for group in islice(groups, limit)]
    if page:
        _annotate(document_id, page)
    return page


def session_groups_count_characters(
    *, document_id: str, lineage: str, page: Sequence[AnnotatedSessionGroup]
) -> None:
    """Count the characters that were added and removed in each group of a page.

    Uses the cached attribution index; without one, the log is read once. Groups that begin before
    the first operation of a compacted log stay without a count, because a compacted operation
    does not record which of its ids are characters. Raises ``LogGapError``.
    """
    if not page:
        return
    last_seq = page[0].group.last_seq
    attribution = attribution_load(document_id=document_id, lineage=lineage, up_to=last_seq)
    log_begins_at = log_first_seq(document_id=document_id)
    for annotated in page:
        group = annotated.group
        if group.first_seq >= log_begins_at:
            annotated.characters = attribution.character_counts(group.first_seq, group.last_seq)


def _spans(document_id: str, before: int | None) -> Iterator[SessionSpan]:
    """Yield the spans of all sessions by falling ``last_seq``, each once."""
    # The log is read before the rows: a session that ends in between is in both, never in neither.
    recent = _spans_beyond_trail(document_id)
    recent_first_seqs = {span.first_seq for span in recent}
    rows = _events_by_seq(document_id, EventType.EDITED, "last_seq")
    if before is not None:
        rows = rows.filter(detail__last_seq__lt=before)
        recent = [span for span in recent if span.last_seq < before]
    stored = (_span_of_row(row) for row in rows.iterator(chunk_size=200))
    earlier = (span for span in stored if span.first_seq not in recent_first_seqs)
    yield from merge(recent, earlier, key=lambda span: -span.last_seq)


def _events_by_seq(document_id: str, event_type: EventType, key: str) -> "QuerySet[Activity]":
    """Return the events of a type by falling seq, which ``detail`` stores as ``key``."""
    rows = Activity.objects.filter(document_id=document_id, kind=event_type)
    return rows.select_related("actor").order_by(KeyTransform(key, "detail").desc())


def _spans_beyond_trail(document_id: str) -> list[SessionSpan]:
    """Return the sessions that the trail lacks, up to the end of the log, by falling ``last_seq``.

    These are the ongoing sessions, and those that have ended since the workers read the log.
    """
    state = Writing.objects.filter(pk=document_id).first()
    ongoing = [WritingSession.from_json(row) for row in state.sessions] if state else []
    after, ended = state.seq if state else 0, list[WritingSession]()
    while writes := writes_since(document_id=document_id, after=after, limit=OPERATIONS_PER_READ):
        ongoing, newly_ended = writing_sessions_fold(ongoing, writes)
        ended += newly_ended
        after = writes[-1].seq
    now, authors = clock.now(), authors_of([*ongoing, *ended])
    spans = [
        _span(session, authors.get(session.author_id), ongoing=not session.is_over(now))
        for session in ongoing
    ]
    spans += [_span(session, authors.get(session.author_id), ongoing=False) for session in ended]
    return sorted(spans, key=lambda span: -span.last_seq)


def _span_of_row(row: Activity) -> SessionSpan:
    session = WritingSession.from_detail(row.detail, author_id="", last_at=row.at)
    return _span(session, row.actor, ongoing=False, username=row.username or None)


def _span(
    session: WritingSession, author: User | None, *, ongoing: bool, username: str | None = None
) -> SessionSpan:
    """Return a session with its author's name; ``username`` is used for a deleted account."""
    return SessionSpan(
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


def _annotate(document_id: str, page: list[AnnotatedSessionGroup]) -> None:
    """Add the named versions and the restores to the groups of a page, the latest first."""
    first, last = page[-1].group.first_seq, page[0].group.last_seq
    first = 0 if first == 1 else first  # the empty document may have a name, too
    restores = _events_by_seq(document_id, EventType.RESTORED, "operation_seq").filter(
        detail__operation_seq__gte=first, detail__operation_seq__lte=last
    )
    for row in restores:
        _group_with(page, row.detail["operation_seq"]).restores.append(row)
    for version in versions_named(document_id=document_id, first_seq=first, last_seq=last):
        _group_with(page, version.seq).versions.append(version)


def _group_with(page: list[AnnotatedSessionGroup], seq: int) -> AnnotatedSessionGroup:
    """Return the group that an operation belongs to; between two groups, the later one."""
    return next(annotated for annotated in reversed(page) if seq <= annotated.group.last_seq)
