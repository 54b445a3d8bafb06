"""The titles of documents, and searches for them, for apps that know documents by their ids only.

The app that has the documents provides them (``apps.documents``); without it there are none.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

#: Documents that a search by title finds for the administration.
TITLES_FOUND_MAX: Final = 200

Titles = Mapping[str, str]
_providers: Final[list[Callable[[Collection[str]], Titles]]] = []
#: Titles for rows that Django loads by itself (``titles_shown``).
_shown: Final[ContextVar[Titles]] = ContextVar("titles_shown", default=MappingProxyType({}))
_searches: Final[list[Callable[[str], Collection[str]]]] = []


def provide_titles(provider: Callable[[Collection[str]], Titles]) -> None:
    """Register the function that returns ``{document id: title}`` for the ids that exist."""
    _providers[:] = [provider]


def titles_by_id(document_ids: Collection[str]) -> Titles:
    """Return ``{document id: title}`` for the documents that exist, in one call."""
    wanted = {document_id for document_id in document_ids if document_id}
    return _providers[0](wanted) if _providers and wanted else {}


@contextmanager
def titles_shown(document_ids: Collection[str]) -> Iterator[None]:
    """Name rows of these documents by their titles within the context, read in one call."""
    token = _shown.set(titles_by_id(document_ids))
    try:
        yield
    finally:
        _shown.reset(token)


def shown_name(row: Any) -> str:
    """Return the title of a row's document where it is known, else its id."""
    title = getattr(row, "document_title", None) or _shown.get().get(row.document_id)
    return title or str(row.document_id)


def provide_search(search: Callable[[str], Collection[str]]) -> None:
    """Register the function that returns the ids of documents with these words in the title."""
    _searches[:] = [search]


def ids_by_title(words: str) -> Collection[str]:
    """Return the ids of documents with these words, ``TITLES_FOUND_MAX`` and one more at most."""
    return _searches[0](words) if _searches and words.strip() else []
