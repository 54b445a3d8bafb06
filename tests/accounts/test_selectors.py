"""Abilities of users, for every kind of account and role."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Value
from pytest_django import DjangoAssertNumQueries

from apps.accounts import selectors
from apps.accounts.models import User
from apps.accounts.roles import NO_ABILITIES, Role, abilities_of
from apps.core.folding import Folded, text_fold
from tests.accounts.factories import grant, make_group, make_user, new_document_id

pytestmark = pytest.mark.django_db


def test_abilities_get_of_a_stranger_are_none() -> None:
    """Neither another user's permission counts, nor one on another document."""
    user, other, document_id = make_user(), make_user(), new_document_id()
    grant(other, Role.OWNER, document_id)
    grant(user, Role.OWNER, new_document_id())
    assert selectors.abilities_get(user=user, document_id=document_id) == NO_ABILITIES


def test_abilities_get_takes_the_strongest_of_own_and_group_roles() -> None:
    """A group can only add abilities."""
    user, document_id = make_user(), new_document_id()
    grant(user, Role.COMMENTER, document_id)
    grant(make_group(user), Role.EDITOR, document_id)
    grant(make_group(user), Role.VIEWER, document_id)
    grant(make_group(), Role.OWNER, document_id)
    abilities = selectors.abilities_get(user=user, document_id=document_id)
    assert abilities == abilities_of(Role.EDITOR)


def test_abilities_get_of_a_user_deactivated_meanwhile_are_none() -> None:
    """The stored account counts, not the object that a socket has kept for hours."""
    user, document_id = make_user(), new_document_id()
    grant(user, Role.OWNER, document_id)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert user.is_active
    assert selectors.abilities_get(user=user, document_id=document_id) == NO_ABILITIES


def test_abilities_get_of_a_superuser_are_an_owners_while_the_account_is_active() -> None:
    """An inactive superuser has none."""
    admin = make_user(is_superuser=True)
    assert selectors.abilities_get(user=admin, document_id=new_document_id()).manage_owner
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert not selectors.abilities_get(user=admin, document_id=new_document_id()).read


def test_abilities_get_of_nobody_are_none() -> None:
    """An anonymous user has no row; neither has a deleted account."""
    document_id, gone = new_document_id(), make_user()
    grant(make_user(), Role.OWNER, document_id)
    User.objects.filter(pk=gone.pk).delete()
    for user in (AnonymousUser(), gone):
        assert selectors.abilities_get(user=user, document_id=document_id) == NO_ABILITIES


def test_abilities_get_never_counts_the_right_to_create_as_a_role() -> None:
    """The workspace's permission has an empty document id; that id gives no abilities."""
    user = make_user(may_create=True)
    assert selectors.abilities_get(user=user, document_id="") == NO_ABILITIES


