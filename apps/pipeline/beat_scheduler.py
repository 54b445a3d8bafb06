"""The scheduler of beat: Celery's own, that says at each turn that it goes on."""

from typing import Any

from celery.beat import PersistentScheduler
from celery.signals import beat_init

from apps.core import liveness
from apps.pipeline.startup_check import look_before_start

_LOOP = "beat"


class PulsingScheduler(PersistentScheduler):  # type: ignore[misc]
    """Keeps its schedule in a file, as its parent does."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Start what is due; return for how long there is nothing to do, in seconds."""
        liveness.liveness.beat(_LOOP)
        return super().tick(*args, **kwargs)


@beat_init.connect  # type: ignore[untyped-decorator]
def _look(**_: object) -> None:
    look_before_start()
