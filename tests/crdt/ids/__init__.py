"""Tests of ``apps.crdt.ids``."""
