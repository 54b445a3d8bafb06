"""Settings of `make up`: everything on one machine, on servers that `apps.embedded` starts."""

from config.env import env
from config.settings.base import *  # noqa: F403

#: Whether the demo users are created.
DEMO_USERS = True
#: Whether their password is the known one; otherwise each gets a random one. `make up` sets it when
#: other machines can reach the product.
DEMO_PASSWORD_KNOWN: bool = env.bool("DEMO_PASSWORD_KNOWN", True)
