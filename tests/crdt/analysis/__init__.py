"""Tests of ``apps.crdt.analysis``."""
