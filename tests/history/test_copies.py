"""What was deleted and inserted again belongs to who wrote it first (ADR 0016)."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from apps.crdt.codec.copy_map import CopiedRange
from apps.history.attribution import AttributionIndex, attribution_extend
from tests.accounts.clients import bearer
from tests.history.pair import Pair

pytestmark = pytest.mark.django_db

ADA, GRACE = 0, 1
#: Clock of the first letter in the paragraph that the first writer makes: element and text before.
FIRST = 2


@pytest.fixture
def pair() -> Pair:
    """Return two authors and their document; Grace wrote a word, and Ada deleted it."""
    pair = Pair()
    pair.write(GRACE, 0, "grace")
    pair.write(ADA, 0, "", delete=5)
    return pair


@pytest.fixture
def client(pair: Pair) -> Iterator[APIClient]:
    """Return a client of Ada's; what is cached of the document goes afterwards."""
    yield bearer(pair.users[ADA])
    forget(pair)


def forget(pair: Pair) -> None:
    """Delete the cached index."""
    connection = get_redis_connection("default")
    for key in connection.scan_iter(f"scriptorium:clocks:*{pair.document.id}*"):
        connection.delete(key)


def answer(client: APIClient, pair: Pair, path: str) -> Any:
    """Return the JSON at a path of the document."""
    return client.get(f"/api/v1/documents/{pair.document.id}/{path}").json()


def names(pair: Pair) -> dict[str, int]:
    """Return who has which username."""
    return {user.username: who for who, user in enumerate(pair.users)}


def pieces(client: APIClient, pair: Pair) -> list[tuple[str, int, int]]:
    """Return the text with authors and seqs; the same with the cached index and without it."""
    found = []
    for _ in range(2):
        found.append(
            [
                (piece["text"], names(pair)[piece["author"]["username"]], piece["seq"])
                for piece in answer(client, pair, "authorship/")["pieces"]
            ]
        )
        forget(pair)
    assert found[0] == found[1]
    return found[0]


def bring_back(pair: Pair, who: int, text: str = "grace", **claim: int) -> None:
    """Insert a text again, with a claim that it is a copy; by default of Grace's word."""
    copied = CopiedRange(who + 1, pair.clock(who), len(text), GRACE + 1, FIRST)
    pair.write(who, 0, text, copies=[copied._replace(**claim)])


def test_brought_back_text_belongs_to_who_wrote_it_first(client: APIClient, pair: Pair) -> None:
    """In authorship, colours, diff and deletions; the log and the diff say who brought it back."""
    bring_back(pair, ADA)
    assert pieces(client, pair) == [("grace", GRACE, 1)]
    runs = answer(client, pair, "authorship/clients/?after=2")["runs"]
    assert [(run["client"], run["author"]) for run in runs] == [(1, pair.users[GRACE].pk)]
    [change] = [row for row in answer(client, pair, "at/3/diff/")["changes"] if row["text"]]
    assert (change["kind"], change["author"]["username"], change["seq"]) == (
        "insert",
        pair.users[GRACE].username,
        1,
    )
    assert change["brought_back"]["author"]["username"] == pair.users[ADA].username
    assert change["brought_back"]["seq"] == 3
    assert change["brought_back"]["moved"] is False
    [piece] = answer(client, pair, "deletions/")["results"][0]["pieces"]
    assert piece["text"] == "grace"
    assert piece["brought_back"]["author"]["username"] == pair.users[ADA].username
    assert (piece["brought_back"]["seq"], piece["brought_back"]["moved"]) == (3, False)
    operations = answer(client, pair, "operations/")["results"]
    assert operations[2]["author"]["username"] == pair.users[ADA].username
    assert [bool(row["copies"]) for row in operations] == [False, False, True]
    pair.write(ADA, 0, "", delete=5)
    [deleted] = answer(client, pair, "deletions/?limit=1")["results"][0]["pieces"]
    assert (deleted["author"]["username"], deleted["seq"]) == (pair.users[GRACE].username, 1)


def test_copy_of_a_copy_belongs_to_the_first_writer(client: APIClient, pair: Pair) -> None:
    """Brought back by Ada, deleted, brought back by Grace in part, deleted and once more by Ada."""
    first = pair.clock(ADA)
    bring_back(pair, ADA)
    pair.write(ADA, 0, "", delete=5)
    second = pair.clock(GRACE)
    copied = CopiedRange(GRACE + 1, second, 3, ADA + 1, first + 1)
    pair.write(GRACE, 0, "rac", copies=[copied])
    pair.write(ADA, 0, "", delete=3)
    copied = CopiedRange(ADA + 1, pair.clock(ADA), 2, GRACE + 1, second + 1)
    pair.write(ADA, 0, "ac", copies=[copied])
    pair.write(ADA, 2, "!")
    assert pieces(client, pair) == [("ac", GRACE, 1), ("!", ADA, 8)]


def test_index_that_was_cached_before_a_copy_is_extended(client: APIClient, pair: Pair) -> None:
    """The source is of an operation that the cache had."""
    assert answer(client, pair, "authorship/")["pieces"] == []
    bring_back(pair, ADA)
    assert pieces(client, pair) == [("grace", GRACE, 1)]


