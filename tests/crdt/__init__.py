"""Tests of ``apps.crdt``."""
