"""The constraints of PostgreSQL."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db


def test_tables_have_the_names_of_the_entities() -> None:
    """They are *user* and *permission*."""
    assert (User._meta.db_table, Permission._meta.db_table) == ("user", "permission")


def test_permission_without_a_subject_is_refused() -> None:
    """A permission has a user or a group."""
    with pytest.raises(IntegrityError, match="permission_one_subject"):
        Permission.objects.create(role=Role.OWNER, document_id=new_document_id())


def test_permission_of_a_user_and_a_group_is_refused() -> None:
    """A permission has only one of the two."""
    user, group = make_user(), make_group()
    with pytest.raises(IntegrityError, match="permission_one_subject"):
        Permission.objects.create(
            user=user, group=group, role=Role.OWNER, document_id=new_document_id()
        )


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER, "emperor"])
def test_permission_on_the_workspace_is_only_to_create(role: str) -> None:
    """No other role applies to the workspace."""
    with pytest.raises(IntegrityError, match="permission_creator_without_document"):
        Permission.objects.create(user=make_user(), role=role, document_id="")


@pytest.mark.parametrize("role", [Role.CREATOR, "emperor"])
def test_permission_on_a_document_is_a_document_role(role: str) -> None:
    """An unknown role cannot be stored."""
    with pytest.raises(IntegrityError, match="permission_creator_without_document"):
        Permission.objects.create(user=make_user(), role=role, document_id=new_document_id())


def test_permission_on_a_malformed_id_is_refused() -> None:
    """An id in capitals would be another document in MongoDB."""
    with pytest.raises(IntegrityError, match="permission_document_id_uuid"):
        grant(make_user(), Role.OWNER, new_document_id().upper())


def test_second_permission_of_a_subject_on_a_document_is_refused() -> None:
    """Two rows could have different roles."""
    user, document_id = make_user(), new_document_id()
    grant(user, Role.VIEWER, document_id)
    with pytest.raises(IntegrityError, match="permission_one_per_user"):
        grant(user, Role.OWNER, document_id)


def test_second_permission_of_a_group_on_a_document_is_refused() -> None:
    """The same for groups."""
    group, document_id = make_group(), new_document_id()
    grant(group, Role.VIEWER, document_id)
    with pytest.raises(IntegrityError, match="permission_one_per_group"):
        grant(group, Role.OWNER, document_id)


def test_full_clean_explains_a_malformed_id() -> None:
    """The admin's form shows the message."""
    permission = Permission(user=make_user(), role=Role.OWNER, document_id="my document")
    with pytest.raises(ValidationError, match="UUID"):
        permission.full_clean()


def test_display_name_is_the_username_where_there_is_no_name() -> None:
    """The display name is never empty."""
    assert make_user("plain").display_name == "plain"
    assert make_user(first_name="Ada", last_name="Lovelace").display_name == "Ada Lovelace"


def test_str_of_a_permission_has_subject_role_and_document() -> None:
    """The admin's messages show it."""
    assert str(grant(make_user("ada-1"), Role.CREATOR)) == "ada-1: creator of the workspace"
