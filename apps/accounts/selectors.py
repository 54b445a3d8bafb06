"""Reads of *user* and *permission*: the rights of users, for REST, sockets and pages alike."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import CharField, Count, F, Q, QuerySet, Value
from django.db.models.functions import Concat

from apps.accounts.document_roles import ROLES_JOIN, role_of
from apps.accounts.models import Permission, User
from apps.accounts.roles import NO_ABILITIES, Abilities, Role, abilities_of, highest
from apps.core import errors
from apps.core.folding import Folded, text_fold

#: Minimum length of a search for people, against copying the list of accounts by letter.
USER_SEARCH_MIN_CHARS = 2


class PermissionNotFoundError(errors.NotFoundError):
    """The document has no such permission."""

    code = "permission_not_found"


class UnknownSubjectError(errors.InvalidInputError):
    """No user or group has that name."""

    code = "unknown_subject"


#: One row for each role, at least one for an active account. Each request runs this query, which
#: takes a seventh of the time of the ORM's two queries (0.24 ms for 1.7); a socket runs that of
#: ``document_access_find``.
_ROLES_ON_A_DOCUMENT = f"""
    SELECT account.is_superuser, permission.role
    FROM "user" AS account {ROLES_JOIN}
    WHERE account.id = %(user)s AND account.is_active
"""  # noqa: S608 - constants


def abilities_get(*, user: User | AnonymousUser, document_id: str) -> Abilities:
    """Return the abilities of ``user`` on a document, for REST, pages and open sockets.

    They are those of the strongest role of the user and the user's groups. Account and roles are
    read from PostgreSQL at each call, never from ``user``, which may be as old as its session:
    inactive and deleted users have no abilities, an active superuser has those of an owner.
    """
    if user.pk is None:
        return NO_ABILITIES
    with connection.cursor() as cursor:
        rows = cursor.execute(
            _ROLES_ON_A_DOCUMENT, {"document": document_id, "user": user.pk}
        ).fetchall()
    return abilities_of(role_of(rows))


def may_create_documents(*, user: User | AnonymousUser) -> bool:
    """Return whether *permission* lets ``user`` create documents (docs/system-flow.md, §2)."""
    account = _account_find(user)
    if account is None:
        return False
    return account.is_superuser or account.permissions().filter(role=Role.CREATOR).exists()


@dataclass(frozen=True, slots=True)
class Me:
    """A user's own account, with the abilities outside any document."""

    id: int
    username: str
    display_name: str
    email: str
    is_staff: bool
    abilities: dict[str, bool]


def me_get(*, user: User) -> Me:
    """Return the user's own account for the page and the API."""
    return Me(
        id=user.pk,
        username=user.username,
        display_name=user.display_name,
        email=user.email,
        is_staff=user.is_staff,
        abilities={"create_documents": may_create_documents(user=user)},
    )


def document_roles(
    *, user: User | AnonymousUser, document_ids: Collection[str] | None = None
) -> dict[str, Role]:
    """Return ``{document id: the user's strongest role}`` for owned and shared documents.

    Of all documents, or of ``document_ids``. An active superuser is an owner of each of them;
    other documents are not listed.
    """
    account = _account_find(user)
    if account is None:
        return {}
    rows = account.document_permissions()
    if document_ids is not None:
        rows = rows.filter(document_id__in=document_ids)
    return account.strongest(rows.values_list("document_id", "role"))


def document_roles_few(
    *, user: User | AnonymousUser, most: int, owned: bool = False
) -> dict[str, Role] | None:
    """Return as ``document_roles``, None for more than ``most`` permissions.

    ``owned``: only documents that the user owns.
    """
    account = _account_find(user)
    if account is None:
        return {}
    rows = account.document_permissions(owned=owned).values_list("document_id", "role")
    found = list(rows[: most + 1])
    return account.strongest(found) if len(found) <= most else None


def document_roles_count(*, user: User | AnonymousUser, owned: bool = False) -> int:
    """Return how many permissions on documents ``user`` and the user's groups have."""
    account = _account_find(user)
    return account.document_permissions(owned=owned).count() if account else 0


def owners_by_document(document_ids: Iterable[str]) -> dict[str, User]:
    """Return ``{document id: the owner with the oldest permission}``, in one query."""
    rows = (
        Permission.objects.filter(
            document_id__in=list(document_ids), role=Role.OWNER, user__isnull=False
        )
        .select_related("user")
        .order_by("-created_at", "-id")
    )
    return {row.document_id: row.user for row in rows if row.user}


def documents_owned_by(*, user_ids: Collection[int], group_ids: Collection[int] = ()) -> set[str]:
    """Return the ids of the documents that users own, also through a group, or that groups own."""
    rows = Permission.objects.filter(
        Q(user__in=user_ids) | Q(group__user__in=user_ids) | Q(group__in=group_ids),
        role=Role.OWNER,
    )
    return set(rows.values_list("document_id", flat=True))


def documents_without_owner(document_ids: Collection[str]) -> set[str]:
    """Return those of the documents that no active user owns, directly or through a group."""
    can_act = Q(user__is_active=True) | Q(group__user__is_active=True)
    owned = Permission.objects.filter(can_act, role=Role.OWNER, document_id__in=document_ids)
    return set(document_ids) - set(owned.values_list("document_id", flat=True))


