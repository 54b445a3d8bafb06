"""Information on the demo for the login page."""

from typing import Final

from django import template
from django.conf import settings

register = template.Library()


#: In the order of their buttons.
USERNAMES: Final = ("ada", "grace", "alan", "admin")


@register.simple_tag
def demo_usernames() -> tuple[str, ...]:
    """Return the demo users with the known password: in embedded mode, on loopback, else none."""
    return USERNAMES if settings.DEMO_USERS and settings.DEMO_PASSWORD_KNOWN else ()
