"""Tests: the embedded settings with a cheap password hash; the services are the real ones."""

from config.settings.embedded import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
