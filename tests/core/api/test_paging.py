"""A page of a list that goes back from the latest row."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from apps.core.api.paging import paged

SEQS = [9, 7, 5, 3, 1]


def texts(seqs: Sequence[int]) -> list[str]:
    """Return the bodies of rows."""
    return [str(seq) for seq in seqs]


def page(**query: Any) -> Response:
    """Answer a request for ``SEQS``, as a view does once the query string is validated."""

    def fetch(*, before: int | None, limit: int) -> list[int]:
        return [seq for seq in SEQS if before is None or seq < before][:limit]

    request = Request(APIRequestFactory().get("/list/?ignored=1"))
    return paged(request, query, fetch, key=lambda seq: seq, bodies=texts)


def test_paged_first_page_names_the_next_one_with_limit_and_options() -> None:
    """The address continues before the last row shown, and repeats the options."""
    assert page(limit=2, named=True).data == {
        "results": ["9", "7"],
        "next": "http://testserver/list/?before=7&limit=2&named=True",
    }


def test_paged_later_page_replaces_before() -> None:
    """The address of a later page has one ``before``."""
    assert page(before=7, limit=2).data == {
        "results": ["5", "3"],
        "next": "http://testserver/list/?before=3&limit=2",
    }


def test_paged_last_page_full_has_no_next() -> None:
    """A page that ends exactly with the list is the last one."""
    assert page(before=5, limit=2).data == {"results": ["3", "1"], "next": None}


def test_paged_empty_list_has_no_next() -> None:
    """A list without rows is one empty page."""
    assert page(before=1, limit=2).data == {"results": [], "next": None}
