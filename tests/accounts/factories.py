"""Users, groups and permissions for tests, with defaults for what a test does not name."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.core import ids

PASSWORD = "correct horse battery"

_numbers = count(1)


def make_user(username: str = "", *, may_create: bool = False, **fields: Any) -> User:
    """Return a stored user; ``may_create`` gives the right to create documents."""
    name = username or f"user-{next(_numbers)}"
    user: User = User.objects.create_user(name, password=PASSWORD, **fields)
    if may_create:
        Permission.objects.create(user=user, role=Role.CREATOR)
    return user


def make_group(*members: User, name: str = "") -> Group:
    """Return a stored group with these members."""
    group = Group.objects.create(name=name or f"group-{next(_numbers)}")
    group.user_set.set(members)
    return group


def grant(subject: User | Group, role: Role, document_id: str = "") -> Permission:
    """Store a permission without a check of rights, as SQL would."""
    user, group = (subject, None) if isinstance(subject, User) else (None, subject)
    return Permission.objects.create(user=user, group=group, role=role, document_id=document_id)


def new_document_id() -> str:
    """Return a document id; PostgreSQL does not require the document to exist."""
    return ids.new_id()
