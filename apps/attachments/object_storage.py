"""The bytes of files on a server that speaks S3, by ``django-storages``.

Imported only where ``ATTACHMENTS_URL`` names one: its client takes 40 MiB of a process.
"""

from typing import IO, Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from apps.attachments.storage import Reader, as_file, away

#: How long the server may take to accept a connection, and to answer, in seconds.
CONNECT_WAIT_S: Final = 3
ANSWER_WAIT_S: Final = 20
_MISSING: Final = ("404", "NoSuchKey", "NotFound")


class ObjectStorage(S3Storage):  # type: ignore[misc]
    """A bucket. S3 shows an object when all of it has arrived."""

    def __init__(self, **settings: Any) -> None:
        config = Config(
            connect_timeout=CONNECT_WAIT_S,
            read_timeout=ANSWER_WAIT_S,
            retries={"max_attempts": 2},
            s3={"addressing_style": settings.pop("addressing_style", "path")},
            # Servers other than Amazon's do not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(client_config=config, default_acl=None, querystring_auth=False, **settings)

    def store(self, name: str, content: IO[bytes]) -> None:
        """Store an object."""
        try:
            self._save(name, as_file(content))
        except (BotoCoreError, ClientError, OSError) as err:
            raise away(err) from err

    def open_at(self, name: str, start: int) -> Reader:
        """Return the bytes of an object from ``start`` on."""
        options = {"Range": f"bytes={start}-"} if start else {}
        try:
            answer = self.bucket.Object(self._normalize_name(name)).get(**options)
        except ClientError as err:
            if err.response.get("Error", {}).get("Code") in _MISSING:
                raise FileNotFoundError(name) from err
            raise away(err) from err
        except (BotoCoreError, OSError) as err:
            raise away(err) from err
        body: Reader = answer["Body"]
        return body

    def remove(self, name: str) -> None:
        """Delete an object."""
        try:
            self.bucket.Object(self._normalize_name(name)).delete()
        except (BotoCoreError, ClientError, OSError) as err:
            raise away(err) from err

    def drafts_remove(self, *, older_than_s: float) -> int:
        """Do nothing: the server drops uploads that were not completed."""
        return 0
