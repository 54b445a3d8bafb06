"""Settings of a server on the network: cookies and redirects for TLS."""

from django.core.exceptions import ImproperlyConfigured

from config.env import env
from config.settings.base import *  # noqa: F403

if FAILPOINT:
    raise ImproperlyConfigured('Environment variable "FAILPOINT" is for tests only: unset it.')

DEMO_USERS = False
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 31_536_000)
#: HSTS for subdomains and preloading: they affect all other hosts of the domain for years, so the
#: owner of the domain sets them in the gateway.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
#: Needs a proxy that sets or removes the header; without one, a caller could claim TLS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
