"""The report of a document's recovery, for ``recover_document``."""

from dataclasses import dataclass
from typing import Any

from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.history.rebuild import Recovery
from apps.history.recovery import document_recover
from apps.history.selectors import version_infos
from apps.maintenance.selectors import stored_check
from apps.oplog.quarantine import quarantine_iter


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """The facts of a recovery; ``problem`` is what an operator has to look at, or empty."""

    facts: dict[str, Any]
    problem: str


def recovery_report(*, document_id: str, dry_run: bool) -> RecoveryReport:
    """Recover a document as a server that opens it does; with ``dry_run`` write nothing.

    Raises ``DocumentNotFoundError``, ``LogGapError``, ``PyMongoError``.
    """
    stored_check(document_id)
    recovery = document_recover(document_id=document_id, dry_run=dry_run)
    try:
        return RecoveryReport(_facts(recovery), _problem(recovery))
    finally:
        recovery.document.engine.close()


def _problem(recovery: Recovery) -> str:
    if not recovery.is_whole:
        return "The log has less than a worker has processed: was an older backup put back?"
    discarded = {
        kept.seq
        for kept in quarantine_iter(document_id=recovery.document_id, with_discarded=True)
        if kept.discarded
    }
    waiting = len(recovery.quarantined.keys() - discarded)
    return f"{waiting} operations are in quarantine: see manage.py quarantine." if waiting else ""


def _facts(recovery: Recovery) -> dict[str, Any]:
    document = recovery.document
    snapshot = _snapshot(recovery)
    return {
        "document_id": recovery.document_id,
        "last_processed_version": _processed(recovery),
        "snapshot": snapshot,
        "passed_over": recovery.skipped_snapshots,
        "operations": {
            "read": recovery.read,
            "applied": recovery.read - sum(seq > snapshot["seq"] for seq in recovery.quarantined),
            "set_aside": [
                {"seq": seq, "why": why} for seq, why in sorted(recovery.quarantined.items())
            ],
        },
        "seq": document.seq,
        "version_vector": _json_vector(document.vector),
        "log_is_whole": recovery.is_whole,
        "ms": {step: round(seconds * 1000, 2) for step, seconds in recovery.seconds.items()},
    }


def _processed(recovery: Recovery) -> dict[str, Any] | None:
    processed = recovery.processed
    if processed is None:
        return None
    try:
        vector = _json_vector(decode_vector(processed.version_vector))
    except DecodeError:
        vector = None
    return {
        "seq": processed.seq,
        "unique_id": processed.unique_id,
        "received_at": processed.received_at.isoformat(),
        "version_vector": vector,
    }


def _snapshot(recovery: Recovery) -> dict[str, Any]:
    """Return the snapshot's source; one of Redis gets the number of the version at its seq."""
    found = recovery.found
    assert found is not None  # noqa: S101 - set before a Recovery is returned
    number = found.number
    if found.source == "redis":
        infos = version_infos(document_id=recovery.document_id)
        number = next((n for seq, n in infos if seq == recovery.snapshot_seq), None)
    return {"source": found.source, "number": number, "seq": recovery.snapshot_seq}


def _json_vector(vector: Vector) -> dict[str, int]:
    """Return a vector as JSON, with clients as text."""
    return {str(client): vector[client] for client in sorted(vector)}
