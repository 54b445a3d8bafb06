"""The log: *crdt_operations* (MongoDB), appended under a lock and published to Kafka."""