def test_source_and_copy_in_one_operation(client: APIClient, pair: Pair) -> None:
    """Deleted and inserted at once, as a split does: the rest of the word goes."""
    bring_back(pair, ADA)
    source = pair.clock(ADA) - 5
    copied = CopiedRange(ADA + 1, pair.clock(ADA), 3, ADA + 1, source + 2)
    pair.write(ADA, 2, "ace", delete=3, copies=[copied])
    assert pieces(client, pair) == [("grace", GRACE, 1)]


def test_moved_text_is_told_apart_in_diff_and_deletions(client: APIClient, pair: Pair) -> None:
    """Ada moves a part of a word, with a letter of hers, and deletes another part."""
    bring_back(pair, ADA)
    source = pair.clock(ADA) - 5
    copied = CopiedRange(ADA + 1, pair.clock(ADA), 3, ADA + 1, source)
    pair.write(ADA, 0, "gra!", delete=4, copies=[copied])
    changes = [row for row in answer(client, pair, "at/4/diff/")["changes"] if row["text"]]
    told = [(row["kind"], row["text"], row.get("brought_back", {}).get("moved")) for row in changes]
    assert sorted(told) == [
        ("delete", "c", None),
        ("delete", "gra", True),
        ("equal", "e", None),
        ("insert", "!", None),
        ("insert", "gra", True),
    ]
    deleted = answer(client, pair, "deletions/")["results"][0]["pieces"]
    assert [(piece["text"], "brought_back" in piece) for piece in deleted] == [
        ("gra", True),
        ("c", False),
    ]
    assert deleted[0]["brought_back"]["seq"] == 4
    assert deleted[0]["brought_back"]["moved"] is True


def test_source_that_several_operations_wrote(client: APIClient, pair: Pair) -> None:
    """A word typed in three operations comes back as one; each part keeps its operation."""
    clock = pair.clock(GRACE)
    for text in ("one", "two"):
        pair.write(GRACE, pair.clock(GRACE) - clock, text)
    pair.write(ADA, 0, "", delete=6)
    copied = CopiedRange(ADA + 1, pair.clock(ADA), 6, GRACE + 1, clock)
    pair.write(ADA, 0, "onetwo", copies=[copied])
    assert pieces(client, pair) == [("one", GRACE, 3), ("two", GRACE, 4)]


CLAIMS: dict[str, Callable[[Pair], None]] = {
    "other letters": lambda pair: bring_back(pair, ADA, "GRACE"),
    "one other letter": lambda pair: bring_back(pair, ADA, "gracE"),
    "other ids": lambda pair: bring_back(pair, ADA, source_clock=FIRST - 1),
    "ids that nobody has": lambda pair: bring_back(pair, ADA, source_clock=900),
    "a client that nobody has": lambda pair: bring_back(pair, ADA, source_client=77),
    "itself": lambda pair: bring_back(pair, ADA, source_client=ADA + 1, source_clock=0),
    "ids of another operation": lambda pair: bring_back(pair, ADA, client=GRACE + 1, clock=FIRST),
    "more ids than it has": lambda pair: bring_back(pair, ADA, clock=pair.clock(ADA) + 1),
    "no copy map": lambda pair: pair.write(ADA, 0, "grace", copies=b"\x05rubbish"),
    "no claim": lambda pair: pair.write(ADA, 0, "grace"),
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_false_claim_is_dropped(
    client: APIClient, pair: Pair, claim: Callable[[Pair], None]
) -> None:
    """The edit stays, and its letters are the sender's."""
    claim(pair)
    [(text, who, seq)] = pieces(client, pair)
    assert (text.lower(), who, seq) == ("grace", ADA, 3)


def test_copy_of_text_that_was_not_deleted_is_the_senders(client: APIClient, pair: Pair) -> None:
    """What stands there is copied, not brought back; a claim of both at once is false too."""
    clock = pair.clock(GRACE)
    pair.write(GRACE, 0, "word")
    copied = CopiedRange(ADA + 1, pair.clock(ADA), 4, GRACE + 1, clock)
    pair.write(ADA, 4, "word", copies=[copied])
    assert pieces(client, pair) == [("word", GRACE, 3), ("word", ADA, 4)]


def test_ids_that_are_claimed_twice_count_once(client: APIClient, pair: Pair) -> None:
    """The first claim in order counts; the other one is dropped."""
    pair.write(ADA, 0, "grace")
    own = pair.clock(ADA) - 5
    pair.write(ADA, 0, "", delete=5)
    new = pair.clock(ADA)
    claims = [CopiedRange(1, new, 5, GRACE + 1, FIRST), CopiedRange(1, new, 5, ADA + 1, own)]
    pair.write(ADA, 0, "grace", copies=claims)
    assert pieces(client, pair) == [("grace", ADA, 3)]


def test_hostile_copy_map_costs_its_bytes(pair: Pair) -> None:
    """As many claims as fit, of ids that the operation has not, and all of the same ids."""
    document = pair.document
    pair.write(ADA, 0, "é" * 600_000)
    new = pair.clock(ADA) - 600_000
    pair.write(ADA, 0, "", delete=1_200_000)
    copy = pair.clock(ADA)
    letters = [CopiedRange(1, copy + at, 1, 1, new + at) for at in range(20_000)]
    again = [CopiedRange(1, copy, 600_000, 1, new + at) for at in range(12_000)]
    pair.write(ADA, 0, "é" * 600_000, copies=[*letters, *again])
    started = time.process_time()
    index = AttributionIndex()
    attribution_extend(index, document_id=document.id, up_to=5, point=None)
    assert time.process_time() - started < 5
    assert len(index.copies.copies) == 20_000
