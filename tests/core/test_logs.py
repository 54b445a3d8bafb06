"""Logs for programs."""

import json
import logging
import sys

import pytest

from apps.core.logs import JsonFormatter, LineFormatter, operation_log, operations_are_logged


def formatted(**fields: object) -> dict[str, object]:
    """Return a line of the log, read again."""
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", **fields})
    line = JsonFormatter(server_id="web-1").format(record)
    assert "\n" not in line
    row: dict[str, object] = json.loads(line)
    return row


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\x1b[2J"])
def test_message_of_a_client_makes_no_line_of_its_own(end: str) -> None:
    """Its control characters are escaped; the traceback keeps its lines."""
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.makeLogRecord(
            {"msg": "operation %s", "args": (f"x{end}forged",), "exc_info": sys.exc_info()}
        )
    first, *traceback = LineFormatter().format(record).splitlines()
    assert first.endswith(f"operation x{end.encode('unicode_escape').decode()}forged")
    assert traceback[-1] == "ValueError: why"


def test_line_is_one_object_with_the_facts_beside_the_words() -> None:
    """Also with quotes and line ends in them."""
    row = formatted(msg='a "word"\n%s', args=("more",), facts={"seq": 3})
    assert row["message"] == 'a "word"\nmore'
    assert (row["server_id"], row["level"], row["logger"]) == ("web-1", "INFO", "x")
    assert row["seq"] == 3
    assert str(row["at"]).endswith("+00:00")


def test_traceback_stands_in_the_same_line() -> None:
    """Or nobody could tell whose it is."""
    try:
        raise ValueError("what went wrong")
    except ValueError:
        row = formatted(msg="failed", exc_info=sys.exc_info())
    assert str(row["error"]).startswith("Traceback")
    assert "what went wrong" in str(row["error"])


def test_operations_are_not_logged_unless_somebody_wants_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By the level of their own logger."""
    assert not operations_are_logged()
    operation_log("stored", document_id="d", unique_id="u", seq=1)
    assert caplog.records == []
    with caplog.at_level(logging.INFO, "scriptorium.operations"):
        assert operations_are_logged()
        operation_log("stored", document_id="d", unique_id="u", seq=1)
    [record] = caplog.records
    assert record.getMessage() == "operation u stored"
