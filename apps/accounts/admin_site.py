"""The admin site: the product's name, a throttled login, and pages that belong to no model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from apps.accounts.forms import ThrottledAdminLoginForm, with_refusal

#: Apps whose tables nobody reads or changes by hand: those of tokens.
_HIDDEN_APPS: Final = frozenset({"token_blacklist"})


@dataclass(frozen=True, slots=True)
class AdminPage:
    """Pages of the administration that belong to no model, with an entry in the index.

    ``urls`` are their paths under ``label/``, with plain views and names of the namespace
    ``admin``; the first one is that of the entry. A caller whom ``may_view`` refuses gets 403.
    """

    label: str
    name: str
    urls: Sequence[tuple[str, Callable[..., HttpResponse], str]]
    may_view: Callable[[HttpRequest], bool]

    def entry(self) -> dict[str, Any]:
        """Return the entry of the index, in the form of an app's."""
        address = reverse(f"admin:{self.urls[0][2]}")
        page = {"name": self.name, "object_name": self.label, "admin_url": address}
        return {
            "name": self.name,
            "app_label": self.label,
            "app_url": address,
            "has_module_perms": True,
            "models": [{**page, "add_url": None, "view_only": True, "perms": {"view": True}}],
        }


class ScriptoriumAdminSite(AdminSite):
    """Users, groups, permissions, the models of other apps, and pages without a model."""

    site_header = "Scriptorium"
    site_title = "Scriptorium admin"
    index_title = "Administration"
    login_form = ThrottledAdminLoginForm

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[AdminPage] = []

    def page_add(self, page: AdminPage) -> None:
        """Add pages, before the paths of the site are read."""
        self._pages.append(page)

    def get_urls(self) -> list[Any]:
        """Return the paths of the added pages and of the models."""
        own = [
            path(f"{page.label}/{route}", self.admin_view(_checked(view, page)), name=name)
            for page in self._pages
            for route, view, name in page.urls
        ]
        return own + super().get_urls()

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps of the index, without tables that are of no use to administrators."""
        apps = super().get_app_list(request, app_label)
        pages = [page.entry() for page in self._pages if page.may_view(request)]
        found = [*apps, *pages]
        return [
            app
            for app in sorted(found, key=lambda app: str(app["name"]).lower())
            if app["app_label"] not in _HIDDEN_APPS and app_label in (None, app["app_label"])
        ]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login form; a refused attempt answers 429 or 503."""
        return with_refusal(super().login(request, extra_context))


def _checked(view: Callable[..., HttpResponse], page: AdminPage) -> Callable[..., HttpResponse]:
    """Return a view that refuses callers who may not view the page."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not page.may_view(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked
