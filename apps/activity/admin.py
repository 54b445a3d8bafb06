"""The admin's view of the trail: search and read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.activity.models import Activity
from apps.core.admin_documents import TitledChangeList, document_link


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """All events, by person, document, type and time."""

    list_display = ["at", "username", "kind", "document", "detail"]
    list_filter = ["kind", "at"]
    search_fields = ["document_id", "username"]
    search_help_text = "A document's id, or part of a username."
    date_hierarchy = "at"
    fields = ["at", "username", "actor", "kind", "document", "detail"]
    readonly_fields = ["at", "username", "actor", "kind", "document", "detail"]
    #: The table only grows: a page must not count all of it.
    show_full_result_count = False

    @admin.display(description="document", ordering="document_id")
    def document(self, activity: Activity) -> SafeString:
        """Return a link to the document's page."""
        return document_link(activity.document_id, getattr(activity, "document_title", None))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TitledChangeList]:
        """Return the list that reads the titles of its documents."""
        return TitledChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: events are recorded by the code that publishes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False
