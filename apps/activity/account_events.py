"""Writes to the trail of accounts: logins, failures, logouts, rights of the workspace.

No secret is stored: no password, token or session key, and no name that no account has, because
people type their password into the wrong field.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.throttling import client_address
from apps.activity.event_types import AccountEventType
from apps.activity.models import AccountEvent
from apps.core import clock, metrics

logger = logging.getLogger(__name__)

_HOUR: Final = timedelta(hours=1)
_ADDRESS_MAX_CHARS: Final = 64


def account_event_record(
    *,
    event_type: AccountEventType,
    user: User | None,
    request: HttpRequest | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Record an event, best effort: an error is logged and counted, and nobody is kept out by it.

    Failed logins are recorded up to ``LOGIN_FAILURES_PER_HOUR``. Threat: hosts without number that
    fill the table.
    """
    try:
        with transaction.atomic():
            if event_type == AccountEventType.LOGIN_FAILED and not _is_room_for_failure():
                metrics.ACTIVITY_LOST.labels(kind=event_type.value).inc()
                return
            AccountEvent.objects.create(
                actor=user,
                username=user.username if user else "",
                kind=event_type,
                address=client_address(request)[:_ADDRESS_MAX_CHARS] if request else "",
                detail={**({"place": _place(request)} if request else {}), **(detail or {})},
            )
    except Exception:
        metrics.ACTIVITY_LOST.labels(kind=event_type.value).inc()
        logger.exception("not recorded: %s", event_type)


def account_events_delete_old() -> int:
    """Delete events older than ``ACCOUNT_EVENTS_DAYS``; return how many."""
    oldest = clock.now() - timedelta(days=settings.ACCOUNT_EVENTS_DAYS)
    return AccountEvent.objects.filter(at__lt=oldest).delete()[0]


def _is_room_for_failure() -> bool:
    recent = AccountEvent.objects.filter(
        kind=AccountEventType.LOGIN_FAILED, at__gt=clock.now() - _HOUR
    )
    most: int = settings.LOGIN_FAILURES_PER_HOUR
    return recent.values("pk")[:most].count() < most


def _place(request: HttpRequest) -> str:
    if request.path.startswith("/api/"):
        return "api"
    return "admin" if request.path.startswith("/admin/") else "page"
