"""Operators' work: archives, integrity, compaction, retention, quarantine, commands."""
