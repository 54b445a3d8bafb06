"""Translation of the library's errors into ours, at each boundary to the library."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.crdt.engine.base import EngineBrokenError, UpdateRejectedError


def translate_error(err: BaseException, rejected: str) -> BaseException:
    """Return our error for an error of the library, and any other error unchanged."""
    if isinstance(err, ValueError):
        return UpdateRejectedError(f"{rejected} {err}")
    if isinstance(err, RuntimeError) or _is_panic(err):
        return EngineBrokenError(f"The CRDT engine failed: {err}")
    return err


@contextmanager
def engine_errors(rejected: str) -> Iterator[None]:
    """Turn the library's errors into ours; ``rejected`` begins the message of a refusal."""
    try:
        yield
    except BaseException as err:
        translated = translate_error(err, rejected)
        if translated is err:
            raise
        raise translated from err


@contextmanager
def engine_panics() -> Iterator[None]:
    """Turn a panic of the library into ``EngineBrokenError``; other errors pass.

    For code that uses the library's documents itself. A panic is a BaseException: it passes every
    ``except Exception``, and the caller gets no answer. Also a decorator of functions.
    """
    try:
        yield
    except BaseException as err:
        if _is_panic(err):
            raise EngineBrokenError(f"The CRDT engine failed: {err}") from err
        raise


def _is_panic(err: BaseException) -> bool:
    """Return whether an error is a panic; its class cannot be imported."""
    return type(err).__name__ == "PanicException"
