"""The storage of files that ``ATTACHMENTS_URL`` names, as an entry of Django's ``STORAGES``."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


def attachments_storage(url: str) -> dict[str, Any]:
    """Return the entry for a URL that ``config.env.attachments_url`` accepts.

    ``file:///path`` is a folder. ``s3://key:secret@host:port/bucket/prefix`` is a bucket; without a
    key the client's own sources of credentials are used. Options, as a query: ``region``, ``tls``
    (``false`` for plain HTTP), ``style`` (``virtual`` where the bucket is part of the host name).
    """
    if url.startswith("file://"):
        location = unquote(url.removeprefix("file://"))
        return {
            "BACKEND": "apps.attachments.storage.FolderStorage",
            "OPTIONS": {
                "location": location,
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    bucket, _, prefix = parts.path.strip("/").partition("/")
    scheme = "http" if options.get("tls") == "false" else "https"
    host = parts.netloc.rpartition("@")[2]
    return {
        "BACKEND": "apps.attachments.object_storage.ObjectStorage",
        "OPTIONS": {
            "access_key": unquote(parts.username) if parts.username else None,
            "secret_key": unquote(parts.password) if parts.password else None,
            "bucket_name": bucket,
            "location": prefix,
            "endpoint_url": f"{scheme}://{host}",
            "region_name": options.get("region"),
            "addressing_style": options.get("style", "path"),
        },
    }
