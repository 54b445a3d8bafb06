"""The counters and gauges that ``/metrics`` shows, all in one list (Prometheus)."""

import time

from prometheus_client import Counter, Gauge, Histogram

from apps.core.tracing import StepRecorder

SERVER = Gauge("scriptorium_server", "1; the label is this process's name.", ["server_id"])
SESSIONS = Gauge("scriptorium_sessions", "Open document sockets of this process.")
ROOMS = Gauge("scriptorium_rooms", "Documents held in memory by this process.")
OPERATIONS = Counter("scriptorium_operations_total", "Operations written to the log.")
DUPLICATES = Counter("scriptorium_duplicates_total", "Operations that were in the log already.")
REJECTED = Counter("scriptorium_rejected_total", "Operations refused.", ["code"])
COMMIT_SECONDS = Histogram(
    "scriptorium_commit_seconds",
    "Time of one commit: lock, log, documents entity, hand-over to Kafka.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
COMMIT_OPERATIONS = Histogram(
    "scriptorium_commit_operations",
    "Operations in one commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
COMMIT_INTERVAL = Gauge(
    "scriptorium_commit_interval_seconds",
    "Shortest time between the beginnings of two commits; grows with the rate of edits.",
)
#: From a tenth of a millisecond, which merging takes, to the longest wait for a lock.
_STEP_BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
STEP_SECONDS = Histogram(
    "scriptorium_step_seconds",
    "Time of each step on the way of a batch of edits; edit is all of it, for the oldest of them.",
    ["step"],
    buckets=_STEP_BUCKETS,
)


class Step:
    """A step of an edit. Its label is looked up once, as that is too slow for each edit."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.observe = STEP_SECONDS.labels(step=name).observe


#: The steps in order: read the frame up to its first ack · wait for the batch · merge it · the
#: commit (lock, store the rows and heads, hand over to Kafka) for all waiting rooms · acknowledge ·
#: broadcast.
STEP_RECEIPT = Step("receipt")
STEP_QUEUE = Step("queue")
STEP_MERGE = Step("merge")
STEP_COMMIT = Step("commit")
STEP_LOCK = Step("lock")
STEP_STORE = Step("store")
STEP_KAFKA = Step("kafka")
STEP_ACK = Step("ack")
STEP_BROADCAST = Step("broadcast")
STEP_EDIT = Step("edit")
QUEUED = Gauge("scriptorium_queued_bytes", "Updates that wait for the log, in all rooms.")
PENDING = Gauge("scriptorium_pending_edits", "Edits that wait for what they build on.")
OUTBOX = Gauge("scriptorium_outbox_bytes", "Frames that wait for clients to read them.")
LOCK_WAITS = Counter(
    "scriptorium_lock_waits_total", "Times that another server held a document's lock."
)
LOCK_HANDOVERS = Counter(
    "scriptorium_lock_handovers_total", "Locks given up because another server asked."
)
COMMIT_FAILED = Counter("scriptorium_commit_failed_total", "Commits that the store refused.")
CLOSED = Counter("scriptorium_closed_total", "Sockets closed by the server.", ["code"])
GAPS_REPAIRED = Counter(
    "scriptorium_gaps_repaired_total", "Broadcasts that were lost and read from the log."
)
BROADCAST_FAILED = Counter(
    "scriptorium_broadcast_failed_total", "Messages that the channel layer did not accept."
)
KAFKA_DELIVERED = Counter("scriptorium_kafka_delivered_total", "Messages confirmed by Kafka.")
KAFKA_FAILED = Counter("scriptorium_kafka_failed_total", "Messages that Kafka did not accept.")
KAFKA_NOT_HANDED_OVER = Counter(
    "scriptorium_kafka_not_handed_over_total", "Batches left to the relay: producer queue full."
)
KAFKA_LAG = Gauge(
    "scriptorium_kafka_lag", "Messages of this worker's partitions that it has not read yet."
)
DEAD_LETTERS = Counter(
    "scriptorium_dead_letters_total", "Unreadable messages of the topic, published as dead letters."
)
CONSUMER_STOPPED = Gauge(
    "scriptorium_consumer_stopped", "1 while the worker stops at unreadable messages, else 0."
)
SNAPSHOTS = Counter("scriptorium_snapshots_total", "Snapshots that this worker has made.")
SNAPSHOT_AGE = Gauge(
    "scriptorium_snapshot_age_seconds",
    "How long the oldest operation of a worker's documents has waited for its snapshot.",
)
QUARANTINED = Counter("scriptorium_set_aside_total", "Operations put into quarantine.", ["reason"])
REHEARSALS = Counter(
    "scriptorium_rehearsals_total", "Edits that a child process tried first.", ["result"]
)
LOG_SHORTENED = Counter(
    "scriptorium_log_shortened_total", "Documents loaded whose log lacks what a worker has seen."
)
ACTIVITY_LOST = Counter(
    "scriptorium_activity_lost_total",
    "Events that the trail of a document did not store.",
    ["kind"],
)
ATTACHMENTS = Counter("scriptorium_attachments_total", "Files that were attached to documents.")
ATTACHMENT_BYTES = Counter("scriptorium_attachment_bytes_total", "Bytes of attached files.")
ATTACHMENTS_REFUSED = Counter(
    "scriptorium_attachments_refused_total", "Uploads that were refused.", ["code"]
)
ATTACHMENTS_FREED = Counter(
    "scriptorium_attachments_freed_total", "Files deleted because no document has them."
)
PICTURE_SECONDS = Histogram(
    "scriptorium_picture_seconds",
    "Time of cleaning one picture, with the wait for a process.",
    buckets=(0.03, 0.1, 0.3, 1, 3, 10, 30),
)
LOOP_ERRORS = Counter(
    "scriptorium_loop_errors_total", "Unexpected errors at a loop's edge.", ["loop"]
)


class StepTimer:
    """Measures consecutive steps, for the metrics and for a trace, if there is one."""

    __slots__ = ("_at", "_trace")

    def __init__(self, trace: StepRecorder | None = None) -> None:
        self._trace = trace
        self._at = time.perf_counter()

    def lap(self, step: Step) -> float:
        """Record the time since the last lap as the time of a step; return it in seconds."""
        now = time.perf_counter()
        began, self._at = self._at, now
        step.observe(now - began)
        if self._trace is not None:
            self._trace.step(step.name, began, now)
        return now - began
