"""Configuration of the project; imports the Celery application so that tasks find it."""

from config.garbage_collection import collect_rarely
from config.unused_imports import skip_unused_imports

collect_rarely()
skip_unused_imports()

from config.celery import app as celery_app  # noqa: E402 - it imports PyMongo

__all__ = ["celery_app"]
