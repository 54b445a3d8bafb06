"""The forms of rights in the administration: a stored right names its document by its title.

The document of a right is entered by its id, and never changed: another one is another right.
"""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.utils.safestring import SafeString

from apps.accounts.models import Permission
from apps.core.admin_documents import document_link, titles_add


def document_of(permission: Permission) -> SafeString | str:
    """Return a link to the document's page, or the word for the whole workspace."""
    if not permission.document_id:
        return "the workspace"
    return document_link(permission.document_id, getattr(permission, "document_title", None))


class DocumentLink(forms.Widget):
    """The document of a stored right, as a link."""

    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self._permission = permission

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the link."""
        return SafeString(document_of(self._permission))

    def id_for_label(self, id_: str | None) -> str:
        """Return no id: a link is labelled by its own text."""
        return ""


class RightForm(forms.ModelForm):  # type: ignore[type-arg]
    """A right; the document of a stored one is a link."""

    class Meta:
        model = Permission
        fields = ["user", "group", "document_id", "role"]
        help_texts = {
            "document_id": "The id in the address of its page; empty for the workspace "
            "(role creator)."
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        document = self.fields.get("document_id")
        if document is not None and self.instance.pk:
            document.disabled = True
            document.help_text = ""
            document.widget = DocumentLink(self.instance)


class RightFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The rights of a user or a group; the titles of their documents are read in one query."""

    def get_queryset(self) -> QuerySet[Permission]:
        """Return the rights, with ``document_title``."""
        is_first = not hasattr(self, "_queryset")
        rows: QuerySet[Permission] = super().get_queryset()
        if is_first:
            titles_add(list(rows))
        return rows
