"""How Celery reads the settings; a module of its own, for Celery asks for it by name."""

from typing import Any

from celery.loaders.app import AppLoader

from config.starting import errors_in_one_line


class Loader(AppLoader):  # type: ignore[misc]
    """Celery's own, that says in one line what is wrong with the settings."""

    def config_from_object(self, obj: Any, silent: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Read the settings, or end the process."""
        with errors_in_one_line():
            return super().config_from_object(obj, silent=silent)
