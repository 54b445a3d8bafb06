"""How many bytes files take: in all, by person, and of unused ones; for the administration."""

from dataclasses import dataclass
from typing import Any

from apps.attachments.models import STORED, attachment_rows, file_rows
from apps.attachments.references import UNUSED
from apps.core.mongo import Rows


@dataclass(frozen=True, slots=True)
class FileCount:
    """A number of files and their uploaded bytes."""

    files: int = 0
    size: int = 0


def stored_count() -> FileCount:
    """Return the stored contents, each once, however many documents have them."""
    return _sums(file_rows(), {"state": STORED}, "size").get(None, FileCount())


def uploads_by_person() -> dict[str, FileCount]:
    """Return by the id of their uploader the files of documents that count towards a share."""
    return _sums(attachment_rows(), {"charged_bytes": {"$gt": 0}}, "charged_bytes", "$author_id")


def unused_count() -> int:
    """Return how many files of documents wait to be freed."""
    return int(attachment_rows().count_documents({"unused_at": UNUSED}))


def _sums(
    rows: Rows, condition: dict[str, Any], size: str, key: str | None = None
) -> dict[Any, FileCount]:
    """Return the number of rows and the sum of a field, by another one."""
    group = {"_id": key, "files": {"$sum": 1}, "size": {"$sum": f"${size}"}}
    found = rows.aggregate([{"$match": condition}, {"$group": group}])
    return {row["_id"]: FileCount(int(row["files"]), int(row["size"])) for row in found}
