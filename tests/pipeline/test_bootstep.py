"""The stop of a worker that failed: that of Celery may never end."""

from tests.core.processes import run_python

PROGRAM = """
import threading
import django
from celery import bootsteps
from config.celery import app
django.setup()
from apps.pipeline import bootstep

bootstep.FAILED_STOP_S = 1.0
bootstep.check_before_start = lambda: None  # the database of this process has no tables

class Hang(bootsteps.StartStopStep):
    requires = {"celery.worker.components:Pool"}

    def stop(self, worker):
        threading.Event().wait()

class Fail(bootsteps.StartStopStep):
    requires = {"celery.worker.consumer:Tasks"}

    def start(self, consumer):
        raise AttributeError("as when Redis ends while the worker connects")

app.steps["worker"].add(Hang)
app.steps["consumer"].add(Fail)
app.worker_main(["worker", "--loglevel", "INFO"])
"""


def test_worker_that_failed_and_hangs_ends_so_that_it_is_started_again() -> None:
    """The exit code is that of a failure."""
    done = run_python("-W", "default", "-c", PROGRAM)
    assert done.returncode == 1, done.stderr
    assert "Unrecoverable error" in done.stderr
    assert "the worker failed and did not stop within 1.0 s" in done.stderr
