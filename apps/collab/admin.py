"""Documents in the administration: title, owner, who is there now, and the end of their sessions.

Read only. Staff who may view rights see the pages; closing sessions needs the right to change
them, because it does to people what taking a role away for a moment would.
"""

import logging
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from redis.exceptions import RedisError

from apps.accounts.admin_site import AdminPage
from apps.accounts.identity import caller
from apps.accounts.models import User
from apps.accounts.selectors import owners_by_document, users_by_id
from apps.collab.services import sessions_close
from apps.collab.session_register import people_by_document
from apps.core.api.input import CursorInvalidError
from apps.documents.cursors import Cursor, cursor_decode, cursor_encode, edge_of_cursor
from apps.documents.models import Document
from apps.documents.selectors import (
    DEFAULT_ORDERING,
    DocumentNotFoundError,
    document_stored,
    documents_all,
)

logger = logging.getLogger(__name__)

#: Documents of one page.
PAGE_SIZE: Final = 50
#: Open documents that the list *Open now* has at most.
OPEN_MAX: Final = 500
#: Longest search.
_SEARCH_MAX_CHARS: Final = 200


def documents_view(request: HttpRequest) -> HttpResponse:
    """List the documents: all of them, those that are open now, or the trash."""
    show = request.GET.get("show", "")
    search = request.GET.get("q", "").replace("\x00", "")[:_SEARCH_MAX_CHARS]
    people = _people_now()
    open_ids = sorted(people or {})
    is_open = show == "open"
    found = documents_all(
        search=search,
        trashed=show == "trash",
        document_ids=open_ids[:OPEN_MAX] if is_open else None,
        after=_edge(request.GET.get("cursor", "")),
        size=PAGE_SIZE + 1,
    )
    page = found[:PAGE_SIZE]
    context = {
        **_site_context(request, "Documents"),
        "rows": _rows(page, people or {}),
        "is_unknown": people is None,
        "is_list_unknown": is_open and people is None,
        "left_out": len(open_ids[OPEN_MAX:]) if is_open else 0,
        "search": search,
        "show": show,
        "shows": [("", "All"), ("open", "Open now"), ("trash", "Trash")],
        "may_close": may_close(request),
        "next": _next(page[-1], show=show, search=search) if len(found) > PAGE_SIZE else "",
    }
    return TemplateResponse(request, "admin/documents.html", context)


def close_view(request: HttpRequest, document_id: str) -> HttpResponse:
    """Ask whether to close the sessions of a document; close them."""
    if not may_close(request):
        raise PermissionDenied
    try:
        document = document_stored(document_id)
    except DocumentNotFoundError as err:
        raise Http404(err.message) from err
    if request.method == "POST":
        sessions_close(actor=caller(request), document_id=document.id)
        messages.success(request, f"The sessions of “{document.title}” are closed.")
        return redirect(reverse("admin:documents"))
    people = _people_now()
    rights = reverse("admin:accounts_permission_changelist")
    context = {
        **_site_context(request, "Close sessions"),
        "document": document,
        "people": _users(people or {}).get(document.id, []),
        "is_unknown": people is None,
        "rights": f"{rights}?{urlencode({'q': document.id})}",
    }
    return TemplateResponse(request, "admin/close_sessions.html", context)


def may_view(request: HttpRequest) -> bool:
    """Return whether the caller may see who has rights on documents."""
    return request.user.has_perm("accounts.view_permission") or may_close(request)


def may_close(request: HttpRequest) -> bool:
    """Return whether the caller may change rights on documents."""
    return request.user.has_perm("accounts.change_permission")


def _site_context(request: HttpRequest, title: str) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title}


def _people_now() -> dict[str, set[int]] | None:
    """Return the ids of the people by open document, None when Redis does not answer."""
    try:
        return people_by_document()
    except RedisError as err:
        logger.warning("the register of sessions cannot be read: %s", err)
        return None


def _rows(documents: list[Document], people: dict[str, set[int]]) -> list[dict[str, Any]]:
    """Return what the list shows of documents, in two queries for all of them."""
    ids = [document.id for document in documents]
    owners = owners_by_document(ids)
    users = _users({key: people[key] for key in ids if key in people})
    return [
        {"document": document, "owner": owners.get(document.id), "people": users.get(document.id)}
        for document in documents
    ]


def _users(people: dict[str, set[int]]) -> dict[str, list[User]]:
    """Return the people of documents by their names, in one query."""
    known = users_by_id({user_id for user_ids in people.values() for user_id in user_ids})
    return {
        document_id: sorted(
            (known[user_id] for user_id in user_ids if user_id in known),
            key=lambda user: user.display_name,
        )
        for document_id, user_ids in people.items()
    }


def _edge(text: str) -> Any:
    """Return the position of a cursor; the beginning for one that is not valid."""
    try:
        return edge_of_cursor(cursor_decode(text, ordering=DEFAULT_ORDERING)) if text else None
    except CursorInvalidError:
        return None


def _next(last: Document, *, show: str, search: str) -> str:
    """Return the query of the page after a document."""
    cursor = Cursor(DEFAULT_ORDERING, last.updated_at.isoformat(), last.lineage, backward=False)
    query = {"q": search, "show": show, "cursor": cursor_encode(cursor)}
    return urlencode({name: value for name, value in query.items() if value})


PAGE: Final = AdminPage(
    label="documents",
    name="Documents",
    urls=[
        ("", documents_view, "documents"),
        ("<str:document_id>/close-sessions/", close_view, "document_close_sessions"),
    ],
    may_view=may_view,
)
admin.site.page_add(PAGE)  # type: ignore[attr-defined]
