"""Traces of edits, as a collector receives them from the web server and the worker."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.processes import run_python
from tests.integration.conftest import Enter
from tests.support.collector import Collector, Seen
from tests.support.eventually import eventually
from tests.support.launcher import START_WAIT_S, Launched
from tests.support.web_server import WebServer

#: An update of the root text ``content``, base64.
UPDATE = "AQHw6ZoEAAQBB2NvbnRlbnQBeAA="
#: The steps of a batch, in the order of their start.
STEPS = (
    "receipt", "queue", "merge", "commit", "lock", "store", "publish", "ack", "broadcast",
)  # fmt: skip
#: The modules of tracing, as a Python list.
TRACING = "['apps.core.otlp', 'opentelemetry.sdk.trace', 'opentelemetry.exporter']"
#: Maximal time for a web server to stop, in seconds (docs/operations.md).
END_S = 10
SERVER, PRODUCER, CONSUMER = 2, 4, 5  # of the protocol


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Return a collector that listens."""
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def stack(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Start a Scriptorium that sends its traces to the collector."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    launched = Launched(tmp_path_factory.mktemp("traced"), settings=settings)
    try:
        launched.wait_until_ready()
        yield launched
    finally:
        launched.stop()


def whole_trace(collector: Collector, unique_id: str) -> dict[str, Seen]:
    """Wait until a trace has a span of the worker; return its spans by their names."""

    def arrived() -> list[Seen]:
        trace = collector.trace_of(unique_id)
        return trace if {"process", "edit"} <= {seen.name for seen in trace} else []

    trace = eventually(arrived, START_WAIT_S)
    spans = {seen.name: seen for seen in trace}
    assert len(spans) == len(trace), [seen.name for seen in trace]
    return spans


async def test_edit_by_a_socket_is_one_trace_from_the_receipt_to_the_worker(
    enter: Enter, stack: Launched, document_id: str, collector: Collector
) -> None:
    """Every step is a child of the edit, in order; the worker's are children of the publishing."""
    ada = await enter("ada", document_id, native=True, headers={"X-Request-ID": "adas-socket"})
    unique_id = await ada.append("a word")
    await ada.until_ack(unique_id)
    spans = await asyncio.to_thread(whole_trace, collector, unique_id)
    edit, publish, process = (spans[name] for name in ("edit", "publish", "process"))
    assert set(spans) == {"edit", "process", *STEPS}
    assert edit.span.parent_span_id == b""
    assert edit.attributes["scriptorium.document_id"] == document_id
    assert edit.attributes["scriptorium.request_ids"] == ["adas-socket"]
    assert edit.attributes["scriptorium.seq"] == 1
    steps = [spans[name].span for name in STEPS]
    assert {step.parent_span_id for step in steps} == {edit.span.span_id}
    # The two clocks of a step may differ slightly.
    begins = [step.start_time_unix_nano / 1e6 for step in steps]
    assert begins == pytest.approx(sorted(begins), abs=1.0)
    assert begins[0] == pytest.approx(edit.span.start_time_unix_nano / 1e6, abs=1.0)
    assert process.span.parent_span_id == publish.span.span_id
    assert (publish.span.kind, process.span.kind) == (PRODUCER, CONSUMER)
    assert (edit.server_id, publish.server_id, process.server_id) == ("web-1", "web-1", "worker")
    assert process.attributes["scriptorium.document_id"] == document_id
    everything = str([seen.span for seen in collector.spans])
    assert document_id in everything
    assert not [word for word in ("a word", stack.token("ada")) if word in everything]


async def test_edit_by_rest_belongs_to_its_request(
    stack: Launched, document_id: str, collector: Collector
) -> None:
    """Its span is named by the pattern, without the query."""

    def post() -> Any:
        return stack.call(
            "ada",
            "POST",
            f"documents/{document_id}/operations/?secret=1",
            json={"unique_id": "by-rest", "update": UPDATE},
            headers={"X-Request-ID": "a-request", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"},
        )

    answer = await asyncio.to_thread(post)
    assert answer.status_code == 201
    spans = await asyncio.to_thread(whole_trace, collector, "by-rest")
    [request] = [seen for seen in spans.values() if seen.span.kind == SERVER]
    assert request.name.startswith("POST /api/v1/documents/<")
    assert request.span.parent_span_id == b""
    assert spans["edit"].span.parent_span_id == request.span.span_id
    assert request.attributes["http.response.status_code"] == 201
    assert request.attributes["scriptorium.request_id"] == "a-request"
    assert "secret" not in str(request.attributes)


async def test_hanging_collector_delays_neither_an_edit_nor_the_stop(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """It accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with WebServer(stack, "web-silent", settings) as server:
            ada = await enter("ada", document_id, native=True, url=server.ws_url)
            await ada.until_ack(await ada.append("a word"))
            await ada.close()
            began = time.monotonic()
            server.send(signal.SIGTERM)
            await asyncio.to_thread(server.wait)
            assert time.monotonic() - began < END_S


@pytest.mark.parametrize(("endpoint", "imported"), [("", "[]"), ("http://127.0.0.1:1", TRACING)])
def test_tracing_modules_are_not_imported_without_a_collector(endpoint: str, imported: str) -> None:
    """Neither by a web server nor by a worker."""
    script = (
        "import django, sys; django.setup()\n"
        "import config.asgi, apps.collab.servers.uvicorn_server, apps.pipeline.bootstep\n"
        f"print([name for name in {TRACING} if name in sys.modules])"
    )
    done = run_python("-c", script, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert done.stdout.strip() == imported, done.stderr
