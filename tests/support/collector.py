"""A trace collector: accepts OTLP over HTTP and stores the received spans."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Seen:
    """A received span, and the process that sent it."""

    server_id: str
    span: Span

    @property
    def name(self) -> str:
        """Return the span's name."""
        return self.span.name

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the span's attributes."""
        return _pairs(self.span.attributes)


class Collector:
    """Listens on a free port of loopback; a context manager."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            """Accepts spans at the path that the standard defines."""

            def do_POST(self) -> None:
                """Decode and store the spans."""
                assert (self.path, self.headers["Content-Type"]) == (
                    "/v1/traces",
                    "application/x-protobuf",
                )
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.add(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add(self, request: ExportTraceServiceRequest) -> None:
        """Store the spans of one request."""
        for of_process in request.resource_spans:
            server_id = _pairs(of_process.resource.attributes)["service.instance.id"]
            self.spans += [
                Seen(server_id, span) for scope in of_process.scope_spans for span in scope.spans
            ]

    def trace_of(self, unique_id: str) -> list[Seen]:
        """Return all spans of the trace of an operation's edit; empty while there are none."""
        for seen in list(self.spans):
            if seen.name == "edit" and unique_id in seen.attributes.get(
                "scriptorium.unique_ids", []
            ):
                found = seen.span.trace_id
                return [
                    received for received in list(self.spans) if received.span.trace_id == found
                ]
        return []


def _pairs(attributes: Any) -> dict[str, Any]:
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, str(kind))
