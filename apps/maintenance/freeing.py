"""Frees files of documents that nothing has needed for ``ATTACHMENT_FREE_AFTER_S`` (ADR 0020).

A file that no operation from the compaction point on and no version was found to refer to is
marked. It is freed when a search of all of them, after that time, finds nothing again. Until then
each operation, upload or copy of it takes the mark away. A kill between two steps leaves a file
that the next run frees.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.conf import settings

from apps.attachments.events import AttachmentChange, attachment_freed
from apps.attachments.references import (
    AttachmentUse,
    attachment_free,
    attachment_uses,
    unused_mark,
    use_record,
)
from apps.attachments.selectors import StoredAttachment
from apps.core import clock, failpoints
from apps.history.file_mentions import Mentions, is_mentioned_after, mentions_find
from apps.history.selectors import version_infos
from apps.oplog.compaction_point import log_first_seq

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class FilesFreed:
    """The files that were freed, or would be, and those that nothing needs and that wait."""

    freed: list[StoredAttachment] = field(default_factory=list)
    waiting: list[StoredAttachment] = field(default_factory=list)


def files_free(*, document_id: str, apply: bool) -> FilesFreed:
    """Mark and free files of a document; without ``apply`` only return what would be freed.

    Raises as ``mentions_find`` does; then nothing was freed.
    """
    result = FilesFreed()
    unneeded = _unneeded(document_id)
    if not unneeded:
        return result
    oldest = clock.now() - timedelta(seconds=settings.ATTACHMENT_FREE_AFTER_S)
    due = [use for use in unneeded if use.unused_at is None or use.unused_at <= oldest]
    mentions = _search(document_id, due)
    for use in unneeded:
        if use.attachment.id in mentions.found:
            if apply:
                _record(use, mentions)
        elif use.unused_at is None or use.unused_at > oldest:
            result.waiting.append(use.attachment)
            if apply and use.unused_at is None:
                unused_mark(use)
        elif not apply or _free(use, mentions):
            result.freed.append(use.attachment)
    return result


def _unneeded(document_id: str) -> list[AttachmentUse]:
    """Return the files that nothing is known to need."""
    uses = attachment_uses(document_id=document_id)
    if not uses:
        return []
    first_seq = log_first_seq(document_id=document_id)
    numbers = {number for _, number in version_infos(document_id=document_id)}
    return [use for use in uses if use.seq < first_seq and use.version not in numbers]


def _search(document_id: str, uses: list[AttachmentUse]) -> Mentions:
    if not uses:
        return Mentions()
    file_ids = {use.attachment.id for use in uses}
    mentions = mentions_find(document_id=document_id, file_ids=file_ids)
    if failpoints.armed is not None:
        failpoints.reach("after_search")
    return mentions


def _record(use: AttachmentUse, mentions: Mentions) -> None:
    file_id = use.attachment.id
    found = {}
    if file_id in mentions.seqs:
        found["seq"] = mentions.seqs[file_id]
    if file_id in mentions.versions:
        found["version"] = mentions.versions[file_id]
    use_record(document_id=use.attachment.document_id, file_id=file_id, **found)


def _free(use: AttachmentUse, mentions: Mentions) -> bool:
    attachment = use.attachment
    is_needed = partial(
        is_mentioned_after,
        mentions.searched_seq,
        document_id=attachment.document_id,
        file_id=attachment.id,
    )
    if not attachment_free(use, is_needed=is_needed):
        return False
    logger.info("file %s of document %s is freed", attachment.id, attachment.document_id)
    attachment_freed.publish(AttachmentChange.of(attachment, user_id=None))
    return True
