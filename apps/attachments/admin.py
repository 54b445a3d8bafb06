"""Files in the administration: of which documents they are, their state, and the bytes they take.

Read only, for staff who may view rights, as the list of documents.
"""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.accounts.admin_site import AdminPage
from apps.accounts.selectors import users_by_id
from apps.attachments.references import AttachmentUse, uses_page
from apps.attachments.usage import stored_count, unused_count, uploads_by_person
from apps.core import ids
from apps.core.sizes import size_text
from apps.documents.selectors import titles_by_id

#: Files of one page, and the last page.
PAGE_SIZE: Final = 50
PAGE_MAX: Final = 10_000


def files_view(request: HttpRequest) -> HttpResponse:
    """List the files of one document or of all, the latest first."""
    asked = request.GET.get("document", "")
    document_id = asked if ids.is_id(asked) else None
    unused_only = request.GET.get("show") == "unused"
    page = _page(request.GET.get("page", ""))
    found = uses_page(
        document_id=document_id,
        unused_only=unused_only,
        skip=page * PAGE_SIZE,
        limit=PAGE_SIZE + 1,
    )
    query = {"document": document_id or "", "show": "unused" if unused_only else ""}
    context = {
        **admin.site.each_context(request),
        "title": "Files",
        "rows": _rows(found[:PAGE_SIZE]),
        "document_id": document_id,
        "document_title": titles_by_id([document_id]).get(document_id) if document_id else None,
        "unused_only": unused_only,
        "unused": unused_count(),
        "next": _query(query, page=page + 1) if len(found) > PAGE_SIZE else "",
        "all_query": _query(query | {"show": ""}),
        "unused_query": _query(query | {"show": "unused"}),
    }
    return TemplateResponse(request, "admin/files.html", context)


def people_view(request: HttpRequest) -> HttpResponse:
    """List the people who have uploaded files, the most bytes first, and the sum of all bytes."""
    stored, counts = stored_count(), uploads_by_person()
    users = users_by_id({int(pk) for pk in counts if pk.isdecimal()})
    rows = [
        {
            "person": users.get(int(pk)) if pk.isdecimal() else None,
            "files": count.files,
            "size": size_text(count.size),
        }
        for pk, count in sorted(counts.items(), key=lambda item: -item[1].size)[:PAGE_SIZE]
    ]
    context = {
        **admin.site.each_context(request),
        "title": "Files by person",
        "rows": rows,
        "left_out": len(counts) - len(rows),
        "files": stored.files,
        "size": size_text(stored.size),
    }
    return TemplateResponse(request, "admin/files_by_person.html", context)


def may_view(request: HttpRequest) -> bool:
    """Return whether the caller may see the documents of all people."""
    return request.user.has_perm("accounts.view_permission") or request.user.has_perm(
        "accounts.change_permission"
    )


def _rows(uses: list[AttachmentUse]) -> list[dict[str, Any]]:
    """Return what the list shows of files, in two queries for all of them."""
    titles = titles_by_id({use.attachment.document_id for use in uses})
    authors = {use.attachment.author_id for use in uses}
    users = users_by_id({int(author) for author in authors if author.isdecimal()})
    return [
        {
            "file": use.attachment,
            "size": size_text(use.attachment.size),
            "title": titles.get(use.attachment.document_id, use.attachment.document_id),
            "author": users.get(int(use.attachment.author_id))
            if use.attachment.author_id.isdecimal()
            else None,
            "state": _state(use),
        }
        for use in uses
    ]


def _state(use: AttachmentUse) -> str:
    if use.unused_at is not None:
        freed_at = use.unused_at + timedelta(seconds=settings.ATTACHMENT_FREE_AFTER_S)
        return f"unused, stays until {freed_at:%-d %b %Y}"
    return "in use" if use.seq or use.version else "new"


def _page(text: str) -> int:
    return min(int(text), PAGE_MAX) if text.isdecimal() and len(text) <= len(str(PAGE_MAX)) else 0


def _query(values: dict[str, str], *, page: int = 0) -> str:
    query = {**values, "page": str(page) if page else ""}
    return urlencode({name: value for name, value in query.items() if value})


PAGE: Final = AdminPage(
    label="files",
    name="Files",
    urls=[("", files_view, "files"), ("people/", people_view, "files_by_person")],
    may_view=may_view,
)
admin.site.page_add(PAGE)  # type: ignore[attr-defined]
