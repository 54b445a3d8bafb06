"""The embedded settings, with rooms that are made when a load generator first names them."""

from config.settings.embedded import *  # noqa: F403

ASGI_APPLICATION = "benchmarks.asgi.application"
