"""The admin site: the product's name, and a throttled login."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse

from apps.accounts.forms import ThrottledAdminLoginForm, with_refusal


class ScriptoriumAdminSite(AdminSite):
    """Users, groups, permissions and the models of other apps."""

    site_header = "Scriptorium"
    site_title = "Scriptorium admin"
    index_title = "Administration"
    login_form = ThrottledAdminLoginForm

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login form; a refused attempt answers 429 or 503."""
        return with_refusal(super().login(request, extra_context))
