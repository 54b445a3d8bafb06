"""Celery's loader of the settings; in its own module, because Celery imports it by name."""

from typing import Any

from celery.loaders.app import AppLoader

from config.starting import errors_in_one_line


class Loader(AppLoader):  # type: ignore[misc]
    """Celery's loader, with errors of the settings in one line."""

    def config_from_object(self, obj: Any, silent: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Read the settings, or exit."""
        with errors_in_one_line():
            return super().config_from_object(obj, silent=silent)
