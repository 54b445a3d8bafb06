"""Traces by OpenTelemetry, sent by OTLP over HTTP. Imported only when tracing is configured.

Each batch of edits is a span ``edit`` with a child for each step. A batch of a request belongs to
the span of the request, which a middleware creates; a batch of sockets starts a trace. A message to
Kafka has the ``traceparent`` of the span that published it, and the worker's span is a child of
that: so a trace goes from the receipt to the worker. The SDK reads sampling and export options from
the other standard variables. A client's own ``traceparent`` is ignored: it would decide what is
traced.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.http import HttpRequest, HttpResponseBase
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from apps.core.request_ids import request_id_find
from apps.core.tracing import HEADER, Trace

#: How long a process waits at its end for the export of its last spans, in seconds.
STOP_WAIT_S = 2.0
#: Ids in one span, at most; of more, the first ones.
MAX_NAMES = 20
#: Methods that name a span; any other method is an arbitrary text of the client.
_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
_NAME = "scriptorium"
#: How often both clocks are read.
_CLOCK_SAMPLES = 3
_SERVER_ERROR = 500
_propagator = TraceContextTextMapPropagator()


class OtlpTracer:
    """The tracer of a process."""

    def __init__(self, endpoint: str, *, server_id: str) -> None:
        attributes = {"service.name": _NAME, "service.instance.id": server_id}
        self._provider = TracerProvider(
            resource=Resource.create(attributes).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,  # it would wait for a collector that hangs
        )
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(self._provider)
        self._tracer = self._provider.get_tracer(_NAME)

    def current_context(self) -> SpanContext:
        """Return the present span context."""
        return trace.get_current_span().get_span_context()

    @contextmanager
    def edit(
        self, *, document_id: str, origins: Iterable[object], request_ids: set[str], started: float
    ) -> Iterator[Trace]:
        """Trace a batch while the block runs; record the error of the block."""
        found = [
            origin for origin in origins if isinstance(origin, SpanContext) and origin.is_valid
        ]
        contexts = list({origin.span_id: origin for origin in found}.values())
        first = contexts[0] if contexts else trace.INVALID_SPAN_CONTEXT
        span = self._tracer.start_span(
            "edit",
            context=trace.set_span_in_context(trace.NonRecordingSpan(first)),
            links=[Link(other) for other in contexts[1:]],
            start_time=_epoch_ns(started),
            attributes={
                "scriptorium.document_id": document_id,
                "scriptorium.request_ids": sorted(request_ids)[:MAX_NAMES],
            },
        )
        with trace.use_span(span, end_on_exit=True):
            yield _EditTrace(self._tracer, span)

    def processed(
        self, batches: Iterable[tuple[bytes, str]], started: float, *, group: str, topic: str
    ) -> None:
        """Add a span to the trace of each batch that a worker has processed."""
        for (traceparent, document_id), messages in Counter(batches).items():
            context = _propagator.extract({HEADER: traceparent.decode("latin-1")})
            if not trace.get_current_span(context).get_span_context().is_valid:
                continue
            self._tracer.start_span(
                "process",
                context=context,
                kind=SpanKind.CONSUMER,
                start_time=_epoch_ns(started),
                attributes={
                    "messaging.system": "kafka",
                    "messaging.operation.type": "process",
                    "messaging.destination.name": topic,
                    "messaging.consumer.group.name": group,
                    "messaging.batch.message_count": messages,
                    "scriptorium.document_id": document_id,
                },
            ).end()

    def stop(self) -> None:
        """Send the remaining spans; give up after ``STOP_WAIT_S``."""
        sending = threading.Thread(target=self._provider.force_flush, daemon=True)
        sending.start()
        sending.join(STOP_WAIT_S)


class _EditTrace:
    """The span of a batch and its children."""

    def __init__(self, tracer: trace.Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._context = trace.set_span_in_context(span)

    def step(self, name: str, started: float, ended: float) -> None:
        """Add a child that has ended."""
        child = self._tracer.start_span(name, context=self._context, start_time=_epoch_ns(started))
        child.end(_epoch_ns(ended))

    def logged(self, unique_ids: Sequence[str], seq: int) -> None:
        """Add unique ids, number and first seq of the operations."""
        self._span.set_attributes(
            {
                "scriptorium.unique_ids": unique_ids[:MAX_NAMES],
                "scriptorium.operations": len(unique_ids),
                "scriptorium.seq": seq,
            }
        )

    @contextmanager
    def publishing(self, messages: int) -> Iterator[bytes]:
        """Add a child for the hand-over to Kafka."""
        attributes: dict[str, AttributeValue] = {
            "messaging.system": "kafka",
            "messaging.batch.message_count": messages,
        }
        with self._tracer.start_as_current_span(
            "publish", context=self._context, kind=SpanKind.PRODUCER, attributes=attributes
        ):
            carrier: dict[str, str] = {}
            _propagator.inject(carrier)
            yield carrier[HEADER].encode()


def requests_traced(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return the middleware that traces requests; probes and static files do not reach it."""
    tracer = trace.get_tracer(_NAME)

    def traced(request: HttpRequest) -> HttpResponseBase:
        method = request.method if request.method in _METHODS else "HTTP"
        with tracer.start_as_current_span(
            method, kind=SpanKind.SERVER, attributes=_request_attributes(request)
        ) as span:
            response = get_response(request)
            _set_response(span, method, request, response)
        return response

    return traced


def _request_attributes(request: HttpRequest) -> dict[str, str]:
    """Return the attributes of a request, without its query, which may have search terms."""
    return {
        "http.request.method": request.method if request.method in _METHODS else "_OTHER",
        "url.path": request.path,
        "scriptorium.request_id": request_id_find() or "",
    }


def _set_response(
    span: Span, method: str, request: HttpRequest, response: HttpResponseBase
) -> None:
    """Set the status of a request's span, and name it by the pattern of the path."""
    span.set_attribute("http.response.status_code", response.status_code)
    if request.resolver_match is not None:
        span.set_attribute("http.route", request.resolver_match.route)
        span.update_name(f"{method} /{request.resolver_match.route}")
    if response.status_code >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


def _epoch_ns(at: float) -> int:
    """Return a time of the performance counter as nanoseconds since 1970.

    Of several samples of both clocks the quickest counts: in a slower one the thread had to wait
    between the two clocks, and the steps of an edit would be in another order.
    """
    samples = [
        (time.perf_counter(), time.time_ns(), time.perf_counter()) for _ in range(_CLOCK_SAMPLES)
    ]
    before, now, after = min(samples, key=lambda sample: sample[2] - sample[0])
    return now - int(((before + after) / 2 - at) * 1e9)
