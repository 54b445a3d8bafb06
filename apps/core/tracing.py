"""Optional traces of edits: each batch from its receipt to the workers.

Without ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``tracer`` is None, OpenTelemetry's traces are not
imported, and the cost for a batch is a few checks. Otherwise ``tracer`` is that of
``apps.core.otlp``.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

#: The W3C header with the trace of a message.
HEADER = "traceparent"


class Trace(Protocol):
    """The trace of one batch of edits of one document. Any thread may add to it."""

    def step(self, name: str, started: float, ended: float) -> None:
        """Add a step that has ended; both times are of the performance counter, in seconds."""

    def logged(self, unique_ids: Sequence[str], seq: int) -> None:
        """Add the unique ids of the batch's operations, and the seq of the first one."""

    def publishing(self, messages: int) -> AbstractContextManager[bytes]:
        """Add the hand-over of messages to Kafka; yields the ``traceparent`` for each of them."""


class Tracer(Protocol):
    """Creates traces, and sends them in the background."""

    def current_context(self) -> object:
        """Return the present trace context, of a request for example, for ``edit``."""

    def edit(
        self, *, document_id: str, origins: Iterable[object], request_ids: set[str], started: float
    ) -> AbstractContextManager[Trace]:
        """Trace a batch while the block runs. It belongs to the first of its origins."""

    def processed(
        self, batches: Iterable[tuple[bytes, str]], started: float, *, group: str, topic: str
    ) -> None:
        """Add the work of a worker to the traces of its messages.

        ``batches`` are their ``traceparent`` and document; an invalid one is skipped.
        """

    def stop(self) -> None:
        """Send the remaining spans; gives up after a short time."""


class TraceGroup:
    """The traces of several batches with common steps."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._traces = traces

    def step(self, name: str, started: float, ended: float) -> None:
        """Add the step to each trace."""
        for trace in self._traces:
            trace.step(name, started, ended)


class StepRecorder(Protocol):
    """Records steps: a ``Trace`` or a ``TraceGroup``."""

    def step(self, name: str, started: float, ended: float) -> None:
        """Add a step that has ended."""


tracer: Tracer | None = None


def start(endpoint: str | None, *, server_id: str) -> None:
    """Start to trace to an endpoint of OTLP over HTTP; without one nothing is traced."""
    global tracer  # noqa: PLW0603 - one tracer for a process
    if endpoint and tracer is None:
        from apps.core.otlp import OtlpTracer

        tracer = OtlpTracer(endpoint, server_id=server_id)


def stop() -> None:
    """Send the remaining spans, if there is a tracer."""
    if tracer is not None:
        tracer.stop()
