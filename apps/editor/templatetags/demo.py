"""What the login page says of the demo."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def has_demo_users() -> bool:
    """Tell whether demo users with the known password exist: in the embedded mode, on loopback."""
    return bool(settings.DEMO_USERS and settings.DEMO_PASSWORD_KNOWN)
