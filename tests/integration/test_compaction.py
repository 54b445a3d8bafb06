"""A log that is compacted by the command, while a web server and a worker use it."""

from tests.support.compacted import OLD, compacted_document, submit
from tests.support.launcher import Launched


def test_compacted_log_is_served_and_accepts_no_operation_twice(stack: Launched) -> None:
    """The room stays open; a repeated operation gets its first seq."""
    document_id, operations = compacted_document(stack)
    path = f"documents/{document_id}/"
    log = stack.call("ada", "GET", f"{path}operations/?after=0").json()
    assert log["begins"] == OLD + 1
    assert [row["seq"] for row in log["results"]] == [OLD + 1]
    for operation in (operations[0], operations[OLD // 2], operations[-1]):
        answer = submit(stack, operation)
        assert (answer.status_code, answer.json()["seq"]) == (200, operation.seq)
    answer = stack.call("ada", "GET", f"{path}at/7/state/")
    assert (answer.status_code, answer.json()["code"]) == (404, "compacted")
    assert stack.call("ada", "GET", f"{path}at/{OLD}/state/").status_code == 200
    pieces = stack.call("ada", "GET", f"{path}authorship/").json()["pieces"]
    assert [piece["seq"] for piece in pieces] == list(range(1, OLD + 2))
    assert stack.manage("verify_documents", document_id).count("DAMAGED") == 0
