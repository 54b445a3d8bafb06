"""Whether a stored snapshot is what the log makes of the document at its seq."""

from django.conf import settings

from apps.core.errors import AppError
from apps.crdt.analysis.equality import states_equal
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.engine.base import get_engine
from apps.history.snapshot import Snapshot, SnapshotDamagedError
from apps.history.version import Version
from apps.maintenance.integrity.faults import Fault


def blob_fault(packed: bytes, right: Snapshot | None) -> Fault | None:
    """Return what is wrong with a stored snapshot; ``right`` is None where the log has no answer.

    ``damaged`` when it is not what was written, ``wrong`` when it is not the document.
    """
    try:
        snapshot = Snapshot.unpack(packed)
        vector = snapshot.vector
    except (SnapshotDamagedError, DecodeError) as err:
        return Fault("damaged", err.message)
    if right is None:
        return None
    if snapshot.seq != right.seq:
        return Fault("wrong", f"It is the state after operation {snapshot.seq}.")
    if vector != right.vector:
        return Fault("wrong", f"It has other edits than the log: {_difference(vector, right)}.")
    try:
        same = states_equal(get_engine(settings.CRDT_ENGINE), snapshot.state, right.state)
    except AppError as err:
        return Fault("wrong", f"Its state does not open: {err.message}")
    return None if same else Fault("wrong", "Its content is not what the log makes.")


def version_fault(version: Version, right: Snapshot | None) -> Fault | None:
    """Return what is wrong with a version: its snapshot, or what its row says of that."""
    fault = blob_fault(version.packed, right)
    if fault is not None:
        return fault
    snapshot = Snapshot.unpack(version.packed)
    if snapshot.seq != version.seq:
        return Fault("wrong", f"It is the state after operation {snapshot.seq}.")
    if version.size != len(snapshot.state):
        return Fault("wrong", f"It has {len(snapshot.state)} bytes, not {version.size}.")
    try:
        vector = decode_vector(version.version_vector)
    except DecodeError:
        vector = {}
    if vector != snapshot.vector:
        return Fault("wrong", "The version vector beside it is another one.")
    return None


def _difference(vector: Vector, right: Snapshot) -> str:
    """Return the first client whose clock differs, in words."""
    known = right.vector
    clients = sorted(vector.keys() | known.keys())
    client = next(each for each in clients if vector.get(each, 0) != known.get(each, 0))
    return f"of client {client} it has {vector.get(client, 0)}, the log {known.get(client, 0)}"
