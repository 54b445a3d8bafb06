"""Traces of edits, where somebody wants them: each batch from its receipt to the workers.

Off unless ``OTEL_EXPORTER_OTLP_ENDPOINT`` says where they go: then ``tracer`` is None, nothing of
OpenTelemetry's traces is imported, and a batch of edits costs a few looks at that. Otherwise it is
that of ``apps.core.otlp``.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

#: A W3C ``traceparent``: what a message says of the trace that it belongs to.
HEADER = "traceparent"


class Trace(Protocol):
    """The trace of one batch of edits of one document. Any thread may add to it."""

    def step(self, name: str, started: float, ended: float) -> None:
        """Add a step that has ended; both are moments of the performance counter, in seconds."""

    def logged(self, unique_ids: Sequence[str], seq: int) -> None:
        """Say which operations the batch has become, and at which seq the first of them is."""

    def publishing(self, messages: int) -> AbstractContextManager[bytes]:
        """Add the hand-over of messages to Kafka; yields the ``traceparent`` for each of them."""


class Tracer(Protocol):
    """Makes traces, and sends them off beside the way of an edit."""

    def here(self) -> object:
        """Return what is traced just now, a request perhaps, for ``edit``."""

    def edit(
        self, *, document_id: str, origins: Iterable[object], request_ids: set[str], started: float
    ) -> AbstractContextManager[Trace]:
        """Trace a batch while the block runs. It belongs to the first of its origins."""

    def processed(
        self, batches: Iterable[tuple[bytes, str]], started: float, *, group: str, topic: str
    ) -> None:
        """Add what a worker has just done to the traces of its messages.

        ``batches`` are their ``traceparent`` and document; what is none is passed over.
        """

    def stop(self) -> None:
        """Send off what is left, as far as that takes no time."""


class TraceGroup:
    """Traces of several batches that take a step together."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._traces = traces

    def step(self, name: str, started: float, ended: float) -> None:
        """Add the step to each of them."""
        for trace in self._traces:
            trace.step(name, started, ended)


class Steps(Protocol):
    """What takes note of steps: a ``Trace``, or several ``TraceGroup``."""

    def step(self, name: str, started: float, ended: float) -> None:
        """Add a step that has ended."""


tracer: Tracer | None = None


def start(endpoint: str | None, *, server_id: str) -> None:
    """Begin to trace, to an address that takes OTLP over HTTP; without one nothing is traced."""
    global tracer  # noqa: PLW0603 - one tracer for a process
    if endpoint and tracer is None:
        from apps.core.otlp import OtlpTracer

        tracer = OtlpTracer(endpoint, server_id=server_id)


def stop() -> None:
    """Send off what is left, where anything is traced."""
    if tracer is not None:
        tracer.stop()
