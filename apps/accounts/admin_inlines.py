"""What the admin's pages of users and groups have inline: rights, usage and shares; a filter."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString

from apps.accounts.admin_rights import RightForm, RightFormSet, document_of
from apps.accounts.models import Permission, PersonUsage, User
from apps.accounts.roles import Role


def readable_fields(fields: Sequence[Any], *, may_change: bool) -> list[Any]:
    """Return fields of a right, with its document as a link where it is not entered."""
    return ["document" if name == "document_id" and not may_change else name for name in fields]


class _PermissionInline(admin.TabularInline):  # type: ignore[type-arg]
    """The rights of a user or a group, edited on its page."""

    model = Permission
    extra = 0
    form = RightForm
    formset = RightFormSet
    fields = ["document_id", "role", "granted_by", "created_at"]
    readonly_fields = ["document", "granted_by", "created_at"]
    verbose_name = "right"
    verbose_name_plural = "rights on documents (no document: the right to create them)"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields; those who may only look get the document as a link."""
        return readable_fields(self.fields, may_change=self.has_change_permission(request, obj))

    @admin.display(description="document")
    def document(self, permission: Permission) -> SafeString | str:
        """Return the link to the document."""
        return document_of(permission) if permission.pk else ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Permission]:
        """Return the rows with their granters."""
        return super().get_queryset(request).select_related("granted_by", "user", "group")


class UserPermissionInline(_PermissionInline):
    """The rights that a user has, besides those of the groups."""

    fk_name = "user"


class GroupPermissionInline(_PermissionInline):
    """The rights that every member of a group has."""

    fk_name = "group"


class PersonUsageInline(admin.StackedInline):  # type: ignore[type-arg]
    """What a user has stored, and the user's own shares."""

    model = PersonUsage
    fields = ["stored", "stored_bytes_max", "documents_max", "named_versions_max"]
    readonly_fields = ["stored"]
    can_delete = False
    verbose_name = "usage"

    @admin.display(description="stored")
    def stored(self, usage: PersonUsage) -> str:
        """Return what is stored, and the share."""
        own_max = usage.stored_bytes_max
        limit = settings.STORED_BYTES_PER_PERSON if own_max is None else own_max
        return f"{filesizeformat(usage.stored_bytes)} of {filesizeformat(limit)}"


class MayCreateFilter(admin.SimpleListFilter):
    """Filters users by their own right to create documents."""

    title = "right to create documents"
    parameter_name = "may_create"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Return the users of the choice."""
        creators = Permission.objects.filter(role=Role.CREATOR, user__isnull=False).values("user")
        if self.value() == "yes":
            return queryset.filter(pk__in=creators)
        if self.value() == "no":
            return queryset.exclude(pk__in=creators)
        return queryset


def shares_save(formset: Any) -> None:
    """Save the shares of a form, and not the count, which the worker changes meanwhile."""
    fields = ["stored_bytes_max", "documents_max", "named_versions_max"]
    for usage in formset.save(commit=False):
        values = {field: getattr(usage, field) for field in fields}
        PersonUsage.objects.update_or_create(user=usage.user, defaults=values)
