"""What happened to a version, for the rooms above (HOUSE, imports go one way)."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class DamagedVersion:
    """A stored snapshot that is not what was written."""

    document_id: str
    number: int


#: Found while a document was read; it was passed over. Subscribers mend it beside the read.
version_damaged: Event[DamagedVersion] = Event("version_damaged")
