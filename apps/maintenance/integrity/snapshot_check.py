"""Compares a stored snapshot with the state of the log at its seq."""

from django.conf import settings

from apps.core.errors import AppError, TransientError
from apps.crdt.analysis.rehearsal import compare_stored
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.history.rehearsals import stored_run
from apps.history.snapshot import Snapshot, SnapshotDamagedError
from apps.history.version import Version
from apps.maintenance.integrity.faults import Fault


def blob_fault(blob: bytes, expected: Snapshot | None) -> Fault | None:
    """Return the fault of a stored snapshot, None for a sound one.

    ``expected`` is the snapshot of a replay, None where the log cannot make it. Faults: ``damaged``
    for bytes that are not what was written, ``wrong`` for another state of the document.
    """
    try:
        snapshot = Snapshot.decode(blob)
        vector = snapshot.vector
    except (SnapshotDamagedError, DecodeError) as err:
        return Fault("damaged", err.message)
    if expected is None:
        return None
    if snapshot.seq != expected.seq:
        return Fault("wrong", f"It is the state after operation {snapshot.seq}.")
    if vector != expected.vector:
        return Fault("wrong", f"It has other edits than the log: {_difference(vector, expected)}.")
    if snapshot.owners and expected.owners and snapshot.owners != expected.owners:
        return Fault("wrong", "Its owners of client ids are not those of the log.")
    if snapshot.state == expected.state:
        return None
    try:
        same = stored_run(compare_stored, settings.CRDT_ENGINE, snapshot.state, expected.state)
    except TransientError:
        raise  # no child process was free, which says nothing of the snapshot
    except AppError as err:
        return Fault("wrong", f"Its state does not open: {err.message}")
    return None if same else Fault("wrong", "Its content is not what the log makes.")


def version_fault(version: Version, expected: Snapshot | None) -> Fault | None:
    """Return the fault of a version: of its snapshot, or of the fields that describe it."""
    fault = blob_fault(version.blob, expected)
    if fault is not None:
        return fault
    snapshot = Snapshot.decode(version.blob)
    if snapshot.seq != version.seq:
        return Fault("wrong", f"It is the state after operation {snapshot.seq}.")
    if version.size != len(snapshot.state):
        return Fault("wrong", f"It has {len(snapshot.state)} bytes, not {version.size}.")
    try:
        vector = decode_vector(version.version_vector)
    except DecodeError:
        vector = {}
    if vector != snapshot.vector:
        return Fault("wrong", "The version vector beside it differs.")
    return None


def _difference(vector: Vector, expected: Snapshot) -> str:
    """Return the first client whose clock differs, in words."""
    known = expected.vector
    clients = sorted(vector.keys() | known.keys())
    client = next(one for one in clients if vector.get(one, 0) != known.get(one, 0))
    return f"of client {client} it has {vector.get(client, 0)}, the log {known.get(client, 0)}"
