"""Formats that other programs read and write: each runs in a process of its own, with limits."""
