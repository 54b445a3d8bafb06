"""Reacts to events of versions (docs/architecture.md, Layers)."""

from apps.history import events
from apps.history.events import DamagedVersion
from apps.maintenance.repair_requests import RepairRequests

_requests = RepairRequests()


def subscribe() -> None:
    """Hear of damage."""
    events.version_damaged.subscribe(on_damaged)


def on_damaged(version: DamagedVersion) -> None:
    """Have a worker mend it."""
    _requests.ask(version)
