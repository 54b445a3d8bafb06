"""Authentication and abilities of a socket, read from PostgreSQL and *documents*."""

from dataclasses import dataclass

from apps.accounts.models import User
from apps.accounts.roles import NO_ABILITIES, Abilities
from apps.accounts.selectors import abilities_get
from apps.accounts.tokens import user_from_access_token
from apps.collab.presence_state import Identity
from apps.core.errors import NotAuthenticatedError, NotFoundError
from apps.documents.selectors import document_get


@dataclass(frozen=True, slots=True)
class Admission:
    """The identity and abilities of an admitted socket; ``lineage`` is the document's."""

    identity: Identity
    abilities: Abilities
    lineage: str


def token_user(raw: str) -> tuple[User, float]:
    """Return the user of an access token and its expiry (unix seconds).

    Raises a kind of ``NotAuthenticatedError``.
    """
    return user_from_access_token(raw)


def admission_get(*, user: User, document_id: str) -> Admission:
    """Return the admission of ``user`` to a document.

    Raises ``NotAuthenticatedError`` for an inactive account, and ``DocumentNotFoundError`` for a
    document that the user may not see.
    """
    if not user.is_active:
        raise NotAuthenticatedError("This account is not active.")
    document, abilities = document_get(user=user, document_id=document_id)
    identity = Identity(user_id=str(user.pk), username=user.username, name=user.display_name)
    return Admission(identity=identity, abilities=abilities, lineage=document.lineage)


def token_admission_get(*, raw: str, document_id: str) -> tuple[Admission, float]:
    """Return the admission of the user of an access token, and the token's expiry.

    Raises as ``token_user`` and ``admission_get``.
    """
    user, expires_at = token_user(raw)
    return admission_get(user=user, document_id=document_id), expires_at


def abilities_recheck(
    pairs: set[tuple[str, str]],
) -> dict[tuple[str, str], Abilities | NotFoundError]:
    """Return the present abilities of each ``(user id, document id)``.

    The error stands for a document that is deleted or in the trash. A user who may no longer read
    it has ``NO_ABILITIES``.
    """
    users = {str(user.pk): user for user in User.objects.filter(pk__in={pair[0] for pair in pairs})}
    return {pair: _recheck(users.get(pair[0]), pair[1]) for pair in pairs}


def _recheck(user: User | None, document_id: str) -> Abilities | NotFoundError:
    if user is None or not user.is_active:
        return NO_ABILITIES
    abilities = abilities_get(user=user, document_id=document_id)
    if not abilities.read:
        return NO_ABILITIES
    try:
        return document_get(user=user, document_id=document_id)[1]
    except NotFoundError as err:
        return err
