"""The way in which a document was rebuilt, for a person and for a program."""

from dataclasses import dataclass
from typing import Any

from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.history.recovery import Recovery, document_recover
from apps.history.selectors import version_infos
from apps.maintenance.selectors import stored_check
from apps.oplog.quarantine import quarantine_iter


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What ``recover_document`` says; ``complaint`` tells what needs a person."""

    facts: dict[str, Any]
    complaint: str


def recovery_report(*, document_id: str, dry_run: bool) -> RecoveryReport:
    """Rebuild a document as whoever opens it does, and tell how; with ``dry_run`` only tell.

    Raises ``DocumentNotFoundError``, ``LogGapError``, ``PyMongoError``.
    """
    stored_check(document_id)
    recovery = document_recover(document_id=document_id, dry_run=dry_run)
    try:
        return RecoveryReport(_facts(recovery), _complaint(recovery))
    finally:
        recovery.document.engine.close()


def _complaint(recovery: Recovery) -> str:
    if not recovery.is_whole:
        return "The log has less than a worker has once seen: was an older backup put back?"
    discarded = {
        kept.seq
        for kept in quarantine_iter(document_id=recovery.document_id, with_discarded=True)
        if kept.discarded
    }
    waiting = len(recovery.set_aside.keys() - discarded)
    return f"{waiting} operations are set aside: see manage.py quarantine." if waiting else ""


def _facts(recovery: Recovery) -> dict[str, Any]:
    document = recovery.document
    snapshot = _snapshot(recovery)
    return {
        "document_id": recovery.document_id,
        "last_processed_version": _processed(recovery),
        "snapshot": snapshot,
        "passed_over": recovery.passed_over,
        "operations": {
            "read": recovery.read,
            "applied": recovery.read - sum(seq > snapshot["seq"] for seq in recovery.set_aside),
            "set_aside": [
                {"seq": seq, "why": why} for seq, why in sorted(recovery.set_aside.items())
            ],
        },
        "seq": document.seq,
        "version_vector": _words(document.vector),
        "log_is_whole": recovery.is_whole,
        "ms": {step: round(seconds * 1000, 2) for step, seconds in recovery.seconds.items()},
    }


def _processed(recovery: Recovery) -> dict[str, Any] | None:
    processed = recovery.processed
    if processed is None:
        return None
    try:
        vector = _words(decode_vector(processed.version_vector))
    except DecodeError:
        vector = None
    return {
        "seq": processed.seq,
        "unique_id": processed.unique_id,
        "received_at": processed.received_at.isoformat(),
        "version_vector": vector,
    }


def _snapshot(recovery: Recovery) -> dict[str, Any]:
    """Return where the snapshot was; one of Redis has the number of the version that it is."""
    found = recovery.found
    assert found is not None  # noqa: S101 - set before anybody gets a Recovery
    number = found.number
    if found.source == "redis":
        places = version_infos(document_id=recovery.document_id)
        number = next((n for seq, n in places if seq == recovery.snapshot_seq), None)
    return {"source": found.source, "number": number, "seq": recovery.snapshot_seq}


def _words(vector: Vector) -> dict[str, int]:
    """Return a vector as JSON has it; clients are texts there."""
    return {str(client): vector[client] for client in sorted(vector)}
