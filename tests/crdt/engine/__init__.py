"""Tests of ``apps.crdt.engine``."""
