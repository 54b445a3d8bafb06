"""Information on the demo for the login page."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def has_demo_users() -> bool:
    """Return whether demo users with the known password exist: in embedded mode, on loopback."""
    return bool(settings.DEMO_USERS and settings.DEMO_PASSWORD_KNOWN)
