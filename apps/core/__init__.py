"""Used by all apps: errors, clock, ids, events, health, metrics, tracing, REST plumbing."""
