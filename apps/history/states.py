"""The state of a document at a version or at a seq (docs/system-flow.md, §7)."""

import logging

from apps.history.events import DamagedVersion, version_damaged
from apps.history.recovery import document_read, document_read_at, snapshot_of
from apps.history.selectors import version_before, version_find, version_missing
from apps.history.snapshot import EMPTY, Snapshot, SnapshotDamagedError
from apps.history.version import Version
from apps.history.version_cache import cached_version, one_reader, version_cache

logger = logging.getLogger(__name__)


def version_state(*, document_id: str, number: int) -> Snapshot:
    """Return the content of a version from Redis, else from MongoDB, and cache it.

    A damaged one is rebuilt from the log. Raises ``VersionNotFoundError``.
    """
    found = cached_version(document_id=document_id, number=number)
    if found is not None:
        return found
    with one_reader(document_id=document_id, number=number):
        found = cached_version(document_id=document_id, number=number)
        if found is None:
            found = _stored(document_id, number)
            version_cache(document_id=document_id, number=number, snapshot=found)
    return found


def version_state_before(*, document_id: str, number: int) -> Snapshot:
    """Return the content of the version before another one, empty where there is none."""
    version = version_before(document_id=document_id, number=number)
    if version is None:
        return EMPTY
    return version_state(document_id=document_id, number=version.number)


def present_state(*, document_id: str) -> Snapshot:
    """Return the present content of a document; raises as ``document_read`` does."""
    loaded = document_read(document_id=document_id)
    try:
        return snapshot_of(loaded, document_id=document_id)
    finally:
        loaded.engine.close()


def state_at(*, document_id: str, seq: int) -> Snapshot:
    """Return the content of a document after operation ``seq``, 0 for the empty one.

    Raises ``SeqNotFoundError``, ``LogGapError``.
    """
    loaded = document_read_at(document_id=document_id, seq=seq)
    try:
        return snapshot_of(loaded, document_id=document_id)
    finally:
        loaded.engine.close()


def _stored(document_id: str, number: int) -> Snapshot:
    version = version_find(document_id=document_id, number=number)
    if version is None:
        raise version_missing(document_id=document_id, number=number)
    try:
        return Snapshot.decode(version.blob)
    except SnapshotDamagedError as err:
        return _from_log(version, err)


def _from_log(version: Version, error: SnapshotDamagedError) -> Snapshot:
    logger.error("version %s of %s: %s", version.number, version.document_id, error)
    version_damaged.publish(DamagedVersion(version.document_id, version.number))
    return state_at(document_id=version.document_id, seq=version.seq)
