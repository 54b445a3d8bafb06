"""Tests of ``apps.crdt.edits``."""
