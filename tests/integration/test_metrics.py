"""The metrics of an edit in ``/metrics`` of a running server."""

import asyncio

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import Enter
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

STEPS = {
    "receipt", "queue", "merge", "commit", "lock", "store", "kafka", "ack", "broadcast",
    "edit",
}  # fmt: skip


def steps(stack: Launched) -> dict[str, tuple[float, float]]:
    """Return the count of each step, and its total duration in seconds."""
    text = requests.get(f"{stack.url}/metrics", timeout=10).text
    found: dict[tuple[str, str], float] = {
        (sample.labels["step"], sample.name.rpartition("_")[2]): sample.value
        for family in text_string_to_metric_families(text)
        if family.name == "scriptorium_step_seconds"
        for sample in family.samples
        if "le" not in sample.labels
    }
    return {step: (found[step, "count"], found[step, "sum"]) for step in STEPS}


async def test_every_step_of_an_edit_is_timed(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """And the sum of the parts does not exceed the whole."""
    ada = await enter("ada", document_id, native=True)
    before = await asyncio.to_thread(steps, stack)
    await ada.until_ack(await ada.append("a word"))
    after = await asyncio.to_thread(steps, stack)
    counts = {step: after[step][0] - before[step][0] for step in STEPS}
    taken = {step: after[step][1] - before[step][1] for step in STEPS}
    assert all(count >= 1 for count in counts.values()), counts
    within_commit = sum(taken[step] for step in ("lock", "store", "kafka"))
    assert 0 < within_commit <= taken["commit"]
    on_the_way = sum(taken[step] for step in ("commit", "ack", "broadcast"))
    assert on_the_way <= taken["edit"]


def counted(url: str, name: str) -> float:
    """Return a counter without labels of the server at an address."""
    text = requests.get(f"{url}/metrics", timeout=10).text
    [value] = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]
    return value


async def test_lock_handover_is_counted_by_both_servers(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """One has waited and one has released it; both with their server id."""
    with WebServer(stack, "web-counting") as server:
        here = await enter("ada", document_id, native=True)
        there = await enter("grace", document_id, native=True, url=server.ws_url)
        given = await asyncio.to_thread(counted, stack.url, "scriptorium_lock_handovers_total")
        await here.until_ack(await here.append("here "))
        await there.until_ack(await there.append("there "))
        names = ("scriptorium_lock_waits_total", "scriptorium_server")
        waits, is_there = [await asyncio.to_thread(counted, server.url, name) for name in names]
        assert waits >= 1
        assert is_there == 1
        now = await asyncio.to_thread(counted, stack.url, "scriptorium_lock_handovers_total")
        assert now > given
