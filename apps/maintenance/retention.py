"""Retention: drops old versions, compacts old operations and frees files that nothing needs."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.core import clock, metrics
from apps.core.errors import AppError
from apps.documents.selectors import document_ids, document_stored
from apps.history.policy import history_policy
from apps.history.retention import KeepPolicy, versions_to_drop
from apps.history.selectors import version_ages
from apps.history.services import versions_drop
from apps.maintenance.compaction import Compacted, document_compact
from apps.maintenance.freeing import FilesFreed, files_free

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Retained:
    """The result for one document, or of a dry run; ``versions`` counts all before it."""

    document_id: str
    versions: int = 0
    dropped: list[int] = field(default_factory=list)
    #: None where the compaction was refused; ``refused`` is the reason.
    log: Compacted | None = None
    refused: str = ""
    files: FilesFreed = field(default_factory=FilesFreed)
    #: The reason why no file was freed.
    files_refused: str = ""

    @property
    def has_changes(self) -> bool:
        """Return whether anything changed, or was refused."""
        log = self.log
        return bool(
            self.dropped
            or self.refused
            or (log and (log.packed or log.dropped))
            or self.files.freed
            or self.files_refused
        )


def document_retain(*, document_id: str, apply: bool) -> Retained:
    """Apply a document's retention policy; without ``apply`` only return what would change.

    The log comes first, as its compaction may need a version, and the files last. Raises
    ``DocumentNotFoundError``, ``KeepError``, ``PyMongoError``.
    """
    policy = history_policy(document_stored(document_id))
    retained = Retained(document_id)
    try:
        retained.log = document_compact(
            document_id=document_id, after_days=policy.compact_after_days, apply=apply
        )
    except AppError as err:
        retained.refused = err.message
    _retain_versions(retained, policy.keep, apply=apply)
    try:
        retained.files = files_free(document_id=document_id, apply=apply)
    except AppError as err:
        retained.files_refused = err.message
    return retained


def _retain_versions(retained: Retained, policy: KeepPolicy, *, apply: bool) -> None:
    ages = version_ages(document_id=retained.document_id)
    retained.versions = len(ages)
    retained.dropped = versions_to_drop(ages, now=clock.now(), policy=policy)
    if apply and retained.dropped:
        versions_drop(document_id=retained.document_id, numbers=retained.dropped)


def documents_retain() -> Iterator[Retained]:
    """Apply each document's policy; a document that fails is logged and skipped.

    Raises ``PyMongoError``.
    """
    for document_id in document_ids():
        try:
            retained = document_retain(document_id=document_id, apply=True)
        except AppError as err:
            _log_failure(document_id, "skipped", err.message)
            continue
        if retained.refused:
            _log_failure(document_id, "not compacted", retained.refused)
        if retained.files_refused:
            _log_failure(document_id, "no file freed", retained.files_refused)
        yield retained


def _log_failure(document_id: str, outcome: str, reason: str) -> None:
    metrics.LOOP_ERRORS.labels(loop="retention").inc()
    logger.error("retention: %s %s: %s", document_id, outcome, reason)
