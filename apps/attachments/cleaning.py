"""Cleans pictures in child processes, with the limits of the settings (ADR 0012)."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from django.conf import settings

from apps.attachments.cleaned_picture import (
    CleanedPicture,
    PictureUnreadableError,
    picture_clean_task,
    picture_convert_task,
)
from apps.core import metrics
from apps.core.caller import caller_gone
from apps.core.errors import LimitExceededError
from apps.core.task_pool import (
    TaskDiedError,
    TaskLimits,
    TaskPool,
    TaskTimeoutError,
    TaskTooLargeError,
)

_Result = TypeVar("_Result")


class PictureTooCostlyError(LimitExceededError):
    """A picture takes more time or memory to decode than one may have."""


def picture_clean_in_child(data: bytes, media_type: str) -> CleanedPicture:
    """Return a picture as it is served. Raises as ``picture_clean_task`` and ``_in_child`` do."""
    return _in_child(picture_clean_task, data, media_type)


def picture_convert_in_child(data: bytes, media_type: str) -> tuple[bytes, str]:
    """Return a served picture as PNG or JPEG, and which of both it is.

    Raises as ``picture_convert_task`` and ``_in_child`` do.
    """
    return _in_child(picture_convert_task, data, media_type)


def _in_child(function: Callable[..., _Result], data: bytes, media_type: str) -> _Result:
    """Return the result of a function of a picture. Raises as ``TaskPool.run`` does.

    Raises ``PictureTooCostlyError`` for one that exceeds the limits of the child, and
    ``PictureUnreadableError`` for one that ends it.
    """
    try:
        with metrics.PICTURE_SECONDS.time():
            return _pool().run(
                function,
                data,
                media_type,
                max_pixels=settings.ATTACHMENT_MAX_PIXELS,
                wait_s=settings.CONVERSION_WAIT_S,
                gone=caller_gone.get(),
            )
    except (TaskTimeoutError, TaskTooLargeError) as err:
        raise PictureTooCostlyError(
            "This picture takes too much time or memory to read. Attach a smaller one.",
            extra={"limit": "ATTACHMENT_PICTURE_TIMEOUT_S, ATTACHMENT_PICTURE_MEMORY_BYTES"},
        ) from err
    except TaskDiedError as err:
        raise PictureUnreadableError(
            "This picture cannot be read: the file is damaged, or not a picture."
        ) from err


@cache
def _pool() -> TaskPool:
    """Return the pool of this process; its children start with their first picture."""
    limits = TaskLimits(
        timeout_s=settings.ATTACHMENT_PICTURE_TIMEOUT_S,
        memory_bytes=settings.ATTACHMENT_PICTURE_MEMORY_BYTES,
        output_bytes=4 * settings.ATTACHMENT_MAX_BYTES,
    )
    return TaskPool(
        settings.ATTACHMENT_PICTURE_PROCESSES, limits, preload=("apps.attachments.pictures",)
    )
