"""Documents in the pages of the administration: their titles as links, read once for a page."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.document_names import TITLES_FOUND_MAX, ids_by_title, titles_by_id

DOCUMENT_PAGE = "/documents/{}/"


class TitledChangeList(ChangeList):
    """A list of rows with a ``document_id``, which reads the titles of a page in one query."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows, then the titles of their documents."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        titles_add(rows)
        self.result_list = rows


class TitleSearch:
    """A search of rows with a ``document_id`` by the titles of their documents too."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that the other fields find, and those of documents with this title."""
        admin: Any = super()
        found, may_repeat = admin.get_search_results(request, queryset, search_term)
        document_ids = list(ids_by_title(search_term))
        if len(document_ids) > TITLES_FOUND_MAX:
            del document_ids[TITLES_FOUND_MAX:]
            text = f"The rows of {TITLES_FOUND_MAX} documents with this title are shown, not all."
            messages.warning(request, f"{text} Add a word to the search.")
        if document_ids:
            found = found | queryset.filter(document_id__in=document_ids)
        return found, may_repeat


def titles_add(rows: Collection[Any]) -> None:
    """Set ``document_title`` of rows with a ``document_id``, "" without one, in one query."""
    titles = titles_by_id({row.document_id for row in rows})
    for row in rows:
        row.document_title = titles.get(row.document_id, "")


def document_link(document_id: str, title: str | None = None) -> SafeString:
    """Return a link to a document's page by its title, which is read if it is not given."""
    found = titles_by_id([document_id]).get(document_id, "") if title is None else title
    url = DOCUMENT_PAGE.format(document_id)
    return format_html('<a href="{}" title="{}">{}</a>', url, document_id, found or document_id)
