"""Authentication and abilities of a socket, read from PostgreSQL and *documents*."""

from dataclasses import dataclass
from typing import NamedTuple

from apps.accounts.document_access import DocumentAccess, document_access_find
from apps.accounts.models import User
from apps.accounts.roles import NO_ABILITIES, Abilities
from apps.accounts.selectors import abilities_get
from apps.accounts.sign_ins import (
    Authenticated,
    SessionInvalidError,
    SignIn,
    session_authenticate,
    sign_ins_ended,
)
from apps.accounts.tokens import access_from_token, user_from_access_token
from apps.accounts.usage import users_over_quota
from apps.collab.presence_state import Identity
from apps.core.errors import NotFoundError
from apps.documents.selectors import document_get, document_open_get


@dataclass(frozen=True, slots=True)
class Admission:
    """The identity and abilities of an admitted socket; ``lineage`` is the document's.

    ``expires_at`` (Unix time) and ``sign_in`` are those of its token or session cookie.
    """

    identity: Identity
    abilities: Abilities
    lineage: str
    sign_in: SignIn
    expires_at: float
    is_over_quota: bool


def token_authenticate(raw: str) -> Authenticated:
    """Return the user, expiry and sign-in of an access token.

    Raises a kind of ``NotAuthenticatedError``.
    """
    return user_from_access_token(raw)


def token_admission_get(*, raw: str, document_id: str) -> Admission:
    """Return the admission of an access token's user to a document.

    Raises as ``token_authenticate``, and ``DocumentNotFoundError`` for a document that the user may
    not see. One query of PostgreSQL, and one of MongoDB.
    """
    return _admission(*access_from_token(raw=raw, document_id=document_id), document_id)


def session_admission_get(*, session_key: str, document_id: str) -> Admission:
    """Return the admission of a session cookie's user to a document.

    Raises a kind of ``NotAuthenticatedError``, and ``DocumentNotFoundError`` as
    ``token_admission_get``.
    """
    caller = session_authenticate(session_key)
    access = document_access_find(
        user_id=caller.user.pk, document_id=document_id, session=caller.sign_in.session
    )
    if access is None or not access.is_signed_in:  # it ended between the two queries
        raise SessionInvalidError("The session is over. Log in again.")
    return _admission(caller, access, document_id)


def _admission(caller: Authenticated, access: DocumentAccess, document_id: str) -> Admission:
    user = caller.user
    lineage, abilities = document_open_get(role=access.role, document_id=document_id)
    return Admission(
        identity=Identity(user_id=str(user.pk), username=user.username, name=user.display_name),
        abilities=abilities,
        lineage=lineage,
        sign_in=caller.sign_in,
        expires_at=caller.expires_at,
        is_over_quota=access.is_over_quota,
    )


class Rights(NamedTuple):
    """What sessions may do now.

    ``abilities`` as ``abilities_recheck`` returns them; the ``ended`` sign-ins; the ids of users
    who are ``over_quota``.
    """

    abilities: dict[tuple[str, str], Abilities | NotFoundError]
    ended: set[SignIn]
    over_quota: set[str]


def rights_recheck(pairs: set[tuple[str, str]], sign_ins: set[SignIn]) -> Rights:
    """Return the present rights of sessions by ``(user id, document id)``, and of sign-ins."""
    over_quota = users_over_quota({user_id for user_id, _ in pairs})
    return Rights(abilities_recheck(pairs), sign_ins_ended(sign_ins), over_quota)


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
