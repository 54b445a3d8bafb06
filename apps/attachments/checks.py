"""Checks of the storage of files, and hot queries of *attachments* (``check --services``)."""

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from apps.attachments.models import attachment_rows
from apps.attachments.storage import FilesAwayError, files
from apps.core.mongo_plans import HotQuery, hot_queries
from apps.core.service_checks import service_check

hot_queries.add(
    HotQuery(
        "files of a document", attachment_rows, {"document_id": {"$eq": "none"}}, [("order", 1)]
    ),
    HotQuery("documents that have a file", attachment_rows, {"file_id": {"$in": ["none"]}}),
)


@service_check
def files_check(**_: object) -> list[CheckMessage]:
    """Report a storage of files that does not answer, or that there is none."""
    if not settings.ATTACHMENTS_URL:
        return [
            checks.Warning(
                "No files can be attached: there is no storage for them.",
                hint="Set ATTACHMENTS_URL to a folder that all servers share, or to an S3 bucket.",
                id="attachments.W101",
            )
        ]
    try:
        files().open_at("check/none", 0)
    except FileNotFoundError:
        return []
    except FilesAwayError as err:
        return [
            checks.Error(
                f"The storage of files does not answer. {err.message}",
                hint="Start it, or correct ATTACHMENTS_URL.",
                id="attachments.E101",
            )
        ]
    return []
