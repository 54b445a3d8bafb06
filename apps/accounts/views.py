"""Pages: log in and out."""

from typing import Any

from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse

from apps.accounts.forms import ThrottledLoginForm, with_refusal


class LoginView(views.LoginView):
    """``/login/``: a session cookie for the pages; throttled (429 with a message)."""

    authentication_form = ThrottledLoginForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in, or show the form with its errors."""
        return with_refusal(super().post(request, *args, **kwargs))


class LogoutView(views.LogoutView):
    """``/logout/``: POST ends the session."""
