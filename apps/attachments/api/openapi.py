"""How the OpenAPI schema describes the signature in a file's address."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from apps.attachments.signed_addresses import PARAMETER


class SignedAddressScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A key in the query."""

    target_class = "apps.attachments.api.authentication.SignedAddressAuthentication"
    name = "signedAddress"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "apiKey", "in": "query", "name": PARAMETER}
