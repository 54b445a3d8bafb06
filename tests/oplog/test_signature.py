"""The signature of a message covers the whole operation, and only ours is valid."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pytest_django import Settings

from apps.oplog.operation import Operation
from apps.oplog.signature import is_signed, operation_sign
from tests.support.operations import Scribe

OPERATION = Scribe().write("words")

CHANGED = {
    "document": replace(OPERATION, document_id="another"),
    "seq": replace(OPERATION, seq=2),
    "unique id": replace(OPERATION, unique_id="another"),
    "author": replace(OPERATION, author_id="2"),
    "time": replace(OPERATION, received_at=OPERATION.received_at + timedelta(seconds=1)),
    "vector": replace(OPERATION, version_vector=b"\x00"),
    "update": replace(OPERATION, update=OPERATION.update + b"\x00"),
    "a byte moved between two fields": replace(
        OPERATION,
        version_vector=OPERATION.version_vector[:-1],
        update=OPERATION.version_vector[-1:] + OPERATION.update,
    ),
}


def test_operation_with_its_own_signature_is_signed() -> None:
    """The request id is of the logs alone, and not covered."""
    signature = operation_sign(OPERATION)
    assert is_signed(OPERATION, signature)
    assert is_signed(replace(OPERATION, request_id="r"), signature)


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_changed_operation_is_not_signed(changed: Operation) -> None:
    """No field can be replaced."""
    assert not is_signed(changed, operation_sign(OPERATION))


@pytest.mark.parametrize("signature", [None, "", b"", b"x" * 32])
def test_other_signature_is_not_valid(signature: object) -> None:
    """A message of an earlier release has none."""
    assert not is_signed(OPERATION, signature)


def test_signature_of_another_installation_is_not_valid(settings: Settings) -> None:
    """It has another ``SECRET_KEY``."""
    signature = operation_sign(OPERATION)
    settings.SECRET_KEY = "another"
    assert not is_signed(OPERATION, signature)
