"""A server on the network: the same code and settings, cookies and redirects for TLS."""

from config.env import env
from config.settings.base import *  # noqa: F403

DEMO_USERS = False
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
