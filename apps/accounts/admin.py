"""The admin of users, groups and permissions: search, filters, inline rights, document links."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.accounts.admin_inlines import (
    GroupPermissionInline,
    MayCreateFilter,
    PersonUsageInline,
    UserPermissionInline,
    readable_fields,
    shares_save,
)
from apps.accounts.admin_rights import RightForm, document_of
from apps.accounts.identity import caller
from apps.accounts.model_rights import admin_rights, unoffered_keep
from apps.accounts.models import Permission, PersonUsage, User
from apps.accounts.services import owners_kept, permission_delete, permission_save
from apps.core.admin_documents import (
    TitledChangeList,
    TitleSearch,
    document_link,
    titles_add,
)
from apps.core.document_names import titles_by_id, titles_shown

#: Documents that a message links to.
_LINKS_MAX = 10


@contextlib.contextmanager
def _owners_kept(
    model_admin: Any,
    request: HttpRequest,
    *,
    users: QuerySet[User] | None = None,
    groups: QuerySet[Group] | None = None,
) -> Iterator[None]:
    """Change users or groups; hand documents over that would lack an owner, and say so."""
    user_ids = [] if users is None else [user.pk for user in users]
    group_ids = [] if groups is None else [group.pk for group in groups]
    kept = owners_kept(actor=caller(request), user_ids=user_ids, group_ids=group_ids)
    with kept as handed_over:
        yield
    if handed_over:
        named = handed_over[:_LINKS_MAX]
        titles = titles_by_id(named)
        links = format_html_join(
            ", ", "{}", ((document_link(pk, titles.get(pk, "")),) for pk in named)
        )
        text = format_html(
            "{} documents would have no owner any more and were given to you. "
            "Share them with their next owner: {}{}",
            len(handed_over),
            links,
            " …" if len(handed_over) > _LINKS_MAX else "",
        )
        model_admin.message_user(request, text, level=messages.WARNING)


class _GrantingAdmin:
    """Stores the granter of a right that is added inline; keeps rights that are not offered.

    The pages that ask before a deletion name the documents of the rights that go with it by titles.
    """

    #: The field of a right that leads to the rows of this page.
    subject_field: str

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what is deleted with these users or groups."""
        subjects = {f"{self.subject_field}__in": [subject.pk for subject in objs]}
        rights = Permission.objects.filter(**subjects).values_list("document_id", flat=True)
        admin_base: Any = super()
        with titles_shown(set(rights)):
            return admin_base.get_deleted_objects(objs, request)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Save the related rows."""
        unoffered_keep(form)
        admin_base: Any = super()
        admin_base.save_related(request, form, formsets, change)

    def save_formset(
        self, request: HttpRequest, form: "ModelForm[Any]", formset: Any, change: Any
    ) -> None:
        """Save the inline rights, the new ones with the admin's name."""
        if formset.model is PersonUsage:
            shares_save(formset)
            return
        changed = formset.save(commit=False)
        titles_add([*changed, *formset.deleted_objects])
        for permission in changed:
            if permission.pk is None:
                permission.granted_by = caller(request)
            permission_save(actor=caller(request), permission=permission)
        for permission in formset.deleted_objects:
            permission_delete(actor=caller(request), permission=permission)
        formset.save_m2m()


