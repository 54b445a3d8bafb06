"""Pages of the log in JSON: bounded in bytes."""

import base64
from dataclasses import replace

import pytest

from apps.accounts.models import User
from apps.collab.api import views
from apps.oplog import selectors
from apps.oplog.bulk import operations_write
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_page
from tests.accounts.clients import bearer
from tests.accounts.factories import make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """Return the owner of the document."""
    return make_user(may_create=True)


@pytest.fixture
def operations(owner: User) -> list[Operation]:
    """Return twelve operations of the log, each with a long version vector."""
    scribe = Scribe(make_document(owner).id, author_id=str(owner.pk))
    operations = [
        replace(operation, version_vector=b"v" * 1_000) for operation in scribe.write_many(12)
    ]
    list(operations_write(operations))
    return operations


def test_page_is_cut_by_its_bytes_and_next_leads_on(
    owner: User, operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vectors count: a keystroke may have a vector of a megabyte."""
    monkeypatch.setattr(views, "PAGE_MAX_BYTES", 5_500)
    client = bearer(owner)
    address = f"/api/v1/documents/{operations[0].document_id}/operations/?limit=1000"
    pages: list[list[int]] = []
    while address:
        page = client.get(address).json()
        pages.append([row["seq"] for row in page["results"]])
        address = page["next"]
    assert pages == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]


def test_operation_longer_than_a_page_comes_alone(
    owner: User, operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the log could not be read beyond it."""
    monkeypatch.setattr(views, "PAGE_MAX_BYTES", 10)
    address = f"/api/v1/documents/{operations[0].document_id}/operations/"
    assert [row["seq"] for row in bearer(owner).get(address).json()["results"]] == [1]


def test_page_reads_no_more_rows_than_it_may_hold(
    operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand rows of a megabyte each never are in memory."""
    counts: list[int] = []
    rows_after = selectors._rows_after

    def counted(document_id: str, after: int, count: int) -> list[dict[str, object]]:
        counts.append(count)
        return rows_after(document_id, after, count)

    monkeypatch.setattr(selectors, "_rows_after", counted)
    document_id = operations[0].document_id
    page = operations_page(document_id=document_id, after=0, limit=1_000, max_bytes=3_500)
    assert [operation.seq for operation in page] == [1, 2, 3]
    assert sum(counts) <= 4
    counts.clear()
    everything = operations_page(document_id=document_id, after=0, limit=12, max_bytes=10**6)
    assert (everything, counts) == (operations, [1, 8, 3])


def test_edit_of_three_megabytes_is_read(owner: User) -> None:
    """Up to ``REST_BODY_BYTES``, which is more than Django takes of itself."""
    document = make_document(owner)
    body = {"unique_id": "large", "update": base64.b64encode(bytes(3_000_000)).decode()}
    answer = bearer(owner).post(f"/api/v1/documents/{document.id}/operations/", body)
    assert answer.json()["detail"] == "The update has bytes after its end."
