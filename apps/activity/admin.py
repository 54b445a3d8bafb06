"""The admin's view of the trail: search and read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from apps.activity.models import AccountEvent, Activity
from apps.core.admin_documents import (
    TitledChangeList,
    TitleSearch,
    document_link,
    titles_add,
)


class _TrailAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read only: events are recorded by the code that publishes them."""

    date_hierarchy = "at"
    #: The tables only grow: a page must not count all of it.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


@admin.register(AccountEvent)
class AccountEventAdmin(_TrailAdmin):
    """Logins, failures, logouts and rights of the workspace, by account, address and time."""

    list_display = ["at", "username", "kind", "address", "detail"]
    list_filter = ["kind", "at"]
    search_fields = ["username", "address"]
    search_help_text = "Part of a username or of an address."
    fields = ["at", "username", "actor", "kind", "address", "detail"]
    readonly_fields = ["at", "username", "actor", "kind", "address", "detail"]


@admin.register(Activity)
class ActivityAdmin(TitleSearch, _TrailAdmin):
    """All events, by person, document, type and time."""

    list_display = ["at", "username", "kind", "document", "detail"]
    list_filter = ["kind", "at"]
    search_fields = ["document_id", "username"]
    search_help_text = "Words of a document's title, its id, or part of a username."
    fields = ["at", "username", "actor", "kind", "document", "detail"]
    readonly_fields = ["at", "username", "actor", "kind", "document", "detail"]

    @admin.display(description="document", ordering="document_id")
    def document(self, activity: Activity) -> SafeString:
        """Return a link to the document's page."""
        return document_link(activity.document_id, getattr(activity, "document_title", None))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Activity | None:
        """Return an event with the title of its document."""
        activity: Activity | None = super().get_object(request, object_id, from_field)
        titles_add([activity] if activity else [])
        return activity

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TitledChangeList]:
        """Return the list that reads the titles of its documents."""
        return TitledChangeList
