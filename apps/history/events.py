"""Events of versions, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class DamagedVersion:
    """A version whose stored snapshot is damaged."""

    document_id: str
    number: int


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """A version that ``user_id`` named, with the ``seq`` of its state."""

    document_id: str
    number: int
    seq: int
    name: str
    user_id: str


@dataclass(frozen=True, slots=True)
class DocumentExported:
    """The state of a document after operation ``seq``, which a person got as a file."""

    document_id: str
    kind: str
    seq: int
    user_id: int


document_exported: Event[DocumentExported] = Event("document_exported")
#: Published after the version is stored: an error of a subscriber undoes nothing.
version_named: Event[NamedVersion] = Event("version_named")
#: Found while a document was loaded; the version was skipped. Subscribers repair it later.
version_damaged: Event[DamagedVersion] = Event("version_damaged")
