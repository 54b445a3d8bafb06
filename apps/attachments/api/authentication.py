"""Authentication by the signature in a file's address."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.models import User
from apps.attachments.signed_addresses import PARAMETER, signature_user


class SignedAddressAuthentication(BaseAuthentication):
    """Accepts ``?signature=``, which names the person, the document and the file."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the person; None without a signature. Raises ``SignatureInvalidError``."""
        signature = request.query_params.get(PARAMETER, "")
        if not signature:
            return None
        names = request.parser_context["kwargs"]
        user = signature_user(signature, document_id=names["document_id"], file_id=names["file_id"])
        return user, None
