"""Comparisons of stored snapshots that end their process, or find no free one."""

from functools import partial

import pycrdt
import pytest

from apps.core.errors import TransientError
from apps.crdt.codec.vectors import encode_vector
from apps.history.snapshot import Snapshot
from apps.maintenance.integrity import snapshot_check
from apps.maintenance.integrity.snapshot_check import blob_fault
from tests.core import hostile_tasks


def snapshot(text: str) -> Snapshot:
    """Return the snapshot of a text, by one client at seq 1."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=1)
    doc.get("content", type=pycrdt.Text).insert(0, text)
    return Snapshot(1, encode_vector({1: len(text)}), doc.get_update())


def test_other_content_at_the_same_clocks_is_a_fault() -> None:
    """Compared in a child process."""
    fault = blob_fault(snapshot("abc").encode(), snapshot("xyz"))
    assert fault is not None
    assert (fault.code, fault.text) == ("wrong", "Its content is not what the log makes.")


def test_comparison_that_ends_its_process_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the end of the command."""
    monkeypatch.setattr(snapshot_check, "compare_stored", hostile_tasks.die_of_any)
    fault = blob_fault(snapshot("abc").encode(), snapshot("xyz"))
    assert fault is not None
    assert fault.text.startswith("Its state does not open: ")


def test_comparison_without_a_free_process_says_nothing_of_the_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command ends with the reason."""

    def busy(*_args: object) -> bool:
        raise TransientError("The server tries other edits now.")

    monkeypatch.setattr(snapshot_check, "stored_run", partial(busy))
    with pytest.raises(TransientError):
        blob_fault(snapshot("abc").encode(), snapshot("xyz"))
