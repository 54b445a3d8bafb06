"""Events of versions, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class DamagedVersion:
    """A stored snapshot that is not what was written."""

    document_id: str
    number: int


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """A version that ``user_id`` gave a name, and the operation that it is of."""

    document_id: str
    number: int
    seq: int
    name: str
    user_id: str


#: Stored already: what a subscriber raises undoes nothing.
version_named: Event[NamedVersion] = Event("version_named")
#: Found while a document was read; it was passed over. Subscribers mend it beside the read.
version_damaged: Event[DamagedVersion] = Event("version_damaged")
