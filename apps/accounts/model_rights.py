"""Django's rights on models: the ones that open a page of the administration, and the others.

A form offers the former; the others are kept as they are stored.
"""

from typing import Any, Final

from django.contrib.auth.models import Permission as ModelRight
from django.db.models import QuerySet

#: Django's rights that open a page of the administration, by model; all others mean nothing here.
_ADMIN_RIGHTS: Final = {
    "user": ["add", "change", "delete", "view"],
    "group": ["add", "change", "delete", "view"],
    "permission": ["add", "change", "delete", "view"],
    "personusage": ["change", "view"],
    "activity": ["view"],
    "accountevent": ["view"],
}


def admin_rights() -> QuerySet[ModelRight]:
    """Return the rights that the pages of the administration ask for."""
    names = [f"{action}_{model}" for model, actions in _ADMIN_RIGHTS.items() for action in actions]
    rows = ModelRight.objects.filter(
        codename__in=names, content_type__app_label__in=["accounts", "activity", "auth"]
    ).exclude(content_type__app_label="auth", content_type__model="permission")
    return rows.select_related("content_type")


def unoffered_keep(form: Any) -> None:
    """Keep the stored rights that the form does not offer: those outside ``admin_rights``."""
    for name in ("user_permissions", "permissions"):
        if name in form.cleaned_data:
            unoffered = getattr(form.instance, name).exclude(pk__in=admin_rights().values("pk"))
            form.cleaned_data[name] = [*form.cleaned_data[name], *unoffered]
