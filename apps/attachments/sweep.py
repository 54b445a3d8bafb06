"""Deletes bytes that no document has: of uploads that died half-way, and of discarded documents.

A file that any document has is never deleted here, whatever the document shows.
"""

import logging
from datetime import timedelta
from typing import Any, Final

from apps.attachments.media_types import WIDTHS
from apps.attachments.models import FREEING, attachment_rows, file_rows
from apps.attachments.storage import files
from apps.attachments.uploads import CLEANED, ORIGINAL, storage_name
from apps.core import clock, metrics
from apps.core.mongo import equal
from apps.core.mongo_datetime import datetime_text

logger = logging.getLogger(__name__)

#: How long bytes wait for their document, in seconds: longer than any upload.
ORPHAN_AGE_S: Final = 24 * 3600
#: Files that are looked up in one query.
CHUNK_FILES: Final = 200


def orphans_delete(*, older_than_s: float = ORPHAN_AGE_S) -> int:
    """Delete files that no document has, and half-written ones; return how many files."""
    oldest = datetime_text(clock.now() - timedelta(seconds=older_than_s))
    rows = list(file_rows().find({"touched_at": {"$lt": oldest}}, {"touched_at": 1, "state": 1}))
    deleted = 0
    for start in range(0, len(rows), CHUNK_FILES):
        chunk = rows[start : start + CHUNK_FILES]
        used = _used([row["_id"] for row in chunk])
        deleted += sum(_orphan_delete(row) for row in chunk if row["_id"] not in used)
    files().drafts_remove(older_than_s=older_than_s)
    if deleted:
        logger.info("%s files that no document has were deleted", deleted)
        metrics.ATTACHMENTS_FREED.inc(deleted)
    return deleted


def _orphan_delete(row: dict[str, Any]) -> bool:
    """Delete a file unless a document has it, or somebody begins to use it at this moment."""
    file_id = row["_id"]
    if row["state"] != FREEING:
        marked = file_rows().update_one(
            {"_id": file_id, "touched_at": row["touched_at"], "state": row["state"]},
            {"$set": {"state": FREEING, "was": row["state"]}},
        )
        if not marked.matched_count:
            return False
    if _used([file_id]):  # attached since, by a process that stood still for a day
        was = (file_rows().find_one({"_id": equal(file_id)}) or {}).get("was", row["state"])
        file_rows().update_one({"_id": file_id, "state": FREEING}, {"$set": {"state": was}})
        return False
    for part in (ORIGINAL, CLEANED, *map(str, WIDTHS)):
        files().remove(storage_name(file_id, part))
    file_rows().delete_one({"_id": file_id, "state": FREEING})
    return True


def _used(file_ids: list[str]) -> set[str]:
    rows = attachment_rows().find({"file_id": {"$in": file_ids}}, {"file_id": 1})
    return {row["file_id"] for row in rows}
