"""Configuration of the project; imports the Celery application so that tasks find it."""

from config.unused_imports import skip_unused_imports

skip_unused_imports()

from config.celery import app as celery_app  # noqa: E402 - it imports PyMongo

__all__ = ["celery_app"]
