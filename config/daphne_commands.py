"""The app ``daphne`` without its server: ``manage.py runserver`` is daphne's (ADR 0010).

daphne's own app config imports its server, and Twisted with it: a third of the time in which any
process starts, also one that never serves. Here the commands that run the server import it.
"""

from django.apps import AppConfig


class DaphneCommandsConfig(AppConfig):
    """App config of ``daphne``; its name and label are daphne's own."""

    name = "daphne"
    verbose_name = "Daphne"
