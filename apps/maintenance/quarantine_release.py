"""Releases an operation from quarantine into its document.

The operation leaves quarantine after the document has it. When the process dies in between, it is
still listed, and the same command continues.
"""

import logging
from dataclasses import dataclass, field

from asgiref.sync import async_to_sync, sync_to_async

from apps.collab.runtime import close_runtime
from apps.collab.services import Submitted, operation_submit
from apps.core.errors import AppError, ConflictError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.causal_gate import missing_clocks
from apps.documents.selectors import document_stored
from apps.history.client_owners import uses_own_clients
from apps.history.recovery import owners_derive
from apps.history.selectors import latest_seq
from apps.history.services import version_create
from apps.maintenance.integrity.document_check import OnProgress
from apps.maintenance.integrity.faults import Fault
from apps.maintenance.integrity.log_replay import LogReplay, replayed
from apps.maintenance.integrity.repair import document_rebuild
from apps.oplog.publisher import close_shared_publisher
from apps.oplog.quarantine import Quarantined, quarantine_remove

logger = logging.getLogger(__name__)


class StillUnfitError(ConflictError):
    """The operation still cannot be applied; it stays in quarantine."""

    code = "still_unfit"


@dataclass(slots=True)
class Released:
    """The seq of a released operation, and the repairs that were made with it."""

    id: str
    seq: int
    dry_run: bool
    done: list[Fault] = field(default_factory=list)


def quarantine_release(kept: Quarantined, *, dry_run: bool, on_progress: OnProgress) -> Released:
    """Apply a quarantined operation to its document, and remove it from quarantine.

    Raises ``StillUnfitError`` and the errors of an edit; then it stays in quarantine.
    """
    if kept.seq is None:
        return _edit_release(kept, dry_run=dry_run)
    return _operation_release(kept, kept.seq, dry_run=dry_run, on_progress=on_progress)


def _operation_release(
    kept: Quarantined, seq: int, *, dry_run: bool, on_progress: OnProgress
) -> Released:
    """Release an operation of the log: rebuild everything that was derived without it."""
    document_stored(kept.document_id)
    with replayed(kept.document_id) as replay:
        _check_applies(replay, kept, seq)
        rebuilt = document_rebuild(
            document_id=kept.document_id, dry_run=dry_run, on_progress=on_progress
        )
        if not dry_run:
            if latest_seq(document_id=kept.document_id) < seq:
                # Workers with the document in memory reload it when a version has more operations.
                version_create(document_id=kept.document_id, snapshot=replay.snapshot())
            quarantine_remove(kept.id)
    return Released(kept.id, seq, dry_run, rebuilt.done.faults)


def _check_applies(replay: LogReplay, kept: Quarantined, seq: int) -> None:
    """Replay the whole log; raise unless it has the operation and can apply it."""
    found = False
    for operation, error in replay.steps():
        if operation.seq != seq:
            continue
        if operation.unique_id != kept.unique_id:
            raise StillUnfitError(f"Operation {seq} of the log is another operation now.")
        if error is not None:
            raise StillUnfitError(
                f"Operation {seq} cannot be applied: {error.message} It stays in quarantine.",
                extra={"reason": error.code},
            )
        found = True
    if not found:
        raise StillUnfitError(f"The log ends at {replay.seq} and has no operation {seq}.")


def _edit_release(kept: Quarantined, *, dry_run: bool) -> Released:
    """Release an edit that is not in the log: submit it in its author's name."""
    lineage = document_stored(kept.document_id).lineage
    if dry_run:
        return Released(kept.id, _try_edit(kept), dry_run)
    try:
        submitted = _submit(kept, lineage)
    except AppError as err:
        raise StillUnfitError(
            f"It was refused: {err.message} It stays in quarantine.", extra={"reason": err.code}
        ) from err
    quarantine_remove(kept.id)
    return Released(kept.id, submitted.seq, dry_run)


def _try_edit(kept: Quarantined) -> int:
    """Apply an edit to a replay; return the seq that it would get. Raises ``StillUnfitError``."""
    with replayed(kept.document_id) as replay:
        for _ in replay.steps():
            pass
        try:
            header, loaded = read_update(kept.update), replay.loaded
            if missing_clocks(header, loaded.vector) is not None:
                raise StillUnfitError("It builds on operations that are not in the log.")
            owners_derive(loaded, document_id=kept.document_id)
            if not uses_own_clients(header, loaded.vector, loaded.owners or {}, kept.author_id):
                raise StillUnfitError("It uses the client id of another person.")
            replay.loaded.engine.apply(kept.update)
        except AppError as err:
            raise StillUnfitError(f"It would be refused: {err.message}") from err
        return replay.seq + 1


@async_to_sync
async def _submit(kept: Quarantined, lineage: str) -> Submitted:
    """Submit the edit as any other, then close everything that this opened in the process."""
    try:
        return await sync_to_async(operation_submit)(
            document_id=kept.document_id,
            lineage=lineage,
            author_id=kept.author_id,
            unique_id=kept.unique_id,
            update=kept.update,
        )
    finally:
        await close_runtime()
        await sync_to_async(close_shared_publisher)()
