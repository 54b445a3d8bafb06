"""`make up`: everything on one machine, on small real servers that `apps.embedded` starts."""

from config.settings.base import *  # noqa: F403

#: The demo users exist only where this is true.
DEMO_USERS = True
