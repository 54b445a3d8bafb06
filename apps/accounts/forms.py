"""Login forms with a message for a refused attempt."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.template.response import TemplateResponse
from redis.exceptions import RedisError

from apps.core import errors

#: Statuses of a page with a refused attempt: too many attempts, or Redis is unavailable.
TOO_MANY_STATUS = 429
UNAVAILABLE_STATUS = 503
UNAVAILABLE_RETRY_S = 5


class RefusalMixin(AuthenticationForm):
    """Converts a refused attempt into an error of the form and a status of the page."""

    refusal_status: int | None = None
    retry_after_s: int = 0

    def clean(self) -> dict[str, Any]:
        """Check the credentials; a refusal becomes an error of the form."""
        try:
            return super().clean()
        except errors.ThrottledError as err:
            self.refusal_status, self.retry_after_s = TOO_MANY_STATUS, err.retry_after_s
            raise ValidationError(err.message, code=err.code) from err
        except RedisError as err:
            self.refusal_status, self.retry_after_s = UNAVAILABLE_STATUS, UNAVAILABLE_RETRY_S
            message = "Nobody can log in at the moment. Try again shortly."
            raise ValidationError(message, code="unavailable") from err


class ThrottledLoginForm(RefusalMixin, AuthenticationForm):
    """The form of ``/login/``."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This username and password do not belong together.",
    }


class ThrottledAdminLoginForm(RefusalMixin, AdminAuthenticationForm):
    """The form of ``/admin/login/``."""


def with_refusal(response: HttpResponse) -> HttpResponse:
    """Set the status and ``Retry-After`` of a login page whose form was refused."""
    context = response.context_data if isinstance(response, TemplateResponse) else None
    form = (context or {}).get("form")
    if isinstance(form, RefusalMixin) and form.refusal_status is not None:
        response.status_code = form.refusal_status
        response.headers["Retry-After"] = str(form.retry_after_s)
    return response
