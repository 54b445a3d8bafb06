"""A server on the network: the same code and settings, cookies and redirects for TLS."""

from django.core.exceptions import ImproperlyConfigured

from config.env import env
from config.settings.base import *  # noqa: F403

if FAILPOINT:
    raise ImproperlyConfigured('Environment variable "FAILPOINT" is for tests only: unset it.')

DEMO_USERS = False
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 31_536_000)
#: What `check --deploy` would have us promise for all other hosts of the domain, and for years:
#: that is for whoever owns the domain to say, in the gateway.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
#: Whoever runs this without a proxy that sets or removes the header lets a caller claim TLS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
