"""The counters and gauges that ``/metrics`` shows, all in one list (Prometheus)."""

from prometheus_client import Counter, Gauge, Histogram

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
COMMIT_FAILED = Counter("scriptorium_commit_failed_total", "Commits that the store refused.")
CLOSED = Counter("scriptorium_closed_total", "Sockets closed by the server.", ["code"])
GAPS_REPAIRED = Counter(
    "scriptorium_gaps_repaired_total", "Broadcasts that were lost and read from the log."
)
BROADCAST_FAILED = Counter(
    "scriptorium_broadcast_failed_total", "Messages that the channel layer did not take."
)
KAFKA_DELIVERED = Counter("scriptorium_kafka_delivered_total", "Messages confirmed by Kafka.")
KAFKA_FAILED = Counter("scriptorium_kafka_failed_total", "Messages that Kafka did not take.")
KAFKA_NOT_HANDED_OVER = Counter(
    "scriptorium_kafka_not_handed_over_total", "Batches left to the relay: producer queue full."
)
KAFKA_LAG = Gauge(
    "scriptorium_kafka_lag", "Messages of this worker's partitions that it has not read yet."
)
DEAD_LETTERS = Counter(
    "scriptorium_dead_letters_total", "Messages of the topic that no worker can read."
)
SET_ASIDE = Counter("scriptorium_set_aside_total", "Operations put into quarantine.", ["reason"])
LOG_SHORTENED = Counter(
    "scriptorium_log_shortened_total", "Documents loaded whose log lacks what a worker has seen."
)
ACTIVITY_LOST = Counter(
    "scriptorium_activity_lost_total", "Deeds that the trail of a document did not take.", ["kind"]
)
LOOP_ERRORS = Counter(
    "scriptorium_loop_errors_total", "Unexpected errors at a loop's edge.", ["loop"]
)
