"""The scheduler of Celery beat: Celery's own, with a beat for ``/healthz`` at each turn."""

from typing import Any

from celery.beat import PersistentScheduler
from celery.signals import beat_init

from apps.core import liveness
from apps.pipeline.startup_check import check_before_start

_LOOP = "beat"


class HeartbeatScheduler(PersistentScheduler):  # type: ignore[misc]
    """Stores its schedule in a file, as its parent does."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Start the tasks that are due; return the seconds until the next turn."""
        liveness.liveness.beat(_LOOP)
        return super().tick(*args, **kwargs)


@beat_init.connect  # type: ignore[untyped-decorator]
def _check(**_: object) -> None:
    check_before_start()