@admin.register(User)
class UserAdmin(_GrantingAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Accounts with their rights."""

    subject_field = "user"

    inlines = [PersonUsageInline, UserPermissionInline]
    list_display = [
        "username",
        "display_name",
        "email",
        "is_active",
        "is_staff",
        "rights",
        "stored",
    ]
    list_select_related = ["usage"]
    list_filter = ["is_active", "is_staff", "is_superuser", MayCreateFilter, "groups"]
    search_fields = ["username", "first_name", "last_name", "email"]
    date_hierarchy = "date_joined"
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Personal info", {"fields": ["first_name", "last_name", "email"]}),
        ("Account", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Rights in the administration, for staff", {"fields": ["user_permissions"]}),
        ("Important dates", {"fields": ["last_login", "date_joined"]}),
    ]
    actions = ["activate", "deactivate"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the rights of the administration's own pages."""
        if db_field.name == "user_permissions":
            kwargs["queryset"] = admin_rights()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the users with the number of their rights."""
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(rights=Count("permissions"))

    @admin.display(description="stored", ordering="usage__stored_bytes")
    def stored(self, user: User) -> str:
        """Return the size of what the user has stored by edits and named versions."""
        usage = getattr(user, "usage", None)
        return filesizeformat(usage.stored_bytes if usage else 0)

    @admin.display(description="rights", ordering="rights")
    def rights(self, user: Any) -> int:
        """Return the number of the user's own rights."""
        return int(user.rights)

    @admin.action(description="Activate selected users", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Activate these users."""
        changed = User.objects.filter(pk__in=queryset.values("pk")).update(is_active=True)
        self.message_user(request, f"{changed} activated.")

    @admin.action(description="Deactivate selected users", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Deactivate these users, on all servers within a second, except for the caller."""
        others = User.objects.filter(pk__in=queryset.values("pk")).exclude(pk=caller(request).pk)
        with _owners_kept(self, request, users=others):
            deactivated = User.objects.filter(pk__in=list(others.values_list("pk", flat=True)))
            self.message_user(request, f"{deactivated.update(is_active=False)} deactivated.")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Save groups and rights; documents that this leaves without an owner get one."""
        with _owners_kept(self, request, users=User.objects.filter(pk=form.instance.pk)):
            super().save_related(request, form, formsets, change)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        """Save the account; documents that this leaves without an owner get one."""
        with _owners_kept(self, request, users=User.objects.filter(pk=obj.pk)):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete an account; documents that this leaves without an owner get one."""
        with _owners_kept(self, request, users=User.objects.filter(pk=obj.pk)):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete accounts, as ``delete_model`` does one."""
        with _owners_kept(self, request, users=queryset):
            super().delete_queryset(request, queryset)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(_GrantingAdmin, DjangoGroupAdmin):
    """Groups with their rights."""

    subject_field = "group"

    inlines = [GroupPermissionInline]
    list_display = ["name", "members"]
    search_fields = ["name"]

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        """Return the name; the rights in the administration only where the group has any.

        Staff get them on their own pages (``UserAdmin``).
        """
        has_rights = obj is not None and obj.permissions.exists()
        return ["name", "permissions"] if has_rights else ["name"]

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        """Offer the rights of the administration's own pages."""
        if db_field.name == "permissions":
            kwargs["queryset"] = admin_rights()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Return the groups with the number of their members."""
        return super().get_queryset(request).annotate(members=Count("user"))

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Delete a group; documents that this leaves without an owner get one."""
        with _owners_kept(self, request, groups=Group.objects.filter(pk=obj.pk)):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """Delete groups, as ``delete_model`` does one."""
        with _owners_kept(self, request, groups=queryset):
            super().delete_queryset(request, queryset)

    @admin.display(description="members", ordering="members")
    def members(self, group: Any) -> int:
        """Return the number of members."""
        return int(group.members)


@admin.register(Permission)
class PermissionAdmin(TitleSearch, admin.ModelAdmin):  # type: ignore[type-arg]
    """All rights, by person, group and document."""

    form = RightForm
    list_display = ["subject_name", "role", "document", "granted_by", "created_at"]
    list_filter = ["role", ("group", admin.RelatedOnlyFieldListFilter), "created_at"]
    list_select_related = ["user", "group", "granted_by"]
    search_fields = [
        "document_id",
        "user__username",
        "user__first_name",
        "user__last_name",
        "group__name",
    ]
    search_help_text = "Words of a document's title, its id, or part of a user's or group's name."
    autocomplete_fields = ["user", "group"]
    fields = ["user", "group", "document_id", "role", "granted_by", "created_at"]
    readonly_fields = ["document", "granted_by", "created_at"]
    date_hierarchy = "created_at"

    def get_fields(self, request: HttpRequest, obj: Permission | None = None) -> Any:
        """Return the fields; those who may only look get the document as a link."""
        may_change = obj is None or self.has_change_permission(request, obj)
        return readable_fields(self.fields, may_change=may_change)

    @admin.display(description="document", ordering="document_id")
    def document(self, permission: Permission) -> SafeString | str:
        """Return the link to the document."""
        return document_of(permission)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TitledChangeList]:
        """Return the list that reads the titles of its documents."""
        return TitledChangeList

    @admin.display(description="who", ordering="user__username")
    def subject_name(self, permission: Permission) -> str:
        """Return the user's or the group's name."""
        if permission.user:
            return permission.user.get_username()
        return f"{permission.group} (group)"

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Permission | None:
        """Return a right with the title of its document."""
        permission: Permission | None = super().get_object(request, object_id, from_field)
        titles_add([permission] if permission else [])
        return permission

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what is deleted with these rights, named by the titles of the documents."""
        rights = list(objs)
        titles_add(rights)
        return super().get_deleted_objects(rights, request)

    def save_model(
        self, request: HttpRequest, obj: Permission, form: "ModelForm[Permission]", change: Any
    ) -> None:
        """Save a permission, a new one with the admin as granter."""
        if not change:
            obj.granted_by = caller(request)
        permission_save(actor=caller(request), permission=obj)
        titles_add([obj])

    def delete_model(self, request: HttpRequest, obj: Permission) -> None:
        """Delete one permission."""
        permission_delete(actor=caller(request), permission=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Permission]) -> None:
        """Delete permissions, all or none."""
        with transaction.atomic():
            for permission in queryset.select_related("user", "group"):
                permission_delete(actor=caller(request), permission=permission)
