"""The installed apps: what each process imports of daphne, and which command is daphne's."""

from django.core.management import get_commands

from tests.core.processes import run_python


def test_daphne_is_imported_by_the_commands_that_serve_alone() -> None:
    """Twisted is a third of the start of a process, and most never serve by it."""
    script = (
        "import django, sys; django.setup()\n"
        "import config.asgi, config.celery\n"
        "print([name for name in ('twisted', 'autobahn', 'daphne.server') if name in sys.modules])"
    )
    done = run_python("-c", script)
    assert done.stdout.strip() == "[]", done.stderr


def test_runserver_is_daphne_s() -> None:
    """It serves sockets, too."""
    assert get_commands()["runserver"] == "daphne"