def test_abilities_get_is_one_query_for_any_number_of_groups(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Every request needs the abilities."""
    user, document_id = make_user(), new_document_id()
    for _ in range(5):
        grant(make_group(user), Role.VIEWER, document_id)
    with django_assert_num_queries(1):
        selectors.abilities_get(user=user, document_id=document_id)


def test_may_create_documents_is_decided_by_the_permission_entity() -> None:
    """By a permission of the user or a group, or as a superuser."""
    in_group = make_user()
    grant(make_group(in_group), Role.CREATOR)
    owner = make_user(is_staff=True)
    grant(owner, Role.OWNER, new_document_id())
    assert selectors.may_create_documents(user=make_user(may_create=True))
    assert selectors.may_create_documents(user=in_group)
    assert selectors.may_create_documents(user=make_user(is_superuser=True))
    assert not selectors.may_create_documents(user=owner)
    assert not selectors.may_create_documents(user=make_user(may_create=True, is_active=False))
    assert not selectors.may_create_documents(user=AnonymousUser())


def test_document_roles_lists_own_and_shared_with_the_strongest_role() -> None:
    """The right to create is not in the list."""
    user, first, second = make_user(may_create=True), new_document_id(), new_document_id()
    grant(user, Role.VIEWER, first)
    grant(make_group(user), Role.EDITOR, first)
    grant(make_group(user), Role.COMMENTER, second)
    grant(make_user(), Role.OWNER, new_document_id())
    assert selectors.document_roles(user=user) == {first: Role.EDITOR, second: Role.COMMENTER}


def test_document_roles_of_an_inactive_user_are_none() -> None:
    """As the abilities on each document."""
    user = make_user(is_active=False)
    grant(user, Role.OWNER, new_document_id())
    assert selectors.document_roles(user=user) == {}


def test_owners_by_document_names_the_longest_owner() -> None:
    """A later owner does not replace the first one."""
    first, document_id = make_user(), new_document_id()
    grant(first, Role.OWNER, document_id)
    grant(make_user(), Role.OWNER, document_id)
    assert selectors.owners_by_document([document_id]) == {document_id: first}


def test_permission_get_of_another_document_is_not_found() -> None:
    """The permission must belong to the document."""
    permission = grant(make_user(), Role.OWNER, new_document_id())
    with pytest.raises(selectors.PermissionNotFoundError):
        selectors.permission_get(document_id=new_document_id(), permission_id=permission.pk)


def test_user_search_finds_active_people_by_username_and_name() -> None:
    """Every word must match; case does not matter."""
    ada = make_user("ada-x", first_name="Ada", last_name="Lovelace")
    make_user("ada-gone", is_active=False)
    assert list(selectors.user_search("LOVE ada")) == [ada]
    assert list(selectors.user_search("ada-")) == [ada]


@pytest.mark.parametrize("text", ["", "a", " a ", "%%", "__", "secret@example.org"])
def test_user_search_does_not_reveal_the_list_of_accounts(text: str) -> None:
    """A single letter, a wildcard and an e-mail address match nothing."""
    make_user("ada-y", email="secret@example.org")
    assert list(selectors.user_search(text)) == []


@pytest.mark.parametrize("text", ["rene muller", "RENÉ", "Müller", "Muller", "mÜLLER"])
def test_user_search_ignores_accents(text: str) -> None:
    """PostgreSQL folds names as Python folds the search."""
    found = make_user("rm", first_name="René", last_name="Müller")
    make_user("other", first_name="Rebecca")
    assert list(selectors.user_search(text)) == [found]


def test_user_search_does_not_find_words_across_two_names() -> None:
    """Names are compared one by one."""
    make_user("ab", first_name="cd", last_name="ef")
    assert list(selectors.user_search("bc")) == []
    assert list(selectors.user_search("de")) == []


@pytest.mark.parametrize(
    "text", ["René", "Müller", "Straße", "Øre", "Łódź", "Æsop", "Ελλάδα", "Й", "が", "ﬁ", "İ"]
)
def test_folded_name_in_postgres_is_that_of_python(text: str) -> None:
    """A name is found by a search for itself."""
    make_user()
    folded = User.objects.annotate(folded=Folded(Value(text))).values_list("folded", flat=True)
    assert folded[0] == text_fold(text)


def test_group_search_finds_groups_with_the_number_of_their_active_members() -> None:
    """Groups are found as people are."""
    make_group(make_user(), make_user(), make_user(is_active=False), name="Équipe du port")
    make_group(name="Other")
    found: list[Any] = list(selectors.group_search("equipe"))
    assert [(group.name, group.members) for group in found] == [("Équipe du port", 2)]
    assert list(selectors.group_search("é")) == []


def test_subject_get_takes_a_user_or_a_group_and_not_both() -> None:
    """The subject of a permission must be unambiguous."""
    user, group = make_user("whom"), make_group(name="team")
    assert selectors.subject_get(username="whom") == user
    assert selectors.subject_get(group_name="team") == group
    for names in ({}, {"username": "whom", "group_name": "team"}, {"username": "nobody"}):
        with pytest.raises(selectors.UnknownSubjectError):
            selectors.subject_get(**names)


def test_subject_get_does_not_find_an_inactive_user() -> None:
    """A document cannot be shared with an account that cannot log in."""
    make_user("left", is_active=False)
    with pytest.raises(selectors.UnknownSubjectError):
        selectors.subject_get(username="left")
