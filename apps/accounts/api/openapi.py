"""How the OpenAPI schema describes our authentication by access token."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme


class SignInScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    """The scheme of SimpleJWT, for its subclass of ours."""

    target_class = "apps.accounts.sign_ins.SignInAuthentication"
