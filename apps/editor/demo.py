"""The demo data: four users with a known password, and one document that three of them share.

Seeding is idempotent: it creates missing parts, and does not change what people have edited.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from django.contrib.auth.hashers import make_password

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.services import creator_grant, permission_grant
from apps.core import clock
from apps.crdt.content.prosemirror import content_update
from apps.documents.services import document_ensure_seeded
from apps.editor.welcome import BLOCKS
from apps.oplog.leases import Leases
from apps.oplog.operation import Operation
from apps.oplog.publisher import close_shared_publisher, shared_publisher
from apps.oplog.selectors import log_reaches
from apps.oplog.services import Append, operations_append

DEMO_PASSWORD = "scriptorium"  # noqa: S105 - known on purpose, in the embedded mode only
#: Random bytes of a password that is not the known one.
RANDOM_PASSWORD_BYTES = 12
WELCOME_NAME = "welcome"
WELCOME_TITLE = "Welcome to Scriptorium"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One demo account."""

    username: str
    first_name: str
    last_name: str
    is_superuser: bool = False
    may_create: bool = False


PEOPLE = (
    DemoPerson("admin", "Admin", "", is_superuser=True),
    DemoPerson("ada", "Ada", "Lovelace", may_create=True),
    DemoPerson("grace", "Grace", "Hopper", may_create=True),
    DemoPerson("alan", "Alan", "Turing"),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo users and their document."""

    usernames: tuple[str, ...]
    document_id: str


def demo_seed() -> Demo:
    """Create the missing parts of the demo, and return it."""
    # Everybody knows the password, so one hash, which takes a fifth of a second, is good for all.
    known_password = cache(partial(make_password, DEMO_PASSWORD))
    users = {person.username: _user_ensure(person, known_password) for person in PEOPLE}
    document, created = document_ensure_seeded(
        user=users["ada"], name=WELCOME_NAME, title=WELCOME_TITLE
    )
    if created:
        for username, role in (("grace", Role.EDITOR), ("alan", Role.VIEWER)):
            permission_grant(
                actor=users["ada"], document_id=document.id, subject=users[username], role=role
            )
    if not log_reaches(document_id=document.id, seq=1):
        _write_welcome(document.id, author_id=str(users["ada"].pk))
    return Demo(usernames=tuple(users), document_id=str(document.id))


def random_passwords_set() -> dict[str, str]:
    """Give each demo user who has the known password a random one; return those by username.

    For a product that other machines can reach. A password that a person has set stays.
    """
    passwords = {}
    for user in User.objects.filter(username__in=[person.username for person in PEOPLE]):
        if user.check_password(DEMO_PASSWORD):
            passwords[user.username] = secrets.token_urlsafe(RANDOM_PASSWORD_BYTES)
            user.set_password(passwords[user.username])
            user.save(update_fields=["password"])
    return passwords


def _write_welcome(document_id: str, *, author_id: str) -> None:
    """Append the content as the log's first operation, unless the log has one already."""
    update, version_vector = content_update(BLOCKS)
    operation = Operation(
        document_id=document_id,
        seq=1,
        unique_id=WELCOME_NAME,
        author_id=author_id,
        received_at=clock.now(),
        version_vector=version_vector,
        update=update,
    )
    leases = Leases("seed-demo")
    operations_append(
        [Append(document_id, [operation])], leases=leases, publisher=shared_publisher()
    )
    leases.release_all()
    close_shared_publisher()


def _user_ensure(person: DemoPerson, known_password: Callable[[], str]) -> User:
    found = User.objects.filter(username=person.username).first()
    if found is not None:
        return found
    user: User = User.objects.create(
        username=person.username,
        email=f"{person.username}@example.org",
        password=known_password(),
        first_name=person.first_name,
        last_name=person.last_name,
        is_staff=person.is_superuser,
        is_superuser=person.is_superuser,
    )
    if person.may_create:
        creator_grant(user=user)
    return user
