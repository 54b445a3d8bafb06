"""What the login page says of the demo."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def has_demo_users() -> bool:
    """Tell whether the demo users exist, as they do in the embedded mode only."""
    return bool(settings.DEMO_USERS)
