"""Export of a document at any seq, in any format (docs/system-flow.md, §7)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from apps.core.errors import InvalidInputError, NotFoundError
from apps.crdt.content.conversion import content_export
from apps.crdt.content.writers import WRITTEN_FORMATS
from apps.documents.models import Document
from apps.documents.titles import title_clean
from apps.history.conversions import conversion_run, program_limits
from apps.history.exported_pictures import pictures_read
from apps.history.snapshot import Snapshot
from apps.history.states import present_state, state_at, version_state
from apps.office.conversion import office_export
from apps.office.formats import OFFICE_WRITTEN, TEXT_WITH_PICTURES, WITH_PICTURES
from apps.office.pictures import picture_ids, picture_ids_in_text, text_with_pictures

#: Media types of all formats of an export.
EXPORT_MEDIA_TYPES: Final = {
    kind: written.media_type for kind, written in (WRITTEN_FORMATS | OFFICE_WRITTEN).items()
}
#: Characters that the file systems of some systems do not allow in names.
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
#: Names of devices, which some systems allow with no extension.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|\Z)", re.IGNORECASE)
#: Longest file name without its extension: 255 bytes are allowed, and a character has up to 4.
_NAME_MAX_CHARS = 60


class UnknownFormatError(NotFoundError):
    """There is no format of this name; ``extra`` has the formats."""

    code = "unknown_format"


class VersionOrSeqError(InvalidInputError):
    """Both a version and a seq are named, which may be two states."""

    code = "version_or_seq"


@dataclass(frozen=True, slots=True)
class Export:
    """A state of a document, written in a format on demand."""

    document: Document
    content: Snapshot
    kind: str
    #: Whether HTML or Markdown has the pictures themselves.
    has_pictures: bool = False

    @property
    def etag(self) -> str:
        """Return the ETag of the file, which depends on the state, the format and the title."""
        title = hashlib.sha256(self.document.title.encode()).hexdigest()[:12]
        kind = f"{self.kind}-pictures" if self.has_pictures else self.kind
        return f'"{self.document.lineage}-{self.content.seq}-{kind}-{title}"'

    @property
    def file_name(self) -> str:
        """Return the title as a file name that every system allows."""
        words = _NOT_IN_NAMES.sub(" ", title_clean(self.document.title))
        name = " ".join(words.split())[:_NAME_MAX_CHARS].strip(". ")
        name = _DEVICES.sub(r"\g<0>_", name, count=1) if _DEVICES.match(name) else name
        return f"{name or 'document'}.{self.kind}"

    @property
    def media_type(self) -> str:
        """Return the media type, for text formats with the charset."""
        return EXPORT_MEDIA_TYPES[self.kind]

    def write(self) -> bytes:
        """Return the document in its format.

        Raises as ``conversion_run`` and ``pictures_read`` do.
        """
        if self.kind == "yjs":
            return self.content.state
        if self.kind in OFFICE_WRITTEN:
            return self._write_for_office()
        data = conversion_run(
            content_export, self.content.state, self.kind, title=self.document.title
        )
        return self._with_pictures(data.decode()) if self.has_pictures else data

    def _with_pictures(self, text: str) -> bytes:
        pictures = pictures_read(document_id=self.document.id, file_ids=picture_ids_in_text(text))
        return conversion_run(
            text_with_pictures, text, pictures, max_bytes=settings.OFFICE_PICTURES_BYTES
        )

    def _write_for_office(self) -> bytes:
        page = conversion_run(content_export, self.content.state, "html", title="").decode()
        file_ids = picture_ids(page) if self.kind in WITH_PICTURES else ()
        return conversion_run(
            office_export,
            page,
            self.kind,
            self.document.title,
            pictures=pictures_read(document_id=self.document.id, file_ids=file_ids),
            limits=program_limits(),
            identifier=self.document.id,
            date=self.document.created_at.date().isoformat(),
        )


def export_get(
    *,
    document: Document,
    kind: str,
    version: int | None = None,
    seq: int | None = None,
    pictures: bool = False,
) -> Export:
    """Return the export of a document at present, at a version, or after an operation.

    With ``pictures``, HTML and Markdown have the pictures themselves.

    Raises ``UnknownFormatError``, ``VersionOrSeqError``, ``VersionNotFoundError``,
    ``SeqNotFoundError``.
    """
    if kind not in EXPORT_MEDIA_TYPES:
        formats = sorted(EXPORT_MEDIA_TYPES)
        raise UnknownFormatError(
            f"There is no format {kind!r}; choose one of {', '.join(formats)}.",
            extra={"formats": formats},
        )
    if version is not None and seq is not None:
        raise VersionOrSeqError("Name a version or a seq, not both.")
    has_pictures = pictures and kind in TEXT_WITH_PICTURES
    return Export(document, _content(document.id, version, seq), kind, has_pictures)


def _content(document_id: str, version: int | None, seq: int | None) -> Snapshot:
    if version is not None:
        return version_state(document_id=document_id, number=version)
    if seq is not None:
        return state_at(document_id=document_id, seq=seq)
    return present_state(document_id=document_id)
