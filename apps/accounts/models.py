"""The *user* and *permission* entities, and the families of tokens (PostgreSQL).

Triggers notify every server of all changes of both, and of ended sign-ins, also by SQL (migrations
0002 and 0003, ``apps.accounts.changes``).
"""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from apps.accounts.roles import DOCUMENT_ROLES, Role
from apps.core import clock, ids
from apps.core.document_names import shown_name

ROLE_CHOICES = [(role.value, role.value.capitalize()) for role in Role]
#: A UUID in its canonical form, as PostgreSQL checks it.
_ID_PATTERN = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class User(AbstractUser):
    """A person with an account: the *user* entity."""

    class Meta(AbstractUser.Meta):
        db_table = "user"

    @property
    def display_name(self) -> str:
        """Return the name that others see: the full name, else the username."""
        return self.get_full_name() or self.username


class PersonUsage(models.Model):
    """What a person has stored, and a share of one's own where the default is not enough."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="usage"
    )
    stored_bytes = models.BigIntegerField(default=0, db_default=0, editable=False)
    stored_bytes_max = models.BigIntegerField(
        null=True, blank=True, help_text="Bytes that this person may store; empty for the default."
    )
    documents_max = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Documents that this person may create; empty for the default.",
    )
    named_versions_max = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Versions that this person may name; empty for the default.",
    )

    class Meta:
        db_table = "person_usage"
        verbose_name_plural = "usage"

    def __str__(self) -> str:
        return f"usage of {self.user}"


class TokenFamily(models.Model):
    """One sign-in by the API: all tokens that were rotated from its first refresh token.

    It is deleted when a refresh token is revoked or replayed, and all its tokens end with it (RFC
    9700, 4.14.2). ``expires_at`` is the expiry of its latest tokens.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="token_families"
    )
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "token_family"

    def __str__(self) -> str:
        return f"API sign-in of {self.user} until {self.expires_at:%-d %b %Y, %H:%M}"


def validate_document_id(value: str) -> None:
    """Raise unless ``value`` is empty (the workspace) or a UUID in its canonical form."""
    if value and not ids.is_id(value):
        raise ValidationError(
            "Enter a document's id: a UUID in lower case, like "
            "0b6f3a52-5d3c-4a3e-9a0e-1d9c3c5f7a11; or leave it empty for the whole workspace."
        )


class Permission(models.Model):
    """A role on a document: the *permission* entity (docs/system-flow.md, §1, §2).

    The subject is a user or a group, never both. An empty ``document_id`` is the workspace,
    whose only role is ``creator``, the right to create documents.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="permissions",
    )
    group = models.ForeignKey(
        Group,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="document_permissions",
    )
    document_id = models.CharField(
        "document",
        max_length=36,
        blank=True,
        default="",
        db_index=True,
        validators=[validate_document_id],
        help_text="The document's id; empty for the workspace (role creator).",
    )
    role = models.CharField(max_length=16, choices=ROLE_CHOICES)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="granted_permissions",
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        db_table = "permission"
        ordering = ["document_id", "created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="permission_one_subject",
                condition=Q(user__isnull=False, group__isnull=True)
                | Q(user__isnull=True, group__isnull=False),
                violation_error_message="Name a user or a group, one of the two.",
            ),
            models.CheckConstraint(
                name="permission_creator_without_document",
                condition=Q(document_id="", role=Role.CREATOR.value)
                | (~Q(document_id="") & Q(role__in=[role.value for role in DOCUMENT_ROLES])),
                violation_error_message=(
                    "Creator is the role without a document; every other role needs one."
                ),
            ),
            models.CheckConstraint(
                name="permission_document_id_uuid",
                condition=Q(document_id="") | Q(document_id__regex=_ID_PATTERN),
                violation_error_message="The document's id must be a UUID in lower case.",
            ),
            models.UniqueConstraint(
                name="permission_one_per_user",
                fields=["user", "document_id"],
                condition=Q(user__isnull=False),
                violation_error_message="This user has a role there already; change that one.",
            ),
            models.UniqueConstraint(
                name="permission_one_per_group",
                fields=["group", "document_id"],
                condition=Q(group__isnull=False),
                violation_error_message="This group has a role there already; change that one.",
            ),
        ]

    def __str__(self) -> str:
        # The administration reads the titles of the documents of a page (``core.admin_documents``).
        name = shown_name(self) if self.document_id else "the workspace"
        return f"{self.subject}: {self.role} of {name}"

    @property
    def subject(self) -> Any:
        """Return the user or the group that has the role."""
        return self.user if self.user_id else self.group
