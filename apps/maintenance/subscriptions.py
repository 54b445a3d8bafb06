"""Reacts to events of versions (docs/architecture.md, Layers)."""

from apps.history import events
from apps.history.events import DamagedVersion
from apps.maintenance.repair_requests import RepairRequests

_requests = RepairRequests()


def subscribe() -> None:
    """Subscribe to ``version_damaged``."""
    events.version_damaged.subscribe(on_damaged)


def on_damaged(version: DamagedVersion) -> None:
    """Request its repair from a worker."""
    _requests.request(version)
