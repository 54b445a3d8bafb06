"""The server held against Yjs itself, over generated histories."""

import pytest

from apps.collab import edit_checks
from tests.crdt.differential.history import History, YjsPages, differing_histories

#: Histories of ``make test``; ``make fuzz`` makes 3,000.
HISTORIES = 100


def test_every_reading_of_a_history_is_the_same() -> None:
    """With undo, cut characters and restarts; live, loaded, replayed, encoded again, exported."""
    assert not differing_histories(range(HISTORIES))


def test_histories_cut_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the answer of ADR 0017, readings differ, or cannot be made at all."""
    monkeypatch.setattr(edit_checks, "straightened", lambda update, *_: update)
    assert differing_histories([0])


def test_histories_repeat_by_their_seed() -> None:
    """A finding names its seed, and nothing else is needed."""
    logs = []
    for seed in (7, 7, 8):
        with YjsPages() as yjs:
            history = History(seed, yjs)
            history.run()
            logs.append(history.server.log)
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]
