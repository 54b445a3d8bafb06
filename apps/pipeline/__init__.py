"""Kafka consumer, snapshots, recovery and relay, inside the Celery worker."""
