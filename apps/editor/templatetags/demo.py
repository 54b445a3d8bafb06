"""Information on the demo for the login page."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def has_demo_users() -> bool:
    """Return whether the demo users exist, which is only in embedded mode."""
    return bool(settings.DEMO_USERS)
