"""What age lets go of documents, as their policies say; beat starts it, and a command shows it."""

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

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Retained:
    """What went of a document, or what would go; ``versions`` counts all that were there."""

    document_id: str
    versions: int = 0
    dropped: list[int] = field(default_factory=list)
    #: None where the log could not be compacted; ``refused`` says why.
    log: Compacted | None = None
    refused: str = ""

    @property
    def touches(self) -> bool:
        """Tell whether there was anything to do, or something is in the way."""
        log = self.log
        return bool(self.dropped or self.refused or (log and (log.packed or log.dropped)))


def document_retain(*, document_id: str, apply: bool) -> Retained:
    """Let go what a document's policy lets go; without ``apply`` only say what that is.

    The log first, for it may need a version. Raises ``DocumentNotFoundError``, ``KeepError``,
    ``PyMongoError``.
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
    return retained


def _retain_versions(retained: Retained, policy: KeepPolicy, *, apply: bool) -> None:
    places = version_ages(document_id=retained.document_id)
    retained.versions = len(places)
    retained.dropped = versions_to_drop(places, now=clock.now(), policy=policy)
    if apply and retained.dropped:
        versions_drop(document_id=retained.document_id, numbers=retained.dropped)


def documents_retain() -> Iterator[Retained]:
    """Do it for every document; one that fails is logged, and the others go on.

    Raises ``PyMongoError``.
    """
    for document_id in document_ids():
        try:
            retained = document_retain(document_id=document_id, apply=True)
        except AppError as err:
            _failed(document_id, "passed over", err.message)
            continue
        if retained.refused:
            _failed(document_id, "not compacted", retained.refused)
        yield retained


def _failed(document_id: str, what: str, why: str) -> None:
    metrics.LOOP_ERRORS.labels(loop="retention").inc()
    logger.error("retention: %s %s: %s", document_id, what, why)
