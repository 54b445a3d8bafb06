"""Creating, renaming and trashing documents: atomic, and subject to rights."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.documents import events, services
from apps.documents.events import DocumentChange
from apps.documents.models import Document
from apps.documents.selectors import DocumentNotFoundError, document_get
from apps.documents.titles import title_key
from tests.accounts.factories import grant, make_user, new_document_id
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> Iterator[list[tuple[str, DocumentChange]]]:
    """Collect the published events by name."""
    published_events: list[tuple[str, DocumentChange]] = []
    heard = [
        events.document_created,
        events.document_discarded,
        events.document_renamed,
        events.document_trashed,
        events.document_untrashed,
    ]
    subscribers = []
    for event in heard:

        def subscriber(change: DocumentChange, name: str = event.name) -> None:
            published_events.append((name, change))

        event.subscribe(subscriber)
        subscribers.append((event, subscriber))
    yield published_events
    for event, subscriber in subscribers:
        event._subscribers.remove(subscriber)


def names(published: list[tuple[str, DocumentChange]]) -> list[str]:
    """Return the names of the events in order."""
    return [name for name, _ in published]


def test_document_create_stores_entity_and_permission_and_publishes(
    owner: User, published: list[tuple[str, DocumentChange]]
) -> None:
    """With an empty log (docs/system-flow.md, §2)."""
    document = services.document_create(user=owner, title=" My  title ")
    stored = Document.objects.get(id=document.id)
    assert (stored.title, stored.title_folded, stored.seq) == ("My title", title_key("My title"), 0)
    assert (bytes(stored.version_vector), stored.owner_id) == (b"\x00", owner.pk)
    assert stored.lineage not in {"", stored.id}
    assert Permission.objects.get(document_id=document.id).role == Role.OWNER
    assert names(published) == ["document_created"]


def test_document_create_without_the_right_is_forbidden_and_makes_nothing() -> None:
    """Owning or editing other documents does not give the right to create."""
    user = make_user()
    grant(user, Role.OWNER, new_document_id())
    before = Document.objects.count()
    with pytest.raises(services.MayNotCreateError):
        services.document_create(user=user, title="x")
    assert Document.objects.count() == before


def test_document_create_is_undone_when_a_step_fails(
    owner: User, published: list[tuple[str, DocumentChange]]
) -> None:
    """Without an initial version there is no document either."""

    def fail(change: DocumentChange) -> None:
        raise ConnectionError("the store of versions is away")

    events.document_created.subscribe(fail)
    try:
        with pytest.raises(ConnectionError):
            services.document_create(user=owner, title="half")
    finally:
        events.document_created._subscribers.remove(fail)
    change = published[0][1]
    assert Document.objects(id=change.document.id).first() is None
    assert not Permission.objects.filter(document_id=change.document.id).exists()
    assert names(published) == ["document_created", "document_discarded"]


def test_document_create_refuses_a_title_over_the_limit(owner: User, settings: Settings) -> None:
    """The title is counted after cleaning."""
    settings.DOCUMENT_TITLE_MAX_CHARS = 5
    assert services.document_create(user=owner, title="  12345  ").title == "12345"
    with pytest.raises(services.TitleTooLongError):
        services.document_create(user=owner, title="123456")


def test_document_rename_changes_title_and_folded_copy(
    owner: User, published: list[tuple[str, DocumentChange]]
) -> None:
    """An editor may rename; the log does not change."""
    document, editor = make_document(owner), make_user()
    grant(editor, Role.EDITOR, document.id)
    Document.objects(id=document.id).update_one(set__seq=7)
    renamed = services.document_rename(user=editor, document_id=document.id, title="NEW")
    assert (renamed.title, renamed.title_folded, renamed.seq) == ("NEW", title_key("new"), 7)
    assert renamed.updated_at >= document.updated_at
    assert names(published)[-1] == "document_renamed"


@pytest.mark.parametrize("role", [Role.COMMENTER, Role.VIEWER])
def test_document_rename_by_a_reader_is_forbidden(owner: User, role: Role) -> None:
    """A role that reads may not rename."""
    document, reader = make_document(owner, title="kept"), make_user()
    grant(reader, role, document.id)
    with pytest.raises(services.NotAllowedError):
        services.document_rename(user=reader, document_id=document.id, title="x")
    assert Document.objects.get(id=document.id).title == "kept"


def test_document_trash_and_untrash_need_an_owner(
    owner: User, published: list[tuple[str, DocumentChange]]
) -> None:
    """An editor can do neither; for a stranger the document does not exist."""
    document, editor = make_document(owner), make_user()
    grant(editor, Role.EDITOR, document.id)
    with pytest.raises(services.NotAllowedError):
        services.document_trash(user=editor, document_id=document.id)
    with pytest.raises(DocumentNotFoundError):
        services.document_trash(user=make_user(), document_id=document.id)
    services.document_trash(user=owner, document_id=document.id)
    with pytest.raises(DocumentNotFoundError):
        services.document_untrash(user=editor, document_id=document.id)
    services.document_untrash(user=owner, document_id=document.id)
    assert document_get(user=editor, document_id=document.id)[0].trashed_at is None
    assert names(published)[1:] == ["document_trashed", "document_restored"]


def test_document_untrash_of_a_living_one_changes_nothing(
    owner: User, published: list[tuple[str, DocumentChange]]
) -> None:
    """A second call does nothing."""
    document = make_document(owner)
    services.document_untrash(user=owner, document_id=document.id)
    assert names(published) == ["document_created"]


def test_document_ensure_seeded_finds_its_document_again(owner: User) -> None:
    """Also when it was renamed and trashed."""
    name = new_document_id()
    first, created = services.document_ensure_seeded(user=owner, name=name, title="Seed")
    services.document_trash(user=owner, document_id=first.id)
    second, again = services.document_ensure_seeded(user=owner, name=name, title="Other")
    assert (created, again, second.id, second.title) == (True, False, first.id, "Seed")
