"""Measurements of Scriptorium, and of other servers on the same machine."""
