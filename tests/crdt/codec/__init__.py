"""Tests of ``apps.crdt.codec``."""
