"""Many documents of one reader, written directly to the database: entities, owners, permissions.

Called in the product's process, as tests are, or by ``manage.py shell``.
"""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from apps.accounts.models import Permission, User
from apps.accounts.roles import Role
from apps.core import clock, ids
from apps.documents.models import Document
from apps.documents.titles import title_key

WORDS = ("harbour", "minutes", "budget", "draft", "plan", "letter", "review", "garden", "invoice")
#: A word in one of a hundred titles.
RARE_WORD = "lighthouse"
_ROWS_AT_ONCE = 1_000


def documents_fill(*, reader: str, count: int, owners: Sequence[str] = (), seed: int = 1) -> None:
    """Store documents of ``reader``, or of ``owners`` in turns, who are created if missing.

    Documents of others are shared with the reader as an editor.
    """
    chance, now = random.Random(seed), clock.now()
    person = User.objects.get(username=reader)
    people = [User.objects.get_or_create(username=name)[0] for name in owners] or [person]
    for start in range(0, count, _ROWS_AT_ONCE):
        numbers = range(start, min(count, start + _ROWS_AT_ONCE))
        documents = [
            _document(owner, _title(chance, number), now - timedelta(minutes=chance.random() * 5e5))
            for number, owner in zip(numbers, itertools.cycle(people), strict=False)
        ]
        Document.objects.insert(documents)
        Permission.objects.bulk_create(_permissions(documents, person))


def _document(owner: User, title: str, updated_at: datetime) -> Document:
    return Document(
        id=ids.new_id(),
        title=title,
        title_folded=title_key(title),
        owner_id=owner.pk,
        created_at=updated_at,
        updated_at=updated_at,
        lineage=ids.new_id(),
    )


def _title(chance: random.Random, number: int) -> str:
    words = [chance.choice(WORDS) for _ in range(chance.randint(1, 4))]
    if number % 100 == 0:
        words.append(RARE_WORD)
    return f"{' '.join(words)} {number}".capitalize()


def _permissions(documents: Sequence[Document], reader: User) -> list[Permission]:
    owned = [
        Permission(user_id=document.owner_id, document_id=document.id, role=Role.OWNER)
        for document in documents
    ]
    shared = [
        Permission(user=reader, document_id=document.id, role=Role.EDITOR)
        for document in documents
        if document.owner_id != reader.pk
    ]
    return owned + shared
