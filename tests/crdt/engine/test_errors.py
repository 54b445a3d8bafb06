"""Errors of the library at each boundary: a panic is one of our errors, other errors pass."""

import pytest

from apps.crdt.engine.base import EngineBrokenError, UpdateRejectedError
from apps.crdt.engine.errors import engine_errors, engine_panics


class PanicException(BaseException):
    """The exception that the library raises when Rust panics; it cannot be imported."""


@engine_panics()
def fail(error: BaseException) -> None:
    """Raise an error."""
    raise error


def test_panic_is_an_error_of_ours_and_other_errors_pass() -> None:
    """Also as a decorator; what a caller means for itself stays."""
    with pytest.raises(EngineBrokenError, match="a defect"):
        fail(PanicException("a defect"))
    for error in (ValueError("wrong"), KeyboardInterrupt(), RuntimeError("other")):
        with pytest.raises(type(error)) as caught:
            fail(error)
        assert caught.value is error


def test_refusal_and_failure_are_told_apart() -> None:
    """A ValueError refuses one update, a RuntimeError and a panic break the document."""
    for error, kind in (
        (ValueError("bytes"), UpdateRejectedError),
        (RuntimeError("lock"), EngineBrokenError),
        (PanicException("defect"), EngineBrokenError),
    ):
        with pytest.raises(kind), engine_errors("Refused:"):
            raise error
    with pytest.raises(KeyboardInterrupt), engine_errors("Refused:"):
        raise KeyboardInterrupt
