"""Short-lived signed addresses of files: for an ``<img>`` of a page that has no session cookie.

A signature names a person, a document and a file, and proves the person's sign-in for some minutes.
The rights are those that the person has when the address is used. A new password ends it.
"""

from typing import Final

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.accounts.models import User
from apps.core.errors import NotAuthenticatedError

PARAMETER: Final = "signature"
_SALT: Final = "attachments.signed_addresses"


class SignatureInvalidError(NotAuthenticatedError):
    """The signature is of another file, too old, or of a sign-in that has ended."""

    code = "signature_not_valid"


def signature_make(*, user: User, document_id: str, file_id: str) -> str:
    """Return the signature with which ``user`` reads a file for ``ATTACHMENT_ADDRESS_S``."""
    value = [user.pk, document_id, file_id, _password_digest(user)]
    return signing.dumps(value, salt=_SALT)


def signature_user(signature: str, *, document_id: str, file_id: str) -> User:
    """Return the active user of a valid signature. Raises ``SignatureInvalidError``."""
    try:
        user_id, *rest = signing.loads(signature, salt=_SALT, max_age=settings.ATTACHMENT_ADDRESS_S)
        user = User.objects.filter(pk=user_id, is_active=True).first()
    except (signing.BadSignature, ValueError, TypeError) as err:
        raise _invalid() from err
    if user is None or rest[:2] != [document_id, file_id]:
        raise _invalid()
    if not constant_time_compare(str(rest[2]), _password_digest(user)):
        raise _invalid()
    return user


def _password_digest(user: User) -> str:
    return salted_hmac(_SALT, user.get_session_auth_hash(), algorithm="sha256").hexdigest()[:16]


def _invalid() -> SignatureInvalidError:
    return SignatureInvalidError("This address of the file is no longer valid. Load it again.")
