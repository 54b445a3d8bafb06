"""The admin site: the product's name, and a throttled login."""

from typing import Any, Final

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse

from apps.accounts.forms import ThrottledAdminLoginForm, with_refusal

#: Apps whose tables nobody reads or changes by hand: those of tokens.
_HIDDEN_APPS: Final = frozenset({"token_blacklist"})


class ScriptoriumAdminSite(AdminSite):
    """Users, groups, permissions and the models of other apps."""

    site_header = "Scriptorium"
    site_title = "Scriptorium admin"
    index_title = "Administration"
    login_form = ThrottledAdminLoginForm

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps of the index, without tables that are of no use to administrators."""
        apps = super().get_app_list(request, app_label)
        return [app for app in apps if app["app_label"] not in _HIDDEN_APPS]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login form; a refused attempt answers 429 or 503."""
        return with_refusal(super().login(request, extra_context))
