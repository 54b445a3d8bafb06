"""Reading documents: one, and lists."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import clock
from apps.documents import selectors, services
from apps.documents.listing import Listing
from apps.documents.models import Document
from tests.accounts.factories import grant, make_group, make_user, new_document_id
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


def titles(listing: Listing) -> list[str]:
    """Return the titles of a list in order."""
    return [document.title for document in listing.page(size=100)]


def test_document_get_returns_the_document_and_the_callers_abilities(owner: User) -> None:
    """One call serves the view, the socket and the page."""
    document, reader = make_document(owner), make_user()
    grant(reader, Role.VIEWER, document.id)
    found, abilities = selectors.document_get(user=reader, document_id=document.id)
    assert (found.id, abilities.role) == (document.id, Role.VIEWER)


@pytest.mark.parametrize("document_id", ["", "x", "a\x00", "../..", "{'$ne': 1}", "é" * 40])
def test_document_get_of_a_malformed_id_is_not_found(owner: User, document_id: str) -> None:
    """Also for a superuser, whose right is not looked up by id."""
    for user in (owner, make_user(is_superuser=True)):
        with pytest.raises(selectors.DocumentNotFoundError):
            selectors.document_get(user=user, document_id=document_id)


def test_document_get_has_one_error_for_invisible_and_unknown(owner: User) -> None:
    """The messages are equal."""
    foreign = make_document()
    messages = set()
    for user, document_id in (
        (owner, foreign.id),
        (owner, new_document_id()),
        (AnonymousUser(), foreign.id),
    ):
        with pytest.raises(selectors.DocumentNotFoundError) as error:
            selectors.document_get(user=user, document_id=document_id)
        messages.add(error.value.message)
    assert len(messages) == 1


def test_document_get_of_a_trashed_one_needs_the_right_to_untrash(owner: User) -> None:
    """And the option that includes the trash."""
    document, editor = make_document(owner), make_user()
    grant(editor, Role.EDITOR, document.id)
    services.document_trash(user=owner, document_id=document.id)
    with pytest.raises(selectors.DocumentNotFoundError):
        selectors.document_get(user=owner, document_id=document.id)
    with pytest.raises(selectors.DocumentNotFoundError):
        selectors.document_get(user=editor, document_id=document.id, with_trashed=True)
    found, _ = selectors.document_get(user=owner, document_id=document.id, with_trashed=True)
    assert found.trashed_at is not None


def test_documents_list_has_own_and_shared_ones_and_no_others(owner: User) -> None:
    """By a role of the user or of a group."""
    make_document(owner, title="own")
    shared, by_group = make_document(title="shared"), make_document(title="by group")
    make_document(title="foreign")
    grant(owner, Role.VIEWER, shared.id)
    grant(make_group(owner), Role.EDITOR, by_group.id)
    listed = selectors.documents_list(user=owner, ordering="title")
    assert titles(listed) == ["by group", "own", "shared"]
    assert titles(selectors.documents_list(user=owner, owned=True)) == ["own"]
    others = selectors.documents_list(user=owner, owned=False, ordering="title")
    assert titles(others) == ["by group", "shared"]


def test_documents_list_separates_living_and_trashed(owner: User) -> None:
    """An editor does not see the owner's trash."""
    gone, editor = make_document(owner, title="gone"), make_user()
    make_document(owner, title="alive")
    grant(editor, Role.EDITOR, gone.id)
    services.document_trash(user=owner, document_id=gone.id)
    assert titles(selectors.documents_list(user=owner)) == ["alive"]
    assert titles(selectors.documents_list(user=owner, trashed=True)) == ["gone"]
    assert titles(selectors.documents_list(user=editor, trashed=True)) == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("report", ["Report (final)", "REPORT 2026"]),
        ("2026 rep", ["REPORT 2026"]),
        ("(final)", ["Report (final)"]),
        ("strasse", ["Straße"]),
        (".*", ["a.*b"]),
        ("^", []),
        ("[a-z]", []),
        ("(((((", []),
        ("\\", []),
        ("$where", []),
    ],
)
def test_documents_list_search_matches_words_literally(
    owner: User, search: str, found: list[str]
) -> None:
    """No operators, no case; all words, in any order."""
    for title in ("Report (final)", "REPORT 2026", "Straße", "a.*b"):
        make_document(owner, title=title)
    listed = selectors.documents_list(user=owner, search=search)
    assert sorted(titles(listed), key=str.casefold) == sorted(found, key=str.casefold)


@pytest.mark.parametrize("ordering", selectors.ORDERINGS)
def test_documents_list_is_ordered(owner: User, ordering: str) -> None:
    """Each field, in both directions; titles without case."""
    for title in ("b", "C", "a"):
        make_document(owner, title=title)
    listed = titles(selectors.documents_list(user=owner, ordering=ordering))
    expected = ["a", "b", "C"] if ordering.endswith("title") else ["b", "C", "a"]
    if ordering.endswith("title"):
        assert listed == (expected[::-1] if ordering.startswith("-") else expected)
    else:
        stored = selectors.documents_list(user=owner, ordering=ordering).page(size=100)
        values = [getattr(document, ordering.removeprefix("-")) for document in stored]
        assert values == sorted(values, reverse=ordering.startswith("-"))
        assert sorted(listed) == sorted(expected)


def test_document_cards_show_roles_and_present_owners(owner: User) -> None:
    """The owner is a *permission*, not the creator."""
    document, reader, heir = make_document(owner), make_user(), make_user()
    grant(reader, Role.COMMENTER, document.id)
    grant(heir, Role.OWNER, document.id)
    owner.permissions.filter(document_id=document.id).delete()
    [card] = selectors.document_cards([document], user=reader)
    assert (card.abilities.role, card.owner) == (Role.COMMENTER, heir)


def test_documents_list_of_an_inactive_user_is_empty(owner: User) -> None:
    """An inactive user may read nothing."""
    make_document(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert titles(selectors.documents_list(user=owner)) == []
    assert Document.objects.count() > 0


def test_documents_edited_since_have_a_log_and_a_later_edit(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last edited first, in chunks, with trashed ones."""
    monkeypatch.setattr(selectors, "CHUNK_DOCUMENTS", 2)
    since = clock.now() + timedelta(days=365)  # after the edits of all other documents
    edited = [make_document(owner) for _ in range(3)]
    for number, document in enumerate(edited):
        document.update(set__seq=number + 1, set__updated_at=since + timedelta(hours=number + 1))
    services.document_trash(user=owner, document_id=edited[1].id)
    without_log, before = make_document(owner), make_document(owner)
    without_log.update(set__updated_at=since + timedelta(hours=9))
    before.update(set__seq=1, set__updated_at=since)
    chunks = [
        [(document.id, document.seq) for document in chunk]
        for chunk in selectors.documents_edited_since(since)
    ]
    assert chunks == [[(edited[2].id, 3), (edited[1].id, 2)], [(edited[0].id, 1)]]
    Document.objects(updated_at__gte=since).delete()


def test_document_chunks_have_all_documents_or_one(owner: User) -> None:
    """With the positions of the log."""
    documents = [make_document(owner, title=f"Chunk {number}") for number in range(2)]
    documents[1].update(set__seq=7, set__published_seq=5)
    found = {document.id for chunk in selectors.document_chunks() for document in chunk}
    assert {document.id for document in documents} <= found
    [[only]] = selectors.document_chunks(document_id=documents[1].id)
    assert (only.title, only.seq, only.published_seq) == ("Chunk 1", 7, 5)
    assert list(selectors.document_chunks(document_id=new_document_id())) == []