def permissions_list(document_id: str) -> QuerySet[Permission]:
    """Return the permissions of a document, oldest first, with their subjects."""
    return (
        Permission.objects.filter(document_id=document_id)
        .exclude(document_id="")
        .select_related("user", "group", "granted_by")
        .order_by("created_at", "id")
    )


def permission_get(*, document_id: str, permission_id: int) -> Permission:
    """Return one permission of a document; raise ``PermissionNotFoundError``."""
    permission = permissions_list(document_id).filter(pk=permission_id).first()
    if permission is None:
        raise PermissionNotFoundError("This document has no such permission.")
    return permission


def subject_get(*, username: str = "", group_name: str = "") -> User | Group:
    """Return the active user or the group of that name; exactly one name is required.

    Raises ``UnknownSubjectError``.
    """
    found: User | Group | None
    if bool(username) == bool(group_name):
        raise UnknownSubjectError("Name a user or a group, one of the two.")
    if username:
        found = User.objects.filter(username=username, is_active=True).first()
    else:
        found = Group.objects.filter(name=group_name).first()
    if found is None:
        raise UnknownSubjectError("There is no user or group of this name.")
    return found


def users_by_id(user_ids: Iterable[int]) -> dict[int, User]:
    """Return ``{id: user}`` for the ids that exist, in one query."""
    return User.objects.in_bulk(list(user_ids))


def authors_named(author_ids: Iterable[str]) -> dict[str, dict[str, int | str | None]]:
    """Return ``{author id: {"id", "username"}}`` for authors of operations, in one query.

    The username is None for an author without an account.
    """
    wanted = set(author_ids)
    names = dict(User.objects.filter(pk__in=wanted).values_list("pk", "username"))
    return {
        author_id: {"id": int(author_id), "username": names.get(int(author_id))}
        for author_id in wanted
    }


def people_named(author_ids: Iterable[str]) -> dict[str, dict[str, int | str | None]]:
    """Return as ``authors_named``, with the display ``name``."""
    wanted = set(author_ids)
    users = users_by_id(map(int, wanted))
    return {author_id: _person(int(author_id), users.get(int(author_id))) for author_id in wanted}


def _person(pk: int, user: User | None) -> dict[str, int | str | None]:
    if user is None:
        return {"id": pk, "username": None, "name": None}
    return {"id": pk, "username": user.username, "name": user.display_name}


def users_by_username(usernames: Iterable[str]) -> dict[str, User]:
    """Return ``{username: user}`` for the names that exist, in one query."""
    wanted = list(usernames)
    if not wanted:
        return {}
    return {user.username: user for user in User.objects.filter(username__in=wanted)}


def user_search(text: str) -> QuerySet[User]:
    """Return the active users whose username or name contains ``text``, by username.

    Case and accents do not count. Texts shorter than ``USER_SEARCH_MIN_CHARS`` match no user.
    E-mail addresses are not searched: a search must not reveal the owner of an address.
    """
    users = User.objects.annotate(searched=Folded(Concat(*_NAMES, output_field=CharField())))
    return users.filter(_has_words(text), is_active=True).order_by("username")


def group_search(text: str) -> QuerySet[Group]:
    """Return the groups whose name contains ``text``, by name, as ``user_search`` does users."""
    groups = Group.objects.annotate(searched=Folded("name"), members=_active_members())
    return groups.filter(_has_words(text)).order_by("name")


#: What a search for people reads. The separator is in no search: words have no line end.
_NAMES = (F("username"), Value("\n"), F("first_name"), Value("\n"), F("last_name"))


def _has_words(text: str) -> Q:
    """Return the condition that ``searched`` has all words; no row for a short text."""
    if len(text.strip()) < USER_SEARCH_MIN_CHARS:
        return Q(pk__in=[])
    return reduce(and_, (Q(searched__contains=word) for word in text_fold(text).split()), Q())


def _active_members() -> Count:
    return Count("user", filter=Q(user__is_active=True))


@dataclass(frozen=True, slots=True)
class _Account:
    """An active account as it is stored now."""

    id: int
    is_superuser: bool
    group_ids: tuple[int, ...]

    def permissions(self) -> QuerySet[Permission]:
        """Return the account's own permissions and those of its groups."""
        return Permission.objects.filter(Q(user=self.id) | Q(group__in=self.group_ids))

    def document_permissions(self, *, owned: bool = False) -> QuerySet[Permission]:
        """Return those on a document, in no order; ``owned``: only those of an owner."""
        rows = self.permissions().exclude(document_id="").order_by()
        return rows.filter(role=Role.OWNER) if owned and not self.is_superuser else rows

    def strongest(self, rows: Iterable[tuple[str, str]]) -> dict[str, Role]:
        """Return the strongest role on each document, from pairs of document id and role."""
        found: dict[str, set[Role]] = {}
        for document_id, name in rows:
            role = Role.OWNER if self.is_superuser else Role(name)
            found.setdefault(document_id, set()).add(role)
        return {
            document_id: best for document_id, roles in found.items() if (best := highest(roles))
        }


def _account_find(user: User | AnonymousUser) -> _Account | None:
    """Return the stored account with its groups in one query; None unless it is active."""
    if user.pk is None:
        return None
    group_ids = ArrayAgg("groups", default=[], filter=Q(groups__isnull=False))
    rows = User.objects.filter(pk=user.pk, is_active=True).annotate(group_ids=group_ids)
    found = rows.values_list("pk", "is_superuser", "group_ids").first()
    return _Account(found[0], found[1], tuple(found[2])) if found else None
