"""The integrity check of a document's files: each is read, and compared with its hash."""

from functools import partial

from apps.attachments.selectors import (
    StoredAttachment,
    attachments_iter,
    attachments_without_bytes,
    file_faults,
)
from apps.attachments.services import file_rebuild
from apps.attachments.uploads import ORIGINAL
from apps.core.errors import AppError
from apps.maintenance.integrity.faults import Fault, OnFault


def files_check(*, document_id: str, on_fault: OnFault) -> int:
    """Report the faults of a document's files; return how many files it has.

    What is served of a picture is made again from the uploaded bytes, if these are sound. Raises
    ``PyMongoError``.
    """
    for file_id in attachments_without_bytes(document_id=document_id):
        on_fault(Fault("file_unknown", f"File {file_id}: nothing is known of its bytes."))
    count = 0
    for attachment in attachments_iter(document_id=document_id):
        count += 1
        try:
            faults = dict(file_faults(attachment))
        except AppError as err:  # the storage is away
            on_fault(Fault(err.code, f"File {attachment.id}: {err.message}"))
            continue
        for part, word in faults.items():
            on_fault(_fault(attachment, part, word, is_repairable=ORIGINAL not in faults))
    return count


def _fault(attachment: StoredAttachment, part: str, word: str, *, is_repairable: bool) -> Fault:
    subject = "its uploaded bytes are" if part == ORIGINAL else f"its picture ({part}) is"
    fault = Fault(f"file_{word}", f"File {attachment.id} ({attachment.name}): {subject} {word}.")
    if not is_repairable:
        return fault
    repair = partial(file_rebuild, file_id=attachment.id, name=attachment.name)
    return fault.repaired_by(repair, "It is made from the uploaded bytes.")
