"""Settings of `make up`: everything on one machine, on servers that `apps.embedded` starts."""

from config.settings.base import *  # noqa: F403

#: Whether the demo users are created.
DEMO_USERS = True
