"""Stored data checked against the log, and repaired from it."""
