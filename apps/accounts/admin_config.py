"""Registration of Django's admin with the product's own site."""

from django.contrib.admin.apps import AdminConfig


class ScriptoriumAdminConfig(AdminConfig):
    """Django's admin, on ``ScriptoriumAdminSite``."""

    default_site = "apps.accounts.admin_site.ScriptoriumAdminSite"
