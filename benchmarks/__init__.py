"""Measurements: the load generator's way into a running Scriptorium."""
