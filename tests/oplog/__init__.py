"""Tests of ``apps.oplog``."""
