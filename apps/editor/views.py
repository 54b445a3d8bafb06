"""The pages: the list of documents and the editor. Scripts load their data by REST."""

from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page
from django.views.generic import TemplateView

from apps.accounts.identity import caller
from apps.accounts.models import User
from apps.accounts.selectors import may_create_documents
from apps.documents.selectors import DocumentNotFoundError, document_get


@method_decorator([never_cache, ensure_csrf_cookie], name="dispatch")
class Page(LoginRequiredMixin, TemplateView):
    """A page for logged-in users; its script gets tokens by the session and the CSRF cookie."""

    def page_data(self, user: User) -> dict[str, Any]:
        """Return the data for the page's script, which the template embeds as JSON."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the template's context, with ``page`` for template and script."""
        user = caller(self.request)
        page = {"user": _person(user), "titleMaxChars": settings.DOCUMENT_TITLE_MAX_CHARS}
        return super().get_context_data(page=page | self.page_data(user), **kwargs)


class DocumentsPage(Page):
    """``/``: own and shared documents, and the trash."""

    template_name = "editor/documents.html"

    def page_data(self, user: User) -> dict[str, Any]:
        """Return whether the page has the button for a new document."""
        return {"mayCreate": may_create_documents(user=user)}


@method_decorator(gzip_page, name="dispatch")
class DocumentPage(Page):
    """``/documents/{id}/``: the editor; 404 without the right to see the document.

    It is compressed: it has no secret whose length an attacker could measure by a title (BREACH).
    A form with a CSRF token does not belong here.
    """

    template_name = "editor/document.html"

    def page_data(self, user: User) -> dict[str, Any]:
        """Return title and lineage of the document, the abilities of ``user``, and limits."""
        try:
            document, abilities = document_get(user=user, document_id=self.kwargs["document_id"])
        except DocumentNotFoundError as err:
            raise Http404(err.message) from err
        limits = settings.COLLAB_LIMITS
        return {
            "limits": {
                "updateBytes": limits["update_bytes"],
                "documentBytes": limits["document_bytes"],
            },
            "document": {
                "id": document.id,
                "title": document.title,
                "lineage": document.lineage,
                "seq": document.seq,
                "abilities": abilities.as_dict(),
            },
        }


def _person(user: User) -> dict[str, str]:
    return {"id": str(user.pk), "username": user.username, "name": user.display_name}
